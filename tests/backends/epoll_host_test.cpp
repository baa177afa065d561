// SPDX-License-Identifier: BSL-1.0
// epoll_host_test.cpp - the epoll backend in a host that watches its descriptor.
#include <rondo/backends/epoll.hpp>

namespace {
struct World {
  rondo::EpollBackend backend;
};
}  // namespace

#define CONFORMANCE(sentence) TEST_CASE("epoll in a host: " sentence)
#include "host.hpp"
