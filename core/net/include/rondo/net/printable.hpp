// SPDX-License-Identifier: BSL-1.0
// printable.hpp - names that came from outside, as errors and dumps may show them.
#pragma once

#include <string>
#include <string_view>

namespace rondo {

/// `text` whole: a byte that no terminal should get (below ' ', and 127) is written as "\x00", a backslash as "\\".
/// Bytes from 128 on, the letters of other languages, stay.
std::string printable(std::string_view text);

/// Throws std::invalid_argument "embedded null byte in <what> '...'" if there is one. The system's functions would take
/// what stands before it.
void refuse_null(std::string_view text, const char* what);

}  // namespace rondo
