// SPDX-License-Identifier: BSL-1.0
// operation_table.cpp - slots, generations and the list of outputs that wait.
#include <rondo/operation_table.hpp>

#include <algorithm>
#include <utility>

namespace rondo {

inline void OperationTable::Slot::perform(operation::Do effect) {
  switch (effect) {
    case operation::Do::emit_start:
      start_waits = true;
      break;
    case operation::Do::emit_cancel:
      cancel_waits = true;
      break;
    case operation::Do::deliver:
    case operation::Do::discard:
      break;
  }
}

inline void OperationTable::enqueue(std::uint32_t at) {
  Slot& slot = slots_[at];
  if (slot.queued) return;
  slot.queued = true;
  if (last_queued_ == nobody) {
    first_queued_ = at;
  } else {
    slots_[last_queued_].next = at;
  }
  last_queued_ = at;
}

inline void OperationTable::give_back(std::uint32_t at) {
  slots_[at].next = first_free_;
  first_free_ = at;
  ++room_;
}

namespace {

/// A slot that waits for its terminal completion because somebody's memory depends on it.
bool lent(const Output& output) {
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
    case OperationKind::signal:
    case OperationKind::shutdown:
    case OperationKind::close:
      return false;
    case OperationKind::recv:
      return output.buffer != nullptr;
    default:
      return true;
  }
}

}  // namespace

/// There is room for it: see make_room().
[[gnu::noinline]] void OperationTable::add_slot() {
  slots_.emplace_back();
  first_free_ = static_cast<std::uint32_t>(slots_.size() - 1);
}

inline std::uint32_t OperationTable::take_slot(const Output& output) {
  if (first_free_ == nobody) [[unlikely]] add_slot();
  const std::uint32_t at = first_free_;
  Slot& slot = slots_[at];
  first_free_ = std::exchange(slot.next, nobody);
  --room_;
  const std::uint32_t generation = slot.output.id.generation + 1;
  slot.output = output;
  slot.output.verb = Output::Verb::start;
  slot.output.id = {at, generation};
  ++in_flight_;
  fire<operation::diagram, operation::Event::start>(slot);
  enqueue(at);
  return at;
}

void OperationTable::start(Operation& operation, const Output& output) {
  if (room_ <= reserved_) [[unlikely]] make_room(reserved_ + 1);
  const std::uint32_t at = take_slot(output);
  slots_[at].operation = &operation;
  operation.id_ = slots_[at].output.id;
  operation.in_flight_ = true;
  operation.result_ = 0;
}

void OperationTable::start_detached(const Output& output) {
  --reserved_;
  take_slot(output);
}

void OperationTable::reserve_detached() {
  if (room_ <= reserved_) make_room(reserved_ + 1);
  ++reserved_;
}

void OperationTable::make_room(std::size_t slots) {
  const std::size_t before = slots_.capacity();
  slots_.reserve(std::max<std::size_t>({slots_.size() + slots, 2 * before, 8}));
  room_ += static_cast<std::uint32_t>(slots_.capacity() - before);
}

void OperationTable::cancel(Operation& operation) {
  const std::uint32_t at = operation.id_.slot;
  if (!operation.in_flight_ || slots_[at].state == operation::State::cancelling) return;
  fire<operation::diagram, operation::Event::cancel>(slots_[at]);
  enqueue(at);
}

void OperationTable::abandon(Operation& operation) {
  Slot& slot = slots_[operation.id_.slot];
  cancel(operation);
  slot.operation = nullptr;
  operation.in_flight_ = false;
}

bool OperationTable::handed_out(const Operation& operation) const {
  return operation.in_flight_ && !slots_[operation.id_.slot].start_waits;
}

void OperationTable::cancel_lent() {
  for (const Slot& slot : slots_) {
    if (slot.operation && lent(slot.output)) cancel(*slot.operation);
  }
}

std::uint32_t OperationTable::lent_in_flight() const {
  std::uint32_t count = 0;
  for (const Slot& slot : slots_) {
    if (slot.operation && lent(slot.output)) ++count;
  }
  return count;
}

Operation* OperationTable::complete(const Input& input) {
  const std::uint32_t at = input.id.slot;
  if (at >= slots_.size() || slots_[at].output.id != input.id || slots_[at].state == operation::State::free ||
      slots_[at].start_waits) {
    ++stale_;
    return nullptr;
  }
  Slot& slot = slots_[at];
  Operation* operation = slot.operation;
  if (operation) {
    operation->result_ = input.result;
    ++operation->times_;
    operation->in_flight_ = input.more;
    if (input.bytes && operation->use_ == Operation::Use::owned) {
      static_cast<OwnedOperation*>(operation)->received(input.bytes, static_cast<std::size_t>(input.result));
    }
  }
  if (input.more) {
    fire<operation::diagram, operation::Event::more>(slot);
    return operation;
  }
  fire<operation::diagram, operation::Event::complete>(slot);
  slot.operation = nullptr;
  --in_flight_;
  if (!slot.queued) give_back(at);
  return operation;
}

std::uint32_t OperationTable::drain(std::span<Output> out) {
  std::uint32_t written = 0;
  while (first_queued_ != nobody) {
    const std::uint32_t at = first_queued_;
    Slot& slot = slots_[at];
    if (slot.state == operation::State::free) slot.cancel_waits = false;  // it ended before it could be cancelled
    if (slot.start_waits || slot.cancel_waits) {
      if (written == out.size()) break;
      out[written] = slot.output;
      out[written].verb = slot.start_waits ? Output::Verb::start : Output::Verb::cancel;
      ++written;
      (slot.start_waits ? slot.start_waits : slot.cancel_waits) = false;
      if (slot.cancel_waits) continue;  // cancelled before anybody was told of the start: both are written
    }
    slot.queued = false;
    first_queued_ = std::exchange(slot.next, nobody);
    if (first_queued_ == nobody) last_queued_ = nobody;
    if (slot.state == operation::State::free) give_back(at);
  }
  return written;
}

}  // namespace rondo
