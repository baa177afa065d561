// SPDX-License-Identifier: BSL-1.0
// machine_test.cpp - state machines as tables: what fire() does, and what it refuses.
#include <rondo/machine.hpp>
#include <rondo/machines/future.hpp>
#include <rondo/machines/generator.hpp>
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
  Probe<machines::timeout::diagram> probe;
  fire<machines::timeout::Event::enter>(probe);
  CHECK(probe.state == machines::timeout::State::active);
  CHECK(probe.state_at_effect == machines::timeout::State::active);
  REQUIRE(probe.effects.size() == 1);
  CHECK(probe.effects[0] == machines::timeout::Do::arm);
}

TEST_CASE("an event with several arrows takes that of the current state") {
  Probe<machines::timeout::diagram> probe;
  probe.state = machines::timeout::State::expiring;
  fire<machines::timeout::Event::leave>(probe);
  CHECK(probe.state == machines::timeout::State::expired);
  CHECK(probe.effects.at(0) == machines::timeout::Do::nothing);
}

TEST_CASE("a machine without effects moves, and asks its object for nothing") {
  struct Bare {
    machines::generator::State state{};
    auto& state_in(const decltype(machines::generator::diagram)&) { return state; }
  } bare;
  fire<machines::generator::Event::next>(bare);
  CHECK(bare.state == machines::generator::State::running);
  fire<machines::generator::Event::yield>(bare);
  CHECK(bare.state == machines::generator::State::suspended);
}

TEST_CASE("a forbidden pair throws MachineError with machine, state and event, and changes nothing") {
  Probe<machines::timeout::diagram> single;
  single.state = machines::timeout::State::expired;
  CHECK_THROWS_AS((fire<machines::timeout::Event::expire>(single)), MachineError);
  CHECK_THROWS_WITH((fire<machines::timeout::Event::expire>(single)),
                    "bug in rondo: the timeout machine has no arrow for 'expire' in state 'expired'");
  CHECK_THROWS_WITH((fire<machines::timeout::Event::leave>(single)),
                    "bug in rondo: the timeout machine has no arrow for 'leave' in state 'expired'");
  CHECK(single.state == machines::timeout::State::expired);
  CHECK(single.effects.empty());
  Probe<machines::handle::diagram> callback;
  CHECK_THROWS_WITH((fire<machines::handle::Event::run>(callback)),
                    "bug in rondo: the handle machine has no arrow for 'run' in state 'created'");
  Probe<machines::future::diagram> done;
  done.state = machines::future::State::returned;
  CHECK_THROWS_WITH((fire<machines::future::Event::set_result>(done)),
                    "bug in rondo: the future machine has no arrow for 'set_result' in state 'returned'");
}

TEST_CASE("a diagram can be read: its name, its arrows, and the index of a pair") {
  constexpr const auto& diagram = machines::group::diagram;
  CHECK(diagram.name() == "group");
  CHECK(diagram.arrows().size() == 9);
  CHECK(diagram.index(machines::group::State::created, machines::group::Event::enter) == 0);
  CHECK(diagram.index(machines::group::State::finished, machines::group::Event::enter) == diagram.none);
  CHECK(diagram.first(machines::group::Event::leave).from == machines::group::State::open);
  CHECK(diagram.from_anywhere(machines::group::Event::enter) == 1);
  CHECK(diagram.from_anywhere(machines::group::Event::leave) == 0);
}

TEST_CASE("the names of enumerators are those of the source") {
  constexpr auto names = enumerator_names<machines::group::State, machines::group::diagram.states>();
  CHECK(names[0] == "created");
  CHECK(names[4] == "ending");
  CHECK(enumerator_name<machines::group::Event::abort>() == "abort");
}
