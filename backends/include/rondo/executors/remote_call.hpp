// SPDX-License-Identifier: BSL-1.0
// remote_call.hpp - a call of a registered function that is not made yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rondo {

/// Made by remote_call<&f>(arguments...).
struct RemoteCall {
  std::uint32_t number = 0;  // of the function, in the FunctionRegistry
  std::string_view name;     // of the function; empty: no call
  std::string arguments;
};

}  // namespace rondo
