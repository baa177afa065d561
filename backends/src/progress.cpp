// SPDX-License-Identifier: BSL-1.0
// progress.cpp - when and where a line of progress is written.
#include <rondo/progress.hpp>

#include <poll.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <new>
#include <utility>

#include <rondo/kernel/kernel.hpp>
#include <rondo/loop.hpp>

namespace rondo {
namespace {

using namespace std::chrono_literals;

constexpr Duration redraw_interval = 100ms;
constexpr std::size_t plain_width = 240;  // columns, in less than PIPE_BUF bytes: a pipe takes a line whole
constexpr std::size_t widest_window = 500;

std::uint64_t sum(std::uint64_t a, std::uint64_t b) {
  return b > std::numeric_limits<std::uint64_t>::max() - a ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

Duration system_time() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Duration(std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

/// One column less than the window has: a cursor behind the last one is somewhere else on each terminal.
std::size_t line_width(int descriptor) noexcept {
  winsize window{};
  const bool known = ::ioctl(descriptor, TIOCGWINSZ, &window) == 0 && window.ws_col > 0;
  return std::min<std::size_t>(known ? window.ws_col : 80, widest_window) - 1;
}

/// Not if it would block, as a terminal does that was stopped with Ctrl-S, and not if nobody is left to read: SIGPIPE.
void write_at_once(int descriptor, std::string_view text, int patience_ms) noexcept {
  pollfd ready{descriptor, POLLOUT, 0};
  if (::poll(&ready, 1, patience_ms) != 1 || ready.revents != POLLOUT) return;
  [[maybe_unused]] const auto written = ::write(descriptor, text.data(), text.size());
}

bool says(const char* variable, std::string_view value) {
  const char* found = std::getenv(variable);
  return found && found == value;
}

bool simulated() {
  if (!thread_slot.kernel) return false;
  const Backend* backend = this_loop().backend();
  return backend && backend->name() == "sim";
}

}  // namespace

Progress::Mode Progress::mode_for(const ProgressOptions& options) {
  if (options.output == ProgressOutput::silent || says("RONDO_PROGRESS", "silent") || simulated()) return Mode::silent;
  if (options.output == ProgressOutput::lines || says("TERM", "dumb")) return Mode::lines;
  return ::isatty(options.descriptor) ? Mode::terminal : Mode::lines;
}

Progress::Progress(std::uint64_t total, const ProgressOptions& options)
    : title_(options.title), start_(system_time()), descriptor_(options.descriptor), mode_(mode_for(options)) {
  state_.title = title_;
  written_.total = state_.total = total;
  if (mode_ == Mode::terminal) write_state();
}

void Progress::advance(std::uint64_t n) noexcept {
  state_.done = sum(state_.done, n);
  if (mode_ == Mode::silent || state_.finished) return;
  state_.elapsed = system_time() - start_;
  const bool due = mode_ == Mode::terminal ? state_.elapsed - written_.elapsed >= redraw_interval
                                           : progress_line_due(written_, state_);
  if (due) write_state();
}

void Progress::fail(std::uint64_t n) noexcept {
  state_.failed = sum(state_.failed, n);
  advance(n);
}

void Progress::finish() noexcept {
  if (std::exchange(state_.finished, true) || mode_ == Mode::silent) return;
  state_.elapsed = system_time() - start_;
  write_state();
}

void Progress::write_state() noexcept {
  written_ = state_;
  const bool redraws = mode_ == Mode::terminal;
  try {
    std::string text;
    if (redraws) text += '\r';
    text += redraws ? progress_line(state_, line_width(descriptor_)) : progress_line(state_, plain_width, 0);
    if (redraws) text += "\x1b[K";
    if (!redraws || state_.finished) text += '\n';
    write_at_once(descriptor_, text, state_.finished ? 100 : 0);
  } catch (const std::bad_alloc&) {  // then without this line
  }
}

}  // namespace rondo
