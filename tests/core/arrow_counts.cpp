// SPDX-License-Identifier: BSL-1.0
// arrow_counts.cpp - arrow coverage: with RONDO_ARROWS=check, an arrow that no test has taken is a failure.
//
// Counted is what the machines of the library did in this process, so the check makes sense for a run of all tests. It
// is made after main(): by then Catch2 has printed its summary, and its own failures have set the exit code.
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
using ListenerBase = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
using ListenerBase = Catch::TestEventListenerBase;
#endif

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "machines.hpp"

namespace {

template <const auto& machine>
int print_arrows_not_taken() {
  constexpr auto arrows = arrow_names<machine>();
  int missing = 0;
  for (std::size_t i = 0; i < arrows.size(); ++i) {
    if (rondo::arrow_counts<machine>[i] != 0) continue;
    ++missing;
    std::cerr << machine.name() << ": " << arrows[i].from << " --" << arrows[i].on << "--> " << arrows[i].to << '\n';
  }
  return missing;
}

void check_arrows() {
  int missing = 0;
  int all = 0;
  for_each_machine([&]<const auto& machine>(std::string_view) {
    missing += print_arrows_not_taken<machine>();
    all += static_cast<int>(machine.arrows().size());
  });
  std::cerr << "arrows: " << all - missing << " of " << all << " taken by these tests\n";
  if (missing == 0) return;
  std::cerr << "arrows: the ones above need a test, or should not be there\n";
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(1);
}

class ArrowListener : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    ListenerBase::testRunEnded(stats);
    const char* wish = std::getenv("RONDO_ARROWS");
    if (wish && std::string_view(wish) == "check") std::atexit(check_arrows);
  }
};

}  // namespace

CATCH_REGISTER_LISTENER(ArrowListener)
