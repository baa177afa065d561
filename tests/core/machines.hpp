// SPDX-License-Identifier: BSL-1.0
// machines.hpp - every machine of the library, in reading order: for what is printed or checked for all of them.
#pragma once

#include <rondo/machines/driver.hpp>
#include <rondo/machines/ending.hpp>
#include <rondo/machines/frame.hpp>
#include <rondo/machines/future.hpp>
#include <rondo/machines/generator.hpp>
#include <rondo/machines/group.hpp>
#include <rondo/machines/handle.hpp>
#include <rondo/machines/listener.hpp>
#include <rondo/machines/loop.hpp>
#include <rondo/machines/operation.hpp>
#include <rondo/machines/reading.hpp>
#include <rondo/machines/task.hpp>
#include <rondo/machines/timeout.hpp>
#include <rondo/machines/writing.hpp>

#include <array>
#include <string_view>
#include <type_traits>
#include <utility>

/// Calls visit.template operator()<machine>(floor) for each machine, with the folder of core it stands in. A new one
/// belongs here; check_machines.py insists.
template <class Visit>
void for_each_machine(Visit visit) {
  visit.template operator()<rondo::machines::task::diagram>("kernel");
  visit.template operator()<rondo::machines::future::diagram>("kernel");
  visit.template operator()<rondo::machines::frame::diagram>("kernel");
  visit.template operator()<rondo::machines::handle::diagram>("kernel");
  visit.template operator()<rondo::machines::loop::diagram>("kernel");
  visit.template operator()<rondo::machines::operation::diagram>("kernel");
  visit.template operator()<rondo::machines::driver::diagram>("kernel");
  visit.template operator()<rondo::machines::timeout::diagram>("scope");
  visit.template operator()<rondo::machines::group::diagram>("scope");
  visit.template operator()<rondo::machines::generator::diagram>("coro");
  visit.template operator()<rondo::machines::ending::diagram>("coro");
  visit.template operator()<rondo::machines::reading::diagram>("net");
  visit.template operator()<rondo::machines::writing::diagram>("net");
  visit.template operator()<rondo::machines::listener::diagram>("net");
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
