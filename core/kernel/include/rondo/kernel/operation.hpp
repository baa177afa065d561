// SPDX-License-Identifier: BSL-1.0
// operation.hpp - the loop's end of what a backend does for somebody: a task that awaits it, or an owner.
#pragma once

#include <cstddef>
#include <cstdint>

#include <rondo/contract.hpp>
#include <rondo/kernel/entry.hpp>
#include <rondo/kernel/waitable.hpp>

namespace rondo {

/// Lives in the awaiting frame, or in what owns it. When it is done, its entry is posted, and that wakes the task one
/// hop later (asyncio's reader callback and future).
class Operation : public Hook, public Parking {
 public:
  /// For a task that awaits it.
  explicit Operation(Words words, WaitableKind kind = WaitableKind::parking)
      : Hook(&wake_task, EntryKind::operation), Parking(words, kind) {}
  OperationId id() const { return id_; }
  std::int32_t result() const { return result_; }
  bool in_flight() const { return attached_; }
  bool owned() const { return owned_; }
  /// Of a recv: see Input::last.
  bool last() const { return last_; }
  /// In flight, or done and its turn has not come.
  bool under_way() const { return attached_ || linked(); }
  /// Completions since this was asked last; more than one if they came faster than its turns.
  std::uint32_t take_times() {
    const std::uint32_t times = times_;
    times_ = 0;
    return times;
  }

 protected:
  Operation(Function function, Words words, WaitableKind kind)
      : Hook(function, EntryKind::operation), Parking(words, kind) {}

 private:
  friend class OperationTable;
  friend class OwnedOperation;
  static void wake_task(Hook& hook);
  bool attached_ = false;  // its slot knows it, and tells it of the completion
  bool owned_ = false;  // it is an OwnedOperation
  bool last_ = false;
  std::int32_t result_ = 0;
  std::uint32_t times_ = 0;
  OperationId id_;
};

/// An operation that no task awaits by itself: a job's, a stream's, a server's.
class OwnedOperation : public Operation {
 public:
  explicit OwnedOperation(WaitableKind kind = WaitableKind::parking) : Operation(&complete, &work, kind) {
    owned_ = true;
  }
  /// In the operation's turn, after a completion.
  virtual void completed() = 0;
  /// At once when a completion brings bytes of the backend's: they are gone after this. Never throws.
  virtual void received(const std::byte*, std::size_t) noexcept {}
  /// What has run when its turn took too long.
  virtual std::string title() const { return "the loop's own work"; }

 protected:
  ~OwnedOperation() = default;

 private:
  static void complete(Hook& hook) { static_cast<OwnedOperation&>(static_cast<Operation&>(hook)).completed(); }
  static WaitWords work(const Parking&) { return "waits for the loop's own work"; }
};

}  // namespace rondo
