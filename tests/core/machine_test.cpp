// SPDX-License-Identifier: BSL-1.0
// machine_test.cpp - state machines as tables: what fire() does, and what it refuses.
#include <rondo/machine.hpp>
#include <rondo/machines/future.hpp>
#include <rondo/machines/group.hpp>
#include <rondo/machines/handle.hpp>
#include <rondo/machines/timeout.hpp>

#include <string>
#include <vector>

#include "catch.hpp"

using namespace rondo;

namespace {

/// An object that holds a state of `machine` and remembers its effects.
template <const auto& machine>
struct Probe {
  using Type = std::remove_cvref_t<decltype(machine)>;
  typename Type::State state{};
  std::vector<typename Type::Do> effects;
  typename Type::State state_at_effect{};
  auto& state_in(const Type&) { return state; }
  void perform(typename Type::Do effect) {
    effects.push_back(effect);
    state_at_effect = state;
  }
};

}  // namespace

TEST_CASE("fire stores the new state, then performs the effect") {
  Probe<timeout_machine::diagram> probe;
  fire<timeout_machine::diagram, timeout_machine::Event::enter>(probe);
  CHECK(probe.state == timeout_machine::State::active);
  CHECK(probe.state_at_effect == timeout_machine::State::active);
  REQUIRE(probe.effects.size() == 1);
  CHECK(probe.effects[0] == timeout_machine::Do::arm);
}

TEST_CASE("an event with several arrows takes that of the current state") {
  Probe<timeout_machine::diagram> probe;
  probe.state = timeout_machine::State::expiring;
  fire<timeout_machine::diagram, timeout_machine::Event::leave>(probe);
  CHECK(probe.state == timeout_machine::State::expired);
  CHECK(probe.effects.at(0) == timeout_machine::Do::withdraw);
}

TEST_CASE("a forbidden pair throws MachineError with machine, state and event, and changes nothing") {
  Probe<timeout_machine::diagram> single;
  single.state = timeout_machine::State::expired;
  CHECK_THROWS_AS((fire<timeout_machine::diagram, timeout_machine::Event::expire>(single)), MachineError);
  CHECK_THROWS_WITH((fire<timeout_machine::diagram, timeout_machine::Event::expire>(single)),
                    "bug in rondo: the timeout machine has no arrow for 'expire' in state 'expired'");
  CHECK_THROWS_WITH((fire<timeout_machine::diagram, timeout_machine::Event::leave>(single)),
                    "bug in rondo: the timeout machine has no arrow for 'leave' in state 'expired'");
  CHECK(single.state == timeout_machine::State::expired);
  CHECK(single.effects.empty());
  Probe<handle::diagram> callback;
  CHECK_THROWS_WITH((fire<handle::diagram, handle::Event::run>(callback)),
                    "bug in rondo: the handle machine has no arrow for 'run' in state 'created'");
  Probe<future::diagram> done;
  done.state = future::State::returned;
  CHECK_THROWS_WITH((fire<future::diagram, future::Event::set_result>(done)),
                    "bug in rondo: the future machine has no arrow for 'set_result' in state 'returned'");
}

TEST_CASE("a diagram can be read: its name, its arrows, and the index of a pair") {
  constexpr const auto& diagram = group::diagram;
  CHECK(diagram.name() == "group");
  CHECK(diagram.arrows().size() == 7);
  CHECK(diagram.index(group::State::created, group::Event::enter) == 0);
  CHECK(diagram.index(group::State::finished, group::Event::enter) == diagram.none);
  CHECK(diagram.only(group::Event::enter) == 0);
  CHECK(diagram.only(group::Event::leave) == diagram.none);
}

TEST_CASE("the names of enumerators are those of the source") {
  constexpr auto names = enumerator_names<group::State, group::diagram.states>();
  CHECK(names[0] == "created");
  CHECK(names[4] == "ending");
  CHECK(enumerator_name<group::Event::abort>() == "abort");
}
