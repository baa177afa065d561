// SPDX-License-Identifier: BSL-1.0
// epoll_network_test.cpp - the sockets of the epoll backend pass what those of every backend pass.
#include <rondo/backends/epoll.hpp>

#define BACKEND_NAME "epoll"
using RealBackend = rondo::EpollBackend;
using RealOptions = rondo::EpollOptions;
#define CONFORMANCE(sentence) TEST_CASE(BACKEND_NAME ": " sentence)
#include "process_world.hpp"
#include "conformance_network.hpp"
#include "process_network.hpp"
#include "process_bytes.hpp"
#include "process_deadlines.hpp"
#include "process_reuse.hpp"
#include "process_paths.hpp"
#include "faults.hpp"
