// SPDX-License-Identifier: BSL-1.0
// language.hpp - what a compiler must be told before it can read any header of rondo.
#pragma once

#if __cplusplus < 202002L
#error "rondo needs C++20: compile with -std=c++20 or a later standard"
#elif !defined(__cpp_exceptions)
#error "rondo needs exceptions: compile without -fno-exceptions"
#endif
