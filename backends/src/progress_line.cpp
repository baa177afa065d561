// SPDX-License-Identifier: BSL-1.0
// progress_line.cpp - what a line of progress says, and when a plain one is due.
#include <rondo/progress.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>

namespace rondo {
namespace {

using namespace std::chrono_literals;

constexpr Duration line_interval = 5s;
constexpr Duration longest_silence = 1min;
constexpr std::size_t least_bar = 7;
constexpr std::size_t least_title = 4;

/// A piece of a line, empty if it says nothing.
struct Piece {
  std::string text;
  std::size_t columns = text.size();
};

/// How many of `parts` are done, rounded down: all of them only when all is done.
std::uint64_t share(const ProgressState& state, std::uint64_t parts) {
  const double exact = static_cast<double>(state.done) * static_cast<double>(parts) / static_cast<double>(state.total);
  const auto whole = static_cast<std::uint64_t>(std::min(exact, 1e6));
  return state.done < state.total ? std::min(whole, parts - 1) : whole;
}

bool complete(const ProgressState& state) { return state.total != 0 && state.done >= state.total; }

/// The bytes of the character that `text` begins with; 0 if it begins with none. Overlong forms pass.
std::size_t character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first < 0xC2 || first > 0xF4 || size > text.size()) return 0;
  const auto follows = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; };
  return std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(size), follows) ? size : 0;
}

bool controls(std::string_view c) {
  const auto first = static_cast<unsigned char>(c[0]);
  return first < 0x20 || first == 0x7F || (first == 0xC2 && static_cast<unsigned char>(c[1]) < 0xA0);
}

Piece cut(std::string_view text, std::size_t width) {
  Piece piece;
  while (!text.empty()) {
    const std::size_t size = character(text);
    const std::size_t columns = size < 3 ? 1 : 2;
    if (piece.columns + columns > width) break;
    piece.columns += columns;
    piece.text += size == 0 ? "?" : controls(text.substr(0, size)) ? " " : text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return piece;
}

/// "42.0k/s": about three digits. Units per minute or hour if they are few.
std::string rate_text(const ProgressState& state) {
  if (state.done == 0 || state.elapsed <= Duration::zero()) return {};
  double rate = static_cast<double>(state.done) / std::chrono::duration<double>(state.elapsed).count();
  std::string_view unit = "/s";
  if (rate < 0.1) rate *= 60, unit = "/min";
  if (rate < 0.1) rate *= 60, unit = "/h";
  std::string_view scale = " kMGTPEZY";
  for (; rate >= 10'000 && scale.size() > 1; scale.remove_prefix(1)) rate /= 1000;
  char digits[64];
  const int precision = rate < 10 ? 2 : rate < 100 ? 1 : 0;
  std::string text(digits, std::to_chars(digits, std::end(digits), rate, std::chars_format::fixed, precision).ptr);
  if (scale[0] != ' ') text += scale[0];
  return text.append(unit);
}

/// "0:05", "1:02:03", "12d".
std::string clock_text(double seconds) {
  if (seconds >= 1000.0 * 86400) return ">999d";
  const auto all = static_cast<std::uint64_t>(seconds);
  if (all >= 100 * 3600) return std::to_string(all / 86400) + "d";
  const auto two = [](std::uint64_t n) {
    std::string digits = std::to_string(n);
    if (n < 10) digits.insert(digits.begin(), '0');
    return digits;
  };
  if (all < 3600) return std::to_string(all / 60) + ":" + two(all % 60);
  return std::to_string(all / 3600) + ":" + two(all / 60 % 60) + ":" + two(all % 60);
}

std::string time_text(const ProgressState& state) {
  const double seconds = std::max(0.0, std::chrono::duration<double>(state.elapsed).count());
  if (state.finished || state.total == 0 || complete(state)) return std::string("in ").append(clock_text(seconds));
  if (state.done == 0 || state.elapsed <= Duration::zero()) return {};
  const double left = static_cast<double>(state.total - state.done);
  return std::string("ETA ").append(clock_text(std::ceil(seconds * left / static_cast<double>(state.done))));
}

Piece bar_of(const ProgressState& state, std::size_t width) {
  const std::size_t inside = width - 2;
  const std::size_t full = complete(state) ? inside : share(state, inside);
  std::string bar(width, '-');
  std::fill_n(bar.begin() + 1, full, '#');
  bar.front() = '[';
  bar.back() = ']';
  return {bar};
}

}  // namespace

std::string progress_line(const ProgressState& state, std::size_t width, std::size_t bar) {
  const bool known = state.total != 0;
  enum { title, graph, count, percent, rate, time, failures };
  std::array<Piece, 7> all;
  all[title] = cut(state.title, width < 3 * least_title ? 0 : width / 3);
  std::string counted = std::to_string(state.done);
  if (known) counted.append("/").append(std::to_string(state.total));
  all[count] = {counted};
  if (known) all[percent] = {std::to_string(std::min<std::uint64_t>(share(state, 100), 999)) + "%"};
  all[rate] = {rate_text(state)};
  all[time] = {time_text(state)};
  if (state.failed > 0) all[failures] = {std::to_string(state.failed) + " failed"};

  std::size_t used = 0;  // with a space in front of each piece but the first
  const auto room = [&] { return width - std::min(width, used == 0 ? 0 : used + 1); };
  for (const auto which : {count, failures, percent, title, time, rate}) {
    if (all[which].columns > room()) all[which] = {};
    if (all[which].columns > 0) used = width - room() + all[which].columns;
  }
  bar = std::min(bar, room());
  if (known && bar >= least_bar) all[graph] = bar_of(state, bar);

  std::string line;
  for (const Piece& piece : all) {
    if (!line.empty() && piece.columns > 0) line += ' ';
    line += piece.text;
  }
  return line;
}

bool progress_line_due(const ProgressState& last, const ProgressState& now) {
  const Duration since = now.elapsed - last.elapsed;
  if (since < line_interval) return false;
  return now.total == 0 || since >= longest_silence || share(last, 10) != share(now, 10);
}

}  // namespace rondo
