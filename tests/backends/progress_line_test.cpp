// SPDX-License-Identifier: BSL-1.0
// progress_line_test.cpp - lines of progress, character by character.
#include <rondo/progress.hpp>

#include <chrono>
#include <limits>
#include <string>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

constexpr auto most = std::numeric_limits<std::uint64_t>::max();

std::string line(std::uint64_t done, std::uint64_t total, Duration elapsed, std::size_t width = 80) {
  return progress_line({.title = "rows", .done = done, .total = total, .elapsed = elapsed}, width);
}

}  // namespace

TEST_CASE("a line of progress has a bar, the count, percent, the rate over the whole, and the time that is left") {
  CHECK(line(0, 200, 0s) == "rows [----------------------------] 0/200 0%");
  CHECK(line(0, 200, 9s) == "rows [----------------------------] 0/200 0%");
  CHECK(line(50, 200, 20s) == "rows [#######---------------------] 50/200 25% 2.50/s ETA 1:00");
  CHECK(line(199, 200, 20s) == "rows [###########################-] 199/200 99% 9.95/s ETA 0:01");
  CHECK(line(200, 200, 20s) == "rows [############################] 200/200 100% 10.0/s in 0:20");
  CHECK(progress_line({.done = 1, .total = 4, .elapsed = 1s}, 80, 10) == "[##------] 1/4 25% 1.00/s ETA 0:03");
  CHECK(progress_line({.done = 1, .total = 4, .elapsed = 1s}, 80, 6) == "1/4 25% 1.00/s ETA 0:03");
}

TEST_CASE("a line that is the last says how long it took, not what is left") {
  const ProgressState state{.done = 50, .total = 200, .elapsed = 20s, .finished = true};
  CHECK(progress_line(state, 80, 0) == "50/200 25% 2.50/s in 0:20");
}

TEST_CASE("without a total a line of progress has the count, the rate and the time") {
  CHECK(line(0, 0, 0s) == "rows 0 in 0:00");
  CHECK(line(5000, 0, 62s) == "rows 5000 80.6/s in 1:02");
}

TEST_CASE("failures are counted at the end of a line of progress") {
  const ProgressState state{.title = "rows", .done = 50, .failed = 3, .total = 200, .elapsed = 20s};
  CHECK(progress_line(state, 80) == "rows [#######---------------------] 50/200 25% 2.50/s ETA 1:00 3 failed");
  CHECK(progress_line({.done = 7, .failed = 7}, 80) == "7 in 0:00 7 failed");
}

TEST_CASE("past the total the count of a line of progress goes on") {
  CHECK(line(300, 200, 20s) == "rows [############################] 300/200 150% 15.0/s in 0:20");
  CHECK(progress_line({.done = most, .total = 1}, 80, 0) == "18446744073709551615/1 999% in 0:00");
}

TEST_CASE("a narrow line of progress leaves out what has no room, and never cuts a number") {
  const auto expected = [](std::size_t width) -> std::string {
    if (width < 3) return "";
    if (width < 6) return "25%";
    if (width < 10) return "50/200";
    return width < 15 ? "50/200 25%" : "rows 50/200 25%";
  };
  for (std::size_t width = 0; width <= 20; ++width) CHECK(line(50, 200, 0s, width) == expected(width));
  CHECK(line(50, 200, 20s, 24) == "rows 50/200 25% ETA 1:00");
  CHECK(line(50, 200, 20s, 31) == "rows 50/200 25% 2.50/s ETA 1:00");
  CHECK(line(50, 200, 20s, 39) == "rows [#----] 50/200 25% 2.50/s ETA 1:00");
}

TEST_CASE("a line of progress is never longer than its width") {
  for (std::size_t width = 0; width <= 120; ++width) {
    const ProgressState huge{"rows and rows", most - 1, most - 2, most, Duration::max()};
    CHECK(progress_line(huge, width).size() <= width);
    CHECK(line(50, 200, 20s, width).size() <= width);
    CHECK(line(50, 0, 20s, width).size() <= width);
  }
}

TEST_CASE("huge and tiny numbers have a place in a line of progress") {
  const auto text = [](std::uint64_t done, std::uint64_t total, Duration elapsed) {
    return progress_line({.done = done, .total = total, .elapsed = elapsed}, 200, 0);
  };
  CHECK(text(most - 1, most, 1s) == "18446744073709551614/18446744073709551615 99% 18.4E/s ETA 0:01");
  CHECK(text(most, most, 1ns) == "18446744073709551615/18446744073709551615 100% 18447Y/s in 0:00");
  CHECK(text(1, most, 1s) == "1/18446744073709551615 0% 1.00/s ETA >999d");
  CHECK(text(1, 2, Duration::max()) == "1/2 50% 0.00/h ETA >999d");
  CHECK(text(12'345, 24'690, 1s) == "12345/24690 50% 12.3k/s ETA 0:01");
  CHECK(text(1, 3, 30s) == "1/3 33% 2.00/min ETA 1:00");
  CHECK(text(1, 3, 1h) == "1/3 33% 1.00/h ETA 2:00:00");
  CHECK(text(1, 25, 24h) == "1/25 4% 0.04/h ETA 24d");
}

TEST_CASE("a title is cut between characters, to a third of the width") {
  const auto text = [](std::string_view title, std::size_t width) {
    return progress_line({.title = title, .done = 1, .elapsed = 1s}, width);
  };
  CHECK(text("Zäünë über", 12) == "Zäün 1");
  CHECK(text("Zäünë", 15) == "Zäünë 1 in 0:01");
  CHECK(text("日本語", 15) == "日本 1 in 0:01");  // two columns each
  CHECK(text("日本語", 18) == "日本語 1 in 0:01");
  CHECK(text("日本語", 12) == "日本 1");
  CHECK(text("日", 11) == "1 in 0:01");
}

TEST_CASE("a title cannot move the cursor, and bytes that are no UTF-8 are question marks") {
  const auto text = [](std::string_view title) { return progress_line({.title = title, .done = 1}, 80); };
  CHECK(text("a\nb\x1b[K\x7f") == "a b [K  1 in 0:00");
  CHECK(text("a\u009bK") == "a K 1 in 0:00");
  CHECK(text("a\xff\xc3") == "a?? 1 in 0:00");
  CHECK(text("\xe6\x97z") == "??z 1 in 0:00");
}

TEST_CASE("plain lines are due at every tenth, not within five seconds, and after a minute at the latest") {
  const auto due = [](std::uint64_t done, Duration elapsed, std::uint64_t total = 100) {
    const ProgressState last{.done = 10, .total = total, .elapsed = 10s};
    return progress_line_due(last, {.done = done, .total = total, .elapsed = elapsed});
  };
  CHECK_FALSE(due(90, 14999ms));
  CHECK(due(20, 15s));
  CHECK_FALSE(due(19, 69s));
  CHECK(due(19, 70s));
  CHECK(due(11, 15s, 0));
}
