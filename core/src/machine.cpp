// SPDX-License-Identifier: BSL-1.0
// machine.cpp - the cold end of fire().
#include <rondo/machine.hpp>

#include <string>

namespace rondo {

void forbidden(std::string_view machine, std::string_view state, std::string_view event) {
  std::string text = "bug in rondo: the ";
  text.append(machine).append(" machine has no arrow for '").append(event).append("' in state '");
  text.append(state).append("'");
  throw MachineError(text);
}

}  // namespace rondo
