// SPDX-License-Identifier: BSL-1.0
// 10_state_machine.cpp - a task without a coroutine: a Routine has states of its own and says what it waits for.
//
// Expected output:
//   red
//   red and yellow
//   green
//   off
//   the light was switched 3 times
#include <chrono>
#include <iostream>
#include <memory>

#include "run_example.hpp"

using namespace std::chrono_literals;

class TrafficLight final : public rondo::Routine<int> {
 public:
  using Next = rondo::Next<int>;

  // Called whenever the task is resumed; it returns what the task waits for next.
  Next step() override {
    ++switched_;
    switch (state_) {
      case State::red: return show("red", State::red_yellow, 3s);
      case State::red_yellow: return show("red and yellow", State::green, 1s);
      case State::green: return show("green", State::red, 1h);
    }
    return Next::finish(switched_);
  }

  // Called instead when the task was cancelled. This one ends with a value; the default rethrows.
  Next cancelled(const rondo::CancelledError&) override {
    std::cout << "off\n";
    return Next::finish(switched_);
  }

 private:
  enum class State { red, red_yellow, green };

  Next show(const char* lights, State next, rondo::Duration duration) {
    std::cout << lights << '\n' << std::flush;
    state_ = next;
    return Next::sleep(duration);
  }

  State state_ = State::red;
  int switched_ = 0;
};

rondo::Coro<> async_main() {
  auto light = rondo::create_task(std::make_unique<TrafficLight>());
  co_await rondo::sleep(5s);
  light.cancel();
  const int switched = co_await light;
  std::cout << "the light was switched " << switched << " times\n";
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
