// SPDX-License-Identifier: BSL-1.0
// waitable.hpp - whatever a task can wait for: a future, or the Parking of a sleep, a lock or an operation.
#pragma once

#include <cstdint>
#include <string>

#include <rondo/kernel/message.hpp>
#include <rondo/machines/future.hpp>

namespace rondo {

class Kernel;
class TaskCore;

enum class WaitableKind : std::uint8_t {
  future, task,
  fork,            // a future of several others, to which it hands a cancellation on
  parking,
  lent_operation,  // a parking that a backend holds memory for: ends with its completion alone
};

class Waitable {
 public:
  explicit Waitable(WaitableKind kind) : kind_(kind) {}
  Waitable(const Waitable&) = delete;
  Waitable& operator=(const Waitable&) = delete;

  WaitableKind kind() const { return kind_; }
  bool is_future() const { return kind_ <= WaitableKind::fork; }
  bool pending() const { return state_ == machines::future::State::pending; }
  bool was_cancelled() const { return state_ == machines::future::State::cancelled; }

 protected:
  ~Waitable() = default;
  friend Kernel;
  friend Firing;
  machines::future::State& state_in(const decltype(machines::future::diagram)&) { return state_; }
  WaitableKind kind_;
  machines::future::State state_ = machines::future::State::pending;
  bool unretrieved_ = false;   // failed, and nobody has looked
  bool self_awaited_ = false;  // a task that has awaited itself
};

/// What a task does that waits: "sleeps"; and the id of the task that must go on before, 0 if it is not known.
struct WaitWords {
  WaitWords(std::string words) : text(std::move(words)) {}
  WaitWords(const char* words) : text(words) {}
  std::string text;
  std::uint32_t holder = 0;
};

/// A wait with one waiter, in the waiter's own frame. Costs no allocation.
class Parking : public Waitable {
 public:
  /// Says what a task does that waits at `parking`.
  using Words = WaitWords (*)(const Parking& parking);
  explicit Parking(Words words, WaitableKind kind = WaitableKind::parking) : Waitable(kind), words_(words) {}
  TaskCore* task() const { return task_; }
  const Message& message() const { return message_; }
  WaitWords describe() const { return words_(*this); }

 protected:
  friend Firing;
  void perform(machines::future::Do);

 private:
  friend Kernel;
  friend TaskCore;
  TaskCore* task_ = nullptr;  // from the suspension on
  Words words_;
  Message message_;  // of the cancellation
};

}  // namespace rondo
