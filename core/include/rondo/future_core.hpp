// SPDX-License-Identifier: BSL-1.0
// future_core.hpp - the part of futures that knows no value type: state, waiters, life time.
//
// Whatever a task can wait for is a Waitable: a Future, a Task, a gather, or the Parking of a sleep or an operation,
// which lives in the awaiting frame and has one waiter. Waiters are queue entries: completing a future moves them to
// the ready queue in the order in which they came, and calls nobody.
#pragma once

#include <cstdint>

#include <rondo/link.hpp>
#include <rondo/machines/future.hpp>
#include <rondo/message.hpp>
#include <rondo/place.hpp>
#include <rondo/result.hpp>

namespace rondo {

class Kernel;
class TaskCore;

/// What an entry of the ready queue does when its turn comes (Loop::run lists them).
enum class EntryKind : std::uint8_t {
  task,             // resume a coroutine
  routine,          // step a task written by hand
  call,             // a user's callback
  stop,             // what a runner waits for is done
  sleep,            // a sleep is over
  timeout,          // a Timeout expires
  gather_child,     // a child of a gather is done
  shield_inner,     // what a shield protects is done
  shield_outer,     // a shield was cancelled
  wait_member,      // a member of a wait() is done
  wait_limit,       // the time of a wait() is over
  group_child,      // a child of a task group is done
  completed_member, // a member of an as_completed() is done
  completed_limit,  // the time of an as_completed() is over
  operation,        // a backend completed an operation
  queue_turn,       // a queue has, or had, what a task in line wants
  fence,            // the end of a batch
  job_outer,        // the future of a job was cancelled
};

struct ReadyTag;

/// Something that can stand in the ready queue, or at a future until that is done.
class Entry : public Link<ReadyTag> {
 public:
  explicit Entry(EntryKind kind) : entry_kind_(kind) {}
  EntryKind entry_kind() const { return entry_kind_; }

 private:
  EntryKind entry_kind_;
};

using EntryList = List<Entry, ReadyTag>;

enum class WaitableKind : std::uint8_t {
  future, task, gather,                     // futures
  sleep, wait, group, completion, operation,
  lent_operation,                           // one that a backend holds memory for: ends with its completion alone
  stream,                                   // bytes of a stream, or room in it
  primitive,                                // a Waiter of an event, a lock, a semaphore or a condition
  queue,
};

class Waitable {
 public:
  explicit Waitable(WaitableKind kind) : kind_(kind) {}
  Waitable(const Waitable&) = delete;
  Waitable& operator=(const Waitable&) = delete;

  WaitableKind kind() const { return kind_; }
  bool is_future() const { return kind_ <= WaitableKind::gather; }
  bool pending() const { return state_ == future::State::pending; }
  bool was_cancelled() const { return state_ == future::State::cancelled; }
  future::State& state_in(const decltype(future::diagram)&) { return state_; }

 protected:
  ~Waitable() = default;
  friend Kernel;
  WaitableKind kind_;
  future::State state_ = future::State::pending;
  bool unretrieved_ = false;   // failed, and nobody has looked
  bool self_awaited_ = false;  // a task that has awaited itself
};

/// A wait with one waiter, in the waiter's own frame: sleeps, waits and operations. Costs no allocation.
class Parking : public Waitable {
 public:
  explicit Parking(WaitableKind kind) : Waitable(kind) {}
  void perform(future::Do);
  TaskCore* task() const { return task_; }
  const Message& message() const { return message_; }

 private:
  friend Kernel;
  friend TaskCore;
  TaskCore* task_ = nullptr;  // from the suspension on
  Message message_;           // of the cancellation
};

/// A future without its type. Counted: handles, the loop (while a task lives) and combinators hold references.
class FutureCore : public Waitable {
 public:
  FutureCore(WaitableKind kind, Kernel& kernel, ResultCore& result);

  future::State state() const { return state_; }
  bool done() const { return !pending(); }
  Kernel& kernel() const { return *kernel_; }
  ResultCore& result_core() const { return *result_; }
  std::uint32_t id() const;
  const Message& message() const { return message_; }
  const EntryList& waiters() const { return waiters_; }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) destroy();
  }
  std::uint32_t references() const { return references_; }

  /// Completes it; the value is in the result already. Posts the waiters.
  void set_returned();
  void set_failed(std::exception_ptr error);
  void set_failed(std::exception_ptr error, ResultCore::Kind kind);
  bool cancel(const Message& message);
  void perform(future::Do effect);

  /// Posts `entry` when this is done: at once if it is.
  void add_waiter(Entry& entry);

  /// A task that has awaited itself: while it is pending every await of it is an error at once. (CPython's C task
  /// behaves so; its Python twin would let the others wait.)
  bool refuses_awaits() const { return self_awaited_; }

  /// The error, null if there is none; for a cancelled future a CancelledError. Counts as looking.
  /// A task that let a CancelledError escape hands out that very error once, then errors without text (asyncio C12).
  std::exception_ptr retrieve();
  void mark_retrieved() { unretrieved_ = false; }
  /// True if what it ended with is a CancelledError, whether it was cancelled or failed with one.
  bool ended_by_cancel() const { return was_cancelled() || result_->kind == ResultCore::Kind::cancelled; }

  /// True the first time it is called with this stamp (see Kernel::next_stamp).
  bool visit(std::uint32_t stamp) {
    if (stamp_ == stamp) return false;
    stamp_ = stamp;
    return true;
  }

 protected:
  ~FutureCore() = default;
  friend Kernel;
  void destroy();
  void report_unretrieved();

  std::uint32_t references_ = 1;
  Message message_;  // of the cancellation: noted while pending, final once cancelled
  EntryList waiters_;
  Kernel* kernel_;
  ResultCore* result_;
  std::uint32_t stamp_ = 0;
};

/// A future in a block of its own, not part of a task.
class FutureBlock : public FutureCore {
 public:
  using Destroy = void (*)(FutureBlock&) noexcept;
  FutureBlock(WaitableKind kind, Kernel& kernel, ResultCore& result, Destroy destroyer, Place created);
  Place created() const { return created_; }

 protected:
  ~FutureBlock() = default;

 private:
  friend FutureCore;
  Destroy destroy_;
  Place created_;
  std::uint32_t id_;
};

/// A counted pointer to a FutureCore or something derived from it.
template <class Core>
class Ref {
 public:
  Ref() = default;
  explicit Ref(Core& core) noexcept : core_(&core) { core.retain(); }
  /// Takes over a reference that is counted already.
  static Ref adopt(Core& core) noexcept {
    Ref ref;
    ref.core_ = &core;
    return ref;
  }
  Ref(const Ref& other) noexcept : core_(other.core_) {
    if (core_) core_->retain();
  }
  Ref(Ref&& other) noexcept : core_(other.core_) { other.core_ = nullptr; }
  Ref& operator=(Ref other) noexcept {
    Core* core = core_;
    core_ = other.core_;
    other.core_ = core;
    return *this;
  }
  ~Ref() {
    if (core_) core_->release();
  }
  explicit operator bool() const { return core_ != nullptr; }
  Core& operator*() const { return *core_; }
  Core* operator->() const { return core_; }
  Core* get() const { return core_; }
  /// Gives the counted pointer away.
  Core* detach() noexcept {
    Core* core = core_;
    core_ = nullptr;
    return core;
  }

 private:
  Core* core_ = nullptr;
};

}  // namespace rondo
