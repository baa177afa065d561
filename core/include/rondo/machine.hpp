// SPDX-License-Identifier: BSL-1.0
// machine.hpp - state machines as lists of arrows, checked when compiled.
//
// A machine is an array of arrows {from, on, to, do}. The array is the code, the diagram (core/MACHINES.md is printed
// from it) and the test plan (a test run counts the arrows it takes). fire() is the only way a state changes:
//
//     fire<task::diagram, task::Event::wake>(task);
//
// stores the new state and then calls task.perform(Do::enqueue). Guards are not in the table: the caller classifies
// first (is a cancellation pending?) and fires the event that says so (`finish` or `finish_cancelling`).
// A pair that is not listed is a bug in the library; it is reported as MachineError with state, event and machine.
//
// An event with a single arrow costs a compare and a store; one with several costs a load from a table.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace rondo {

/// A state machine was asked for a move that is not in its diagram: a defect of the library, never of its user.
class MachineError : public std::logic_error {
  using std::logic_error::logic_error;
};

/// The name of an enumerator, as the compiler spells it.
template <auto value>
consteval std::string_view enumerator_name() {
  std::string_view text = __PRETTY_FUNCTION__;
  const auto from = text.find("value = ") + 8;
  text = text.substr(from, text.find_first_of(";]", from) - from);
  const auto colon = text.rfind(':');
  return colon == std::string_view::npos ? text : text.substr(colon + 1);
}

/// The names of the enumerators 0 .. count - 1.
template <class Enum, std::size_t count>
consteval auto enumerator_names() {
  return []<std::size_t... i>(std::index_sequence<i...>) {
    return std::array<std::string_view, count>{enumerator_name<static_cast<Enum>(i)>()...};
  }(std::make_index_sequence<count>());
}

template <class State, class Event, class Do>
struct Arrow {
  State from;
  Event on;
  State to;
  Do act;
};

/// The arrows of one machine and the table made from them. The first arrow leaves the initial state.
/// Two arrows for one (state, event), or a state that no path of arrows reaches, do not compile.
template <class StateType, class EventType, class DoType, std::size_t count>
class Machine {
 public:
  using State = StateType;
  using Event = EventType;
  using Do = DoType;
  using ArrowType = Arrow<State, Event, Do>;
  static constexpr auto states = static_cast<std::size_t>(State::last_state);
  static constexpr auto events = static_cast<std::size_t>(Event::last_event);
  static constexpr std::size_t size = count;
  static constexpr std::uint8_t none = 0xff;
  static_assert(count < none);

  consteval Machine(std::string_view name, const ArrowType (&list)[count]) : name_(name) {
    for (auto& row : table_) row.fill(none);
    for (std::size_t i = 0; i < count; ++i) {
      arrows_[i] = list[i];
      std::uint8_t& cell = table_[at(list[i].from)][at(list[i].on)];
      if (cell != none) throw "two arrows for one (state, event)";
      cell = static_cast<std::uint8_t>(i);
    }
    std::array<bool, states> reached{};
    reached[at(arrows_[0].from)] = true;
    for (std::size_t pass = 0; pass < states; ++pass) {
      for (const auto& arrow : arrows_) {
        if (reached[at(arrow.from)]) reached[at(arrow.to)] = true;
      }
    }
    for (const bool state : reached) {
      if (!state) throw "no path of arrows reaches one of the states";
    }
  }

  constexpr std::string_view name() const { return name_; }
  constexpr const std::array<ArrowType, count>& arrows() const { return arrows_; }
  constexpr std::uint8_t index(State state, Event event) const { return table_[at(state)][at(event)]; }

  /// The index of the only arrow for this event, or `none` if it has several.
  constexpr std::uint8_t only(Event event) const {
    std::uint8_t found = none;
    for (std::size_t i = 0; i < count; ++i) {
      if (arrows_[i].on != event) continue;
      if (found != none) return none;
      found = static_cast<std::uint8_t>(i);
    }
    return found;
  }

 private:
  template <class Enum>
  static constexpr std::size_t at(Enum value) {
    return static_cast<std::size_t>(value);
  }

  std::string_view name_;
  std::array<ArrowType, count> arrows_{};
  std::array<std::array<std::uint8_t, events>, states> table_{};
};

template <class State, class Event, class Do, std::size_t count>
Machine(std::string_view, const Arrow<State, Event, Do> (&)[count]) -> Machine<State, Event, Do, count>;

/// Throws MachineError. Out of line: this is the cold end of every fire().
[[noreturn]] void forbidden(std::string_view machine, std::string_view state, std::string_view event);

#ifdef RONDO_COUNT_ARROWS
/// How often each arrow was taken in this process; exists only in the build that measures arrow coverage.
template <const auto& machine>
inline std::array<std::uint64_t, std::remove_cvref_t<decltype(machine)>::size> arrow_counts{};
#endif

template <const auto& machine, auto event>
[[noreturn]] [[gnu::cold]] [[gnu::noinline]] void forbid(std::size_t state) {
  using Type = std::remove_cvref_t<decltype(machine)>;
  constexpr auto names = enumerator_names<typename Type::State, Type::states>();
  forbidden(machine.name(), state < names.size() ? names[state] : "?", enumerator_name<event>());
}

/// Moves `object` along the arrow for (its state, event): stores the state, then performs the effect.
/// `object.state_in(machine)` is the state; `object.perform(Do, arguments...)` holds the effects.
template <const auto& machine, auto event, class Object, class... Arguments>
inline void fire(Object& object, Arguments&&... arguments) {
  auto& state = object.state_in(machine);
  constexpr std::uint8_t only = machine.only(event);
  if constexpr (only != machine.none) {
    constexpr auto arrow = machine.arrows()[only];
    if (state != arrow.from) [[unlikely]] forbid<machine, event>(static_cast<std::size_t>(state));
#ifdef RONDO_COUNT_ARROWS
    ++arrow_counts<machine>[only];
#endif
    state = arrow.to;
    object.perform(arrow.act, std::forward<Arguments>(arguments)...);
  } else {
    const std::uint8_t index = machine.index(state, event);
    if (index == machine.none) [[unlikely]] forbid<machine, event>(static_cast<std::size_t>(state));
#ifdef RONDO_COUNT_ARROWS
    ++arrow_counts<machine>[index];
#endif
    const auto& arrow = machine.arrows()[index];
    state = arrow.to;
    object.perform(arrow.act, std::forward<Arguments>(arguments)...);
  }
}

}  // namespace rondo
