// SPDX-License-Identifier: BSL-1.0
// machine.cpp - the cold end of fire().
#include <rondo/machine.hpp>

#include <string>

namespace rondo {

static std::string_view name_at(std::string_view names, std::size_t number) {
  for (; number > 0 && !names.empty(); --number) names.remove_prefix(names.find('\0') + 1);
  return names.empty() ? "?" : names.substr(0, names.find('\0'));
}

void forbidden(std::string_view machine, std::string_view states, std::size_t state, std::string_view events,
               std::size_t event) {
  std::string text = "bug in rondo: the ";
  text.append(machine).append(" machine has no arrow for '").append(name_at(events, event));
  text.append("' in state '").append(name_at(states, state)).append("'");
  throw MachineError(text);
}

}  // namespace rondo
