// SPDX-License-Identifier: BSL-1.0
// progress.hpp - how far a long job is: one line that is redrawn on a terminal, a few plain lines elsewhere.
//
//     Progress progress(rows.size(), {.title = "rows"});
//     for (const Row& row : rows) {
//       co_await store(row);
//       progress.advance();
//     }
//
// prints `rows [######----------------------] 2400/10000 24% 812/s ETA 0:10` on stderr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <rondo/time.hpp>

namespace rondo {

enum class ProgressOutput : std::uint8_t {
  automatic,  // a line that is redrawn on a terminal (unless TERM is dumb), else plain lines
  lines,      // plain lines, also on a terminal: for programs that print other things as well
  silent,
};

struct ProgressOptions {
  std::string_view title = {};  // UTF-8; copied
  int descriptor = 2;           // stderr; must stay open until finish()
  ProgressOutput output = ProgressOutput::automatic;
};

/// What a line is made of.
struct ProgressState {
  std::string_view title = {};
  std::uint64_t done = 0;  // units, with those that failed
  std::uint64_t failed = 0;
  std::uint64_t total = 0;  // 0: unknown
  Duration elapsed = {};
  bool finished = false;  // nothing follows
};

/// The line without its end: title, bar, done/total, percent, units per second (over the whole time, not smoothed),
/// time left at this rate, failures. When that is nothing or unknown, it says how long it took instead: `in 0:04`.
/// Past the total the count goes on, and percent up to 999.
///
/// It has at most `width` columns: what has no room is left out whole, so a number is never cut. Room goes to the count
/// first, then to failures, percent, title, time, rate and bar. The title is cut to a third of the width (if that is
/// 4 columns), between characters, where one of three bytes or more counts as two columns: no script is too wide. Bytes
/// that are no UTF-8 become `?`, and control characters spaces. The bar has from 7 to `bar` columns, brackets included.
std::string progress_line(const ProgressState& state, std::size_t width, std::size_t bar = 30);

/// Whether a plain line is due when the last was printed at `last`: 5 s have passed, and the total is unknown, another
/// tenth of it is done, or a minute has passed.
bool progress_line_due(const ProgressState& last, const ProgressState& now);

/// Counts units of work, and shows them. A terminal is redrawn at most ten times a second; plain lines come when they
/// are due, and at the end. Time is looked at only when units are counted: the line stands still while one takes long.
///
/// Belongs to one thread. Nothing is shown, but all is counted, if RONDO_PROGRESS is "silent" in the environment, or
/// if it is made while a simulated loop runs on this thread. One that is made outside of sim::run() for use inside
/// does not see that: give it ProgressOutput::silent.
///
/// It does not wait for a reader: what cannot be written at once is dropped, without an error. finish() waits 0.1 s.
class Progress {
 public:
  /// `total` 0: unknown; then there is no bar, no percentage and no time left. Writes the first state to a terminal.
  explicit Progress(std::uint64_t total, const ProgressOptions& options = {});
  ~Progress() { finish(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `n` more units are done. Costs a reading of the clock, and a system call or three if something is written.
  void advance(std::uint64_t n = 1) noexcept;
  /// `n` more units are done, and have failed.
  void fail(std::uint64_t n = 1) noexcept;
  /// Writes the last state and ends the line. Units that are counted afterwards are not shown.
  void finish() noexcept;

  /// With those that failed. May be more than total(), and stops at the end of its range.
  std::uint64_t done() const { return state_.done; }
  std::uint64_t failed() const { return state_.failed; }
  std::uint64_t total() const { return state_.total; }

 private:
  enum class Mode : std::uint8_t { silent, lines, terminal };
  static Mode mode_for(const ProgressOptions& options);
  void write_state() noexcept;

  std::string title_;
  ProgressState state_;
  ProgressState written_;  // the last that was
  Duration start_;         // on the clock of the system
  int descriptor_;
  Mode mode_;
};

}  // namespace rondo
