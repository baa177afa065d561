// SPDX-License-Identifier: BSL-1.0
// language.hpp - what a compiler must be told before it can read any header of rondo. It comes first in every header
// that includes no other of rondo's, and ends the compilation where it complains: hundreds of errors would hide the one
// that says why.
#pragma once

#if __cplusplus < 202002L
#error "rondo needs C++20: compile with -std=c++20 or a later standard"
#include <rondo-cannot-be-compiled-as-it-is>  // there is no such header: it is what makes a compiler stop
#elif !defined(__cpp_exceptions)
#error "rondo needs exceptions: compile without -fno-exceptions"
#include <rondo-cannot-be-compiled-as-it-is>
#endif
