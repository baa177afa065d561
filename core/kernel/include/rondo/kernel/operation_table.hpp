// SPDX-License-Identifier: BSL-1.0
// operation_table.hpp - the operations in flight, by slot and generation, and the outputs that wait for room.
//
// A slot is taken by start() and given back by the terminal completion alone, so a task may go away while its operation
// still runs: the slot just forgets it. A slot that has had its last generation is not used again, so that no name
// comes twice. Outputs wait in a list through the slots; none is lost when a step's output span is full, and neither
// cancelling nor completing allocates.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <vector>

#include <rondo/kernel/operation.hpp>
#include <rondo/kernel/wakeup.hpp>
#include <rondo/machines/operation.hpp>

namespace rondo {

class OperationTable {
 public:
  /// `first_generation`: for tests of what happens near the last one.
  OperationTable(std::pmr::memory_resource* resource, Wakeup& wakeup, std::uint32_t first_generation = 0)
      : slots_(resource), wakeup_(&wakeup), first_generation_(first_generation) {}

  /// Takes a slot and queues the start. May throw std::bad_alloc, and then has done nothing.
  void start(Operation& operation, const Output& output);
  /// The awaiter goes away or is cancelled: asks the backend to cancel what is in flight, and forgets `operation`,
  /// whose turn will not come. Nothing if it is not under way.
  void abandon(Operation& operation);
  /// Asks the backend to cancel, unless it was asked or has ended; `operation` stays until the terminal completion.
  void cancel(Operation& operation);
  /// True if a backend was told to start it and has not completed it.
  bool handed_out(const Operation& operation) const;
  /// Starts what nobody waits for, and cannot fail: each reserve_detached() makes room for one.
  void start_detached(const Output& output);
  /// The same for `operation`, which has its end told.
  void start_reserved(Operation& operation, const Output& output);
  /// Nobody waits for it any more; it goes on as if it had been started detached.
  void detach(Operation& operation);
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
  /// Those whose completion the program may be waiting for: all but the watch for Ctrl-C.
  std::uint32_t awaited() const { return in_flight_ > watches_ ? in_flight_ - watches_ : 0; }
  void begin_watch() { ++watches_; }
  void end_watch() { --watches_; }
  /// Completions for slots that were given back already (C3).
  std::uint64_t stale() const { return stale_; }

 private:
  static constexpr std::uint32_t nobody = UINT32_MAX;
  struct Slot {
    Operation* operation = nullptr;
    Output output;
    std::uint32_t next = nobody;  // in the list of free slots, or in the line of those that have something to write
    machines::operation::State state = machines::operation::State::free;

    machines::operation::State& state_in(const decltype(machines::operation::diagram)&) { return state; }
    void perform(machines::operation::Do effect, OperationTable& table, std::uint32_t at) { table.perform(effect, at); }
  };
  void perform(machines::operation::Do effect, std::uint32_t at);
  std::uint32_t take_slot(const Output& output);
  void start_in_slot(Operation& operation, const Output& output);
  [[gnu::noinline]] void start_in_new_slot(Operation& operation, const Output& output);
  void make_room(std::size_t count);
  [[gnu::noinline]] void provide_slot();
  void enqueue(std::uint32_t slot);
  void leave_line();
  static void tell(Operation& operation, const Input& input);
  /// Where it stands in its life, for those who ask before they fire.
  machines::operation::State state_of(const Operation& operation) const { return slots_[operation.id_.slot].state; }
  void give_back(std::uint32_t slot);

  std::pmr::vector<Slot> slots_;
  Wakeup* wakeup_;
  std::uint32_t first_free_ = nobody;
  std::uint32_t first_queued_ = nobody;
  std::uint32_t last_queued_ = nobody;
  std::uint32_t made_ = 0;      // slots
  std::uint32_t room_ = 0;      // slots that can be taken without an allocation
  std::uint32_t reserved_ = 0;  // starts that must not fail
  std::uint32_t in_flight_ = 0;
  std::uint32_t watches_ = 0;  // in flight, and nobody waits for them
  std::uint64_t stale_ = 0;
  std::uint32_t first_generation_;
};

}  // namespace rondo
