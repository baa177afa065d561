// SPDX-License-Identifier: BSL-1.0
// test_backend.hpp - the backend that a program of tests runs on, when it runs once for each.
#pragma once

#include <memory>
#include <string>

#include <rondo/backend.hpp>
#include <rondo/backends/seam.hpp>

/// RONDO_TEST_BACKEND; epoll without it.
const char* test_backend_name();

/// Why the kernel does not let the tests use it, as it may do with io_uring; empty if it does.
const std::string& test_backend_refusal();

/// The one that RONDO_TEST_BACKEND names; epoll without it.
std::unique_ptr<rondo::Backend> make_test_backend(rondo::Seam* seam = nullptr);
