// SPDX-License-Identifier: BSL-1.0
// io_uring_test.cpp - what only the io_uring backend has.
#include <rondo/backends/io_uring.hpp>

#include "io_uring_refusal.hpp"
#include "support.hpp"
