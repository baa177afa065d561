// SPDX-License-Identifier: BSL-1.0
// machines.hpp - every machine of the library, in reading order: for what is printed or checked for all of them.
#pragma once

#include <rondo/machines/barrier.hpp>
#include <rondo/machines/future.hpp>
#include <rondo/machines/generator.hpp>
#include <rondo/machines/group.hpp>
#include <rondo/machines/handle.hpp>
#include <rondo/machines/loop.hpp>
#include <rondo/machines/operation.hpp>
#include <rondo/machines/task.hpp>
#include <rondo/machines/timeout.hpp>

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls visit.template operator()<machine>() for each machine. A new one belongs here; check_machines.py insists.
template <class Visit>
void for_each_machine(Visit visit) {
  visit.template operator()<rondo::task::diagram>();
  visit.template operator()<rondo::future::diagram>();
  visit.template operator()<rondo::handle::diagram>();
  visit.template operator()<rondo::loop::diagram>();
  visit.template operator()<rondo::operation::diagram>();
  visit.template operator()<rondo::timeout_machine::diagram>();
  visit.template operator()<rondo::group::diagram>();
  visit.template operator()<rondo::generator::diagram>();
  visit.template operator()<rondo::barrier::diagram>();
}

struct ArrowNames {
  std::string_view from;
  std::string_view on;
  std::string_view to;
  std::string_view act;
};

/// The arrows of a machine in words, in the order in which they are written.
template <const auto& machine>
constexpr auto arrow_names() {
  using Type = std::remove_cvref_t<decltype(machine)>;
  return []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<ArrowNames, Type::size>{
        ArrowNames{rondo::enumerator_name<machine.arrows()[i].from>(), rondo::enumerator_name<machine.arrows()[i].on>(),
                   rondo::enumerator_name<machine.arrows()[i].to>(), rondo::enumerator_name<machine.arrows()[i].act>()}...};
  }(std::make_index_sequence<Type::size>());
}
