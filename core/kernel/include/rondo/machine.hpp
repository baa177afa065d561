// SPDX-License-Identifier: BSL-1.0
// machine.hpp - state machines as lists of arrows, checked when compiled.
//
// A machine is an array of arrows {from, on, to, do}. The array is the code, the diagram (core/MACHINES.md is printed
// from it) and the test plan (a test run counts the arrows it takes). fire() is the only way a state changes:
//
//     fire<machines::task::Event::wake>(task);
//
// stores the new state and then calls task.perform(Do::enqueue). Guards are not in the table: the caller classifies
// first (how did the coroutine end?) and fires the event that says so (`finish_value` or `finish_error`).
// A pair that is not listed is a bug in the library; it is reported as MachineError with state, event and machine.
//
// A diagram is `inline constexpr Machine diagram = Machine(...)`: without the `=` g++ 12 puts it into writable memory.
//
// An event with a single arrow, or whose arrows all do the same, costs a compare and a store. So does the first arrow
// of another event, which should be its usual one; the others cost a call and a load from a table.
#pragma once

#include <rondo/kernel/language.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>
#include <type_traits>
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

/// The same, one after the other, each with a zero at its end: pointers to them would be as large as the names.
template <class Enum, std::size_t count>
consteval auto joined_names() {
  constexpr auto names = enumerator_names<Enum, count>();
  constexpr std::size_t size = [&] {
    std::size_t sum = 0;
    for (const auto name : names) sum += name.size() + 1;
    return sum;
  }();
  std::array<char, size> text{};
  std::size_t at = 0;
  for (const auto name : names) {
    for (const char c : name) text[at++] = c;
    ++at;
  }
  return text;
}

/// Of machines that only say what may follow what: whoever fires does the rest.
enum class NoEffect : std::uint8_t { none };

template <class State, class Event, class Do>
struct Arrow {
  State from;
  Event on;
  State to;
  Do act{};
};

/// The arrows of one machine and the table made from them. The first arrow leaves the initial state.
/// Two arrows for one (state, event), or a state that no path of arrows reaches, do not compile.
/// Arrows are read by index: g++ 12 with -fsanitize=null takes no reference to one of them in a constant.
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

  /// The states that have an arrow for this event, as a mask, if all those arrows lead to one state with one effect;
  /// else 0.
  constexpr std::uint64_t from_anywhere(Event event) const {
    std::uint64_t mask = 0;
    const ArrowType leader = first(event);
    for (std::size_t i = 0; i < count; ++i) {
      if (arrows_[i].on != event) continue;
      if (arrows_[i].to != leader.to || arrows_[i].act != leader.act) return 0;
      mask |= std::uint64_t{1} << at(arrows_[i].from);
    }
    return mask;
  }
  /// There must be an arrow for this event.
  constexpr ArrowType first(Event event) const {
    std::size_t i = 0;
    while (arrows_[i].on != event) ++i;
    return arrows_[i];
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
/// `states` and `events`: their names, joined.
[[noreturn]] void forbidden(std::string_view machine, std::string_view states, std::size_t state, std::string_view events,
                            std::size_t event);

#ifdef RONDO_COUNT_ARROWS
/// How often each arrow was taken in this process; exists only in the build that measures arrow coverage.
template <const auto& machine>
inline std::array<std::uint64_t, std::remove_cvref_t<decltype(machine)>::size> arrow_counts{};
#endif

template <class Enum, std::size_t count>
inline constexpr auto names_of = joined_names<Enum, count>();

/// One for each machine: one for each event would be as much code as the events' effects. Named by its events, since
/// compilers do not agree on the name of what has a reference as a parameter; those of the library are compiled there
/// alone (`extern template`).
template <class Event>
struct NoArrow {
  [[noreturn]] static void found(std::size_t state, std::size_t event);
};

template <class Event>
[[gnu::cold]] [[gnu::noinline]] void NoArrow<Event>::found(std::size_t state, std::size_t event) {
  constexpr const auto& machine = machine_of(Event{});
  using Type = std::remove_cvref_t<decltype(machine)>;
  constexpr const auto& states = names_of<typename Type::State, Type::states>;
  constexpr const auto& events = names_of<typename Type::Event, Type::events>;
  forbidden(machine.name(), {states.data(), states.size()}, state, {events.data(), events.size()}, event);
}

/// A class with machines befriends this, so that fire() alone can change its state and cause its effects.
class Firing {
  template <auto event, class Object, class... Arguments>
  friend void fire(Object& object, Arguments&&... arguments);

  template <const auto& machine, class Object>
  static auto& state_of(Object& object) {
    return object.state_in(machine);
  }
  template <class Object, class Do, class... Arguments>
  static void perform([[maybe_unused]] Object& object, [[maybe_unused]] Do effect, Arguments&&... arguments) {
    if constexpr (!std::is_same_v<Do, NoEffect>) object.perform(effect, std::forward<Arguments>(arguments)...);
  }
  /// An arrow that is not the first one of its event.
  template <auto event, class Object, class... Arguments>
  [[gnu::noinline]] static void look_up(Object& object, Arguments&&... arguments) {
    constexpr const auto& machine = machine_of(event);
    auto& state = state_of<machine>(object);
    const std::uint8_t index = machine.index(state, event);
    if (index == machine.none) [[unlikely]] {
      NoArrow<decltype(event)>::found(static_cast<std::size_t>(state), static_cast<std::size_t>(event));
    }
#ifdef RONDO_COUNT_ARROWS
    ++arrow_counts<machine>[index];
#endif
    const auto& arrow = machine.arrows()[index];
    state = arrow.to;
    perform(object, arrow.act, std::forward<Arguments>(arguments)...);
  }
};

/// Whether bit `at` of the mask is set; the cheapest way for each mask.
template <std::uint64_t mask>
constexpr bool is_in(std::size_t at) {
  if constexpr (std::has_single_bit(mask)) {
    return at == static_cast<std::size_t>(std::countr_zero(mask));
  } else if constexpr (std::has_single_bit(mask + 1)) {
    return at < static_cast<std::size_t>(std::countr_one(mask));
  } else {
    return ((mask >> at) & 1) != 0;
  }
}

/// Moves `object` along the arrow for (its state, event): stores the state, then performs the effect.
/// `machine_of(event)`, which stands beside the diagram, says whose event it is; `object.state_in(machine)` is the
/// state, and `object.perform(Do, arguments...)` holds the effects.
template <auto event, class Object, class... Arguments>
inline void fire(Object& object, Arguments&&... arguments) {
  constexpr const auto& machine = machine_of(event);
  auto& state = Firing::state_of<machine>(object);
  constexpr auto first = machine.first(event);
  constexpr std::uint64_t mask = machine.from_anywhere(event);
  if constexpr (mask != 0) {
    const auto from = static_cast<std::size_t>(state);
    if (!is_in<mask>(from)) [[unlikely]] NoArrow<decltype(event)>::found(from, static_cast<std::size_t>(event));
  } else {
    if (state != first.from) [[unlikely]] return Firing::look_up<event>(object, std::forward<Arguments>(arguments)...);
  }
#ifdef RONDO_COUNT_ARROWS
  ++arrow_counts<machine>[machine.index(state, event)];
#endif
  state = first.to;
  Firing::perform(object, first.act, std::forward<Arguments>(arguments)...);
}

}  // namespace rondo
