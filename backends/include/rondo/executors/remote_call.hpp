// SPDX-License-Identifier: BSL-1.0
// remote_call.hpp - a call of a registered function that is not made yet.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace rondo {

/// Made by remote_call<&f>(arguments...). It has constructors, since GCC 12 takes an aggregate inside of an aggregate
/// for uninitialised.
struct RemoteCall {
  RemoteCall() {}
  RemoteCall(std::uint32_t of_function, std::string_view its_name, std::string archived)
      : number(of_function), name(its_name), arguments(std::move(archived)) {}

  std::uint32_t number = 0;  // of the function, in the FunctionRegistry
  std::string_view name;     // of the function; empty: no call
  std::string arguments;
};

}  // namespace rondo
