// SPDX-License-Identifier: BSL-1.0
// operation_table.hpp - the operations in flight, by slot and generation, and the outputs that wait for room.
//
// A slot is taken by start() and given back by the terminal completion alone, so a task may go away while its operation
// still runs: the slot just forgets it. Outputs wait in a list through the slots; none is lost when a step's output
// span is full, and neither cancelling nor completing allocates.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include <rondo/contract.hpp>
#include <rondo/future_core.hpp>
#include <rondo/machines/operation.hpp>

namespace rondo {

/// The loop's end of an operation; lives in the awaiting frame, or in what owns it. When it is done, its entry is
/// posted, and that wakes the task one hop later (asyncio's reader callback and future).
class Operation : public Entry, public Parking {
 public:
  enum class Use : std::uint8_t { await, owned, handler };
  explicit Operation(Use use = Use::await, WaitableKind kind = WaitableKind::operation)
      : Entry(EntryKind::operation), Parking(kind), use_(use) {}
  OperationId id() const { return id_; }
  std::int32_t result() const { return result_; }
  bool in_flight() const { return in_flight_; }
  Use use() const { return use_; }
  std::uint32_t take_times() {
    const std::uint32_t times = times_;
    times_ = 0;
    return times;
  }

 private:
  friend class OperationTable;
  bool in_flight_ = false;
  Use use_;
  std::int32_t result_ = 0;
  std::uint32_t times_ = 0;  // completions since the entry last ran
  OperationId id_;
};

/// An operation that no task awaits by itself: a job's, a stream's, a server's.
class OwnedOperation : public Operation {
 public:
  explicit OwnedOperation(WaitableKind kind = WaitableKind::operation) : Operation(Use::owned, kind) {}
  /// In the operation's turn, after a completion.
  virtual void completed() = 0;
  /// At once when a completion brings bytes of the backend's: they are gone after this. Never throws.
  virtual void received(const std::byte*, std::size_t) noexcept {}

 protected:
  ~OwnedOperation() = default;
};

class OperationTable {
 public:
  explicit OperationTable(std::pmr::memory_resource* resource) : slots_(resource) {}

  /// Takes a slot and queues the start. May throw std::bad_alloc, and then has done nothing.
  void start(Operation& operation, const Output& output);
  /// The awaiter goes away or is cancelled: asks the backend to cancel, and forgets `operation`.
  void abandon(Operation& operation);
  /// Asks the backend to cancel, unless it was asked or has ended; `operation` stays until the terminal completion.
  void cancel(Operation& operation);
  /// True if a backend was told to start it and has not completed it.
  bool handed_out(const Operation& operation) const;
  /// Starts what nobody waits for, and cannot fail: each reserve_detached() makes room for one.
  void start_detached(const Output& output);
  void reserve_detached();
  /// What the operation was started with; only while it is in flight.
  const Output& output_of(const Operation& operation) const { return slots_[operation.id_.slot].output; }
  /// Asks for the end of every operation that was lent memory of a task or a job; a job that runs goes on to its own
  /// end.
  void cancel_lent();
  /// Those whose terminal completion has not come. O(slots).
  std::uint32_t lent_in_flight() const;
  /// The operation this completion is for, null if nobody waits; counts stale ones.
  Operation* complete(const Input& input);
  /// Writes outputs in the order asked; what does not fit stays. Returns how many were written.
  std::uint32_t drain(std::span<Output> out);

  bool outputs_waiting() const { return first_queued_ != nobody; }
  std::uint32_t in_flight() const { return in_flight_; }
  /// Completions for slots that were given back already (C3).
  std::uint64_t stale() const { return stale_; }

 private:
  static constexpr std::uint32_t nobody = UINT32_MAX;
  struct Slot {
    Operation* operation = nullptr;
    Output output;
    std::uint32_t next = nobody;    // in the list of free slots, or of queued ones
    operation::State state = operation::State::free;
    bool queued = false;            // stands in the output list
    bool start_waits = false;       // its start was not written yet
    bool cancel_waits = false;      // its cancel was not written yet

    operation::State& state_in(const decltype(operation::diagram)&) { return state; }
    void perform(operation::Do effect);
  };
  std::uint32_t take_slot(const Output& output);
  void make_room(std::size_t slots);
  void add_slot();
  void enqueue(std::uint32_t slot);
  void give_back(std::uint32_t slot);

  std::pmr::vector<Slot> slots_;
  std::uint32_t first_free_ = nobody;
  std::uint32_t first_queued_ = nobody;
  std::uint32_t last_queued_ = nobody;
  std::uint32_t room_ = 0;      // slots that can be taken without an allocation
  std::uint32_t reserved_ = 0;  // starts that must not fail
  std::uint32_t in_flight_ = 0;
  std::uint64_t stale_ = 0;
};

}  // namespace rondo
