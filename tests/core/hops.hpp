// SPDX-License-Identifier: BSL-1.0
// hops.hpp - a loop that runs one batch at a time and remembers in which batch something happened.
//
// "h hops from a to b" means: a happened in batch N and b in batch N + h.
#pragma once

#include <array>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/backends/sim.hpp>
#include <rondo/rondo.hpp>

#include "ending.hpp"

class Hops {
 public:
  Hops() { loop.attach(backend); }
  ~Hops() { loop.drop_tasks_silently(); }
  Hops(const Hops&) = delete;
  Hops& operator=(const Hops&) = delete;

  /// Runs exactly one batch; inputs that are there by `deadline` come before it.
  rondo::StepResult batch(rondo::Instant deadline = rondo::Instant::min()) {
    ++number_;
    const auto in = backend.reap(deadline);
    loop.stop();
    const rondo::StepResult result = loop.step(backend.now(), in, out_);
    if (result.produced > 0) backend.submit(std::span<const rondo::Output>(out_).first(result.produced));
    return result;
  }
  /// Runs exactly one batch, with `action` behind all that is ready.
  template <class F>
  void batch_with(F action) {
    loop.call_soon(std::move(action));
    batch();
  }
  /// Runs batches, without moving time, until nothing is ready.
  void settle() {
    for (;;) {
      const rondo::StepResult next = peek();
      if (next.why == rondo::Why::inputs || next.deadline > backend.now()) return;
      batch();
    }
  }
  /// Runs batches and moves time until nothing can happen any more.
  void run() {
    for (;;) {
      settle();
      const rondo::StepResult next = peek();
      if (next.why == rondo::Why::inputs && next.operations == 0) return;
      batch(next.deadline);
    }
  }
  rondo::StepResult peek() { return loop.peek(backend.now()); }

  template <class T>
  rondo::Task<T> start(rondo::Coro<T> coro) {
    return loop.create_task(std::move(coro));
  }
  template <class T = void>
  rondo::Future<T> future() {
    return loop.create_future<T>();
  }

  void note(std::string name, std::string detail = {}) {
    notes_.push_back({std::move(name), std::move(detail), number_});
  }
  bool happened(std::string_view name) const { return find(name) != nullptr; }
  int at(std::string_view name) const { return get(name).batch; }
  int hops(std::string_view from, std::string_view to) const { return at(to) - at(from); }
  /// The detail of a note.
  std::string ending(std::string_view name) const { return get(name).detail; }
  /// The names of all notes in their order, with a space between them.
  std::string story() const {
    std::string text;
    for (const Note& note : notes_) text += (text.empty() ? "" : " ") + note.name;
    return text;
  }
  int number() const { return number_; }

  rondo::sim::SimBackend backend;
  rondo::Loop loop;

 private:
  struct Note {
    std::string name;
    std::string detail;
    int batch;
  };
  const Note* find(std::string_view name) const {
    for (const Note& note : notes_) {
      if (note.name == name) return &note;
    }
    return nullptr;
  }
  const Note& get(std::string_view name) const {
    if (const Note* note = find(name)) return *note;
    throw std::out_of_range("nothing was noted as '" + std::string(name) + "'; the story is: " + story());
  }

  int number_ = 0;
  std::vector<Note> notes_;
  std::array<rondo::Output, 64> out_;
};

/// Awaits `aw` and notes `name` with how that ended; ends the same way itself.
template <class A>
rondo::Coro<rondo::AwaitedValue<A>> watch(Hops& h, const char* name, A aw) {
  auto outcome = co_await rondo::as_outcome(std::move(aw));
  h.note(name, ending_of(outcome));
  if constexpr (std::is_void_v<rondo::AwaitedValue<A>>) {
    outcome.raise();
  } else {
    co_return std::move(outcome).value();
  }
}

/// The same, and swallows whatever comes out.
template <class A>
rondo::Coro<void> see(Hops& h, const char* name, A aw) {
  auto outcome = co_await rondo::as_outcome(std::move(aw));
  h.note(name, ending_of(outcome));
}

/// Cancels `target` in a batch of its own, noted as "cancel", and runs to the end.
template <class T>
void cancel_in_batch(Hops& h, rondo::Future<T> target, const char* message = "") {
  h.batch_with([&h, target, message] {
    h.note("cancel");
    target.cancel(message);
  });
  h.run();
}

/// A coroutine that gives `value` after `turns` bare yields.
inline rondo::Coro<int> turns(int count, int value) {
  for (int i = 0; i < count; ++i) co_await rondo::sleep(rondo::Duration::zero());
  co_return value;
}

/// Notes "timer" in the batch in which a timer with this delay is due.
inline void note_timer(Hops& h, rondo::Duration delay) {
  h.loop.call_later(delay, [&h] { h.note("timer"); });
}

/// The messages of all reports since the last call, one a line.
inline std::string reports(Hops& h) {
  std::string text;
  for (const rondo::ErrorContext& report : h.loop.take_reports()) text += report.message + "\n";
  return text;
}
