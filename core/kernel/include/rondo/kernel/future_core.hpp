// SPDX-License-Identifier: BSL-1.0
// future_core.hpp - the part of futures that knows no value type: state, waiters, life time.
//
// Waiters are queue entries: completing a future moves them to the ready queue in the order in which they came, and
// calls nobody.
#pragma once

#include <cstdint>

#include <rondo/kernel/entry.hpp>
#include <rondo/kernel/ref.hpp>
#include <rondo/kernel/result.hpp>
#include <rondo/kernel/story.hpp>
#include <rondo/kernel/waitable.hpp>
#include <rondo/place.hpp>

namespace rondo {

/// A future without its type. Handles, the loop (while a task lives) and combinators hold references.
class FutureCore : public Waitable, public RefCounted<FutureCore> {
 public:
  FutureCore(WaitableKind kind, Kernel& kernel, ResultCore& result);

  machines::future::State state() const { return state_; }
  bool done() const { return !pending(); }
  Kernel& kernel() const { return *kernel_; }
  ResultCore& result_core() const { return *result_; }
  std::uint32_t id() const;
  const Message& message() const { return message_; }
  const EntryList& waiters() const { return waiters_; }

  /// Completes it; the value is in the result already. Posts the waiters.
  void set_returned();
  void set_failed(std::exception_ptr error);
  void set_failed(std::exception_ptr error, ResultCore::Kind kind);
  bool cancel(const Message& message);
  void perform(machines::future::Do effect);

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
  bool take_stamp(std::uint64_t stamp) {
    if (stamp_ == stamp) return false;
    stamp_ = stamp;
    return true;
  }
  std::uint64_t stamp() const { return stamp_; }

 protected:
  ~FutureCore() = default;
  friend Kernel;
  friend RefCounted;
  void destroy();
  void report_unretrieved();
  void drop_waiters() noexcept;

  Message message_;  // of the cancellation: noted while pending, final once cancelled
  EntryList waiters_;
  union {
    Kernel* kernel_;
    FutureCore* next_dropped_;  // while it waits to be destroyed (Kernel::destroy)
  };
  ResultCore* result_;
  std::uint64_t stamp_ = 0;  // the last that it took; 64 bits, so that none comes twice
};

/// A place at a future: hands it to a member of its owner when it is done.
template <class Owner, void (Owner::*done)(Ref<FutureCore>&)>
class FutureHook final : public Hook {
 public:
  FutureHook(Owner& owner, FutureCore& future)
      : Hook(&call_member<FutureHook, &FutureHook::tell>), owner_(&owner), future_(future) {
    future.add_waiter(*this);
  }
  ~FutureHook() { withdraw(); }
  FutureCore& future() const { return *future_; }

 private:
  void tell() { (owner_->*done)(future_); }
  Owner* owner_;
  Ref<FutureCore> future_;
};

/// A future in a block of its own, not part of a task.
class FutureBlock : public FutureCore {
 public:
  using Destroy = void (*)(FutureBlock&) noexcept;
  FutureBlock(Kernel& kernel, ResultCore& result, Destroy destroyer, Place created,
              WaitableKind kind = WaitableKind::future);
  Place created() const { return created_; }
  const Story& story() const { return story_; }

 protected:
  ~FutureBlock() = default;
  /// The error of `failed` becomes this one's: await stacks go on with how it came up there.
  void take_story(const FutureCore& failed) noexcept;

 private:
  friend FutureCore;
  friend Kernel;
  Destroy destroy_;
  Story story_;  // of an error that is another future's
  Place created_;
  std::uint32_t id_;
};

}  // namespace rondo
