// SPDX-License-Identifier: BSL-1.0
// machine.cpp - the cold end of fire().
#include <rondo/machine.hpp>

#include <string>

namespace rondo {

void forbidden(std::string_view machine, std::string_view states, std::size_t state, std::string_view event) {
  for (; state > 0 && !states.empty(); --state) states.remove_prefix(states.find('\0') + 1);
  const std::string_view name = states.empty() ? "?" : states.substr(0, states.find('\0'));
  std::string text = "bug in rondo: the ";
  text.append(machine).append(" machine has no arrow for '").append(event).append("' in state '");
  text.append(name).append("'");
  throw MachineError(text);
}

}  // namespace rondo
