// SPDX-License-Identifier: BSL-1.0
// io_uring_host_test.cpp - the io_uring backend in a host that watches its descriptor.
#include <rondo/backends/io_uring.hpp>

#include "io_uring_refusal.hpp"

namespace {
struct World {
  rondo::UringBackend backend;
};
}  // namespace

#define CONFORMANCE(sentence) URING_TEST("in a host: " sentence)
#include "host.hpp"
