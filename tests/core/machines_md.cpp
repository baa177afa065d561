// SPDX-License-Identifier: BSL-1.0
// machines_md.cpp - prints core/MACHINES.md: a diagram of every machine, from the arrows that the library runs on.
#include <algorithm>
#include <iostream>

#include "machines.hpp"

namespace {

template <const auto& machine>
void print_machine(std::string_view floor) {
  using Type = std::remove_cvref_t<decltype(machine)>;
  constexpr auto arrows = arrow_names<machine>();
  std::cout << "\n## " << machine.name() << "\n\n"
            << Type::states << " states, " << Type::events << " events, " << Type::size << " arrows: "
            << "[machines/" << machine.name() << ".hpp](" << floor << "/include/rondo/machines/" << machine.name()
            << ".hpp)\n\n"
            << "```mermaid\nstateDiagram-v2\n"
            << "    [*] --> " << arrows[0].from << '\n';
  for (const ArrowNames& arrow : arrows) {
    std::cout << "    " << arrow.from << " --> " << arrow.to << " : " << arrow.on;
    if constexpr (!std::is_same_v<typename Type::Do, rondo::NoEffect>) std::cout << " / " << arrow.act;
    std::cout << '\n';
  }
  for (const std::string_view state : rondo::enumerator_names<typename Type::State, Type::states>()) {
    const bool leads_on =
        std::any_of(arrows.begin(), arrows.end(), [&](const ArrowNames& a) { return a.from == state && a.to != state; });
    if (!leads_on) std::cout << "    " << state << " --> [*]\n";
  }
  std::cout << "```\n";
}

}  // namespace

int main() {
  std::cout << "# The machines of core\n\n"
               "Printed from the arrows in `core/*/include/rondo/machines/`; a test compares. After a change of an arrow:\n"
               "`ninja -C build machines-md`.\n\n"
               "An arrow is labelled `event / effect`, or `event` where whoever fires does the rest. A pair of state and event without an arrow is forbidden: a bug in\n"
               "the library, which says so. A state from which no arrow leads to another one is drawn as an end.\n";
  for_each_machine([]<const auto& machine>(std::string_view floor) { print_machine<machine>(floor); });
}
