// SPDX-License-Identifier: BSL-1.0
// signal_handler_test.cpp - which signals a loop takes a handler for, and how it says no.
#include <csignal>
#include <stdexcept>
#include <string>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "clockwork.hpp"
#include "hops.hpp"

using namespace rondo;
using namespace std::chrono_literals;
using Catch::Matchers::Equals;

namespace {

/// A simulated world that claims to hear only some signals.
class Deaf final : public Backend {
 public:
  explicit Deaf(std::uint64_t hears) : hears_(hears) {}
  std::string_view name() const override { return "deaf"; }
  Instant now() noexcept override { return world_.now(); }
  std::span<const Input> reap(Instant deadline) override { return world_.reap(deadline); }
  void submit(std::span<const Output> outputs) override { world_.submit(outputs); }
  Poster& poster() noexcept override { return world_.poster(); }
  Features features() const noexcept override {
    Features features = world_.features();
    features.signal_mask = hears_;
    return features;
  }

 private:
  std::uint64_t hears_;
  sim::SimBackend world_;
};

std::string refusal_of(Loop& loop, int signal) {
  try {
    loop.add_signal_handler(signal, [] {});
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a signal number that cannot be handled throws at the call: std::invalid_argument or RuntimeError") {
  Hops h;
  for (const int number : {0, -1, 66}) CHECK_THROWS_AS(h.loop.add_signal_handler(number, [] {}), std::invalid_argument);
  for (const int signal : {SIGKILL, SIGSTOP, 32, 33}) CHECK_THROWS_AS(h.loop.add_signal_handler(signal, [] {}), RuntimeError);
  h.batch();
  CHECK(h.peek().operations == 0);
  CHECK(h.loop.take_reports().empty());
}

TEST_CASE("a refused signal is named, with those that the backend can handle") {
  const auto refused = [](std::uint64_t hears, int signal) {
    Deaf backend(hears);
    Loop loop;
    loop.attach(backend);
    return refusal_of(loop, signal);
  };
  const std::string start = "add_signal_handler: signal 9 cannot be handled; with the backend deaf these can: ";
  CHECK_THAT(refused(0, 9), Equals(start + "none"));
  CHECK_THAT(refused(1, 9), Equals(start + "none"));  // there is no signal 0
  CHECK_THAT(refused(1U << 2, 9), Equals(start + "2"));
  CHECK_THAT(refused(1U << 2 | 7U << 4 | 1ULL << 63, 9), Equals(start + "2, 4-6, 63"));
  CHECK_THAT(refused(~(1ULL << 9), 9), Equals(start + "1-8, 10-63"));
  CHECK_THAT(refused(1U << 9, 9), Equals(""));
}

TEST_CASE("a Runner that has not run yet refuses a signal at the call, too, and so does a host's loop") {
  Clockwork backend;
  Runner runner(backend);
  CHECK_THROWS_AS(runner.loop().add_signal_handler(SIGKILL, [] {}), RuntimeError);
  runner.close();
  Loop loop;
  loop.attach(backend);
  CHECK_THROWS_AS(loop.add_signal_handler(SIGKILL, [] {}), RuntimeError);
}

TEST_CASE("a loop without a backend refuses numbers alone; what its backend cannot handle is reported later") {
  sim::SimBackend backend;
  Loop loop;
  CHECK_THROWS_AS(loop.add_signal_handler(66, [] {}), std::invalid_argument);
  loop.add_signal_handler(SIGKILL, [] {});
  loop.attach(backend);
  Driver driver(loop.kernel(), backend);
  for (int i = 0; i < 2; ++i) driver.turn(backend.reap(Instant::min()));
  const auto reports = loop.take_reports();
  REQUIRE(reports.size() == 1);
  CHECK_THAT(reports[0].message, Catch::Matchers::StartsWith("the signal cannot be handled (error "));
  CHECK(loop.remove_signal_handler(SIGKILL));
}

TEST_CASE("a refused handler leaves the one that is set, and removing what was never set is no error") {
  Hops h;
  h.loop.add_signal_handler(SIGUSR1, [&h] { h.note("heard"); });
  CHECK_THROWS_AS(h.loop.add_signal_handler(66, [] {}), std::invalid_argument);
  for (const int number : {0, -1, 9, 66, SIGUSR2}) CHECK_FALSE(h.loop.remove_signal_handler(number));
  h.batch();
  h.backend.raise_signal(SIGUSR1);
  h.batch();
  CHECK(h.story() == "heard");
}
