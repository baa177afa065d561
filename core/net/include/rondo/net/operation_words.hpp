// SPDX-License-Identifier: BSL-1.0
// operation_words.hpp - operations in words, for errors and dumps.
#pragma once

#include <string>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// What an operation waits for: "bytes from socket 7".
std::string describe(const Output& output);
/// The same for an Operation that a task awaits.
WaitWords operation_words(const Parking& parking);

}  // namespace rondo
