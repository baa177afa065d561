// SPDX-License-Identifier: BSL-1.0
// io_uring_network_test.cpp - the sockets of the io_uring backend pass what those of every backend pass.
#include <rondo/backends/io_uring.hpp>

#include "io_uring_refusal.hpp"

#define BACKEND_NAME "io_uring"
using RealBackend = rondo::UringBackend;
using RealOptions = rondo::UringOptions;
#define CONFORMANCE(sentence) URING_TEST(sentence)
#include "process_world.hpp"
#include "conformance_network.hpp"
#include "process_network.hpp"
#include "process_bytes.hpp"
#include "process_deadlines.hpp"
#include "process_reuse.hpp"
#include "process_paths.hpp"
#include "faults.hpp"
