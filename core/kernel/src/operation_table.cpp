// SPDX-License-Identifier: BSL-1.0
// operation_table.cpp - slots, generations and the list of outputs that wait.
#include <rondo/kernel/operation_table.hpp>

#include <algorithm>
#include <utility>

namespace rondo {

[[gnu::always_inline]] inline void OperationTable::perform(machines::operation::Do effect, std::uint32_t at) {
  using machines::operation::Do;
  switch (effect) {
    case Do::enqueue:
      return enqueue(at);
    case Do::leave_line:
      return leave_line();
    case Do::give_back:
      return give_back(at);
    case Do::leave_line_and_give_back:
      leave_line();
      return give_back(at);
    case Do::nothing:
      break;
  }
}

inline void OperationTable::enqueue(std::uint32_t at) {
  if (last_queued_ == nobody) {
    first_queued_ = at;
    wakeup_->tell();
  } else {
    slots_[last_queued_].next = at;
  }
  last_queued_ = at;
}

/// The first of the line goes.
inline void OperationTable::leave_line() {
  first_queued_ = std::exchange(slots_[first_queued_].next, nobody);
  if (first_queued_ == nobody) last_queued_ = nobody;
}

inline void OperationTable::give_back(std::uint32_t at) {
  if (slots_[at].output.id.generation == UINT32_MAX) [[unlikely]] return;  // all its names are used up
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
    case OperationKind::interrupt:
    case OperationKind::shutdown:
    case OperationKind::close:
    case OperationKind::child:
    case OperationKind::kill:
      return false;
    case OperationKind::recv:
      return output.buffer != nullptr;
    default:
      return true;
  }
}

}  // namespace

/// So that take_slot() finds one. There is room for it: see make_room().
void OperationTable::provide_slot() {
  if (first_free_ != nobody) return;
  slots_.emplace_back().output.id.generation = first_generation_;
  first_free_ = made_++;
}

/// The first of the free ones, with its output: what is left is to fire `start`.
inline std::uint32_t OperationTable::take_slot(const Output& output) {
  const std::uint32_t at = first_free_;
  Slot& slot = slots_[at];
  first_free_ = std::exchange(slot.next, nobody);
  --room_;
  const std::uint32_t generation = slot.output.id.generation + 1;
  slot.output = output;
  slot.output.verb = Output::Verb::start;
  slot.output.id = {at, generation};
  ++in_flight_;
  return at;
}

inline void OperationTable::start_in_slot(Operation& operation, const Output& output) {
  const std::uint32_t at = take_slot(output);
  Slot& slot = slots_[at];
  slot.operation = &operation;
  operation.id_ = slot.output.id;
  operation.attached_ = true;
  operation.result_ = 0;
  fire<machines::operation::Event::start>(slot, *this, at);
}

void OperationTable::start(Operation& operation, const Output& output) {
  if (room_ <= reserved_ || first_free_ == nobody) [[unlikely]] return start_in_new_slot(operation, output);
  start_in_slot(operation, output);
}

void OperationTable::start_in_new_slot(Operation& operation, const Output& output) {
  if (room_ <= reserved_) make_room(reserved_ + 1);
  provide_slot();
  start_in_slot(operation, output);
}

void OperationTable::start_detached(const Output& output) {
  --reserved_;
  provide_slot();
  const std::uint32_t at = take_slot(output);
  fire<machines::operation::Event::start>(slots_[at], *this, at);
}

void OperationTable::start_reserved(Operation& operation, const Output& output) {
  --reserved_;
  provide_slot();
  start_in_slot(operation, output);
}

void OperationTable::detach(Operation& operation) {
  slots_[operation.id_.slot].operation = nullptr;
  operation.attached_ = false;
}

void OperationTable::reserve_detached() {
  if (room_ <= reserved_) make_room(reserved_ + 1);
  ++reserved_;
}

void OperationTable::make_room(std::size_t count) {
  const std::size_t before = slots_.capacity();
  slots_.reserve(std::max<std::size_t>({slots_.size() + count, 2 * before, 8}));
  room_ += static_cast<std::uint32_t>(slots_.capacity() - before);
}

void OperationTable::cancel(Operation& operation) {
  using machines::operation::State;
  if (!operation.attached_) return;
  const State state = state_of(operation);
  if (state != State::starting && state != State::submitted) return;  // it was asked before
  const std::uint32_t at = operation.id_.slot;
  fire<machines::operation::Event::cancel>(slots_[at], *this, at);
}

void OperationTable::abandon(Operation& operation) {
  if (operation.attached_) {
    cancel(operation);
    detach(operation);
  }
  operation.withdraw();
}

bool OperationTable::handed_out(const Operation& operation) const {
  using machines::operation::State;
  return operation.attached_ && state_of(operation) != State::starting && state_of(operation) != State::withdrawn;
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

/// Nobody has been told of the start yet, or it has ended: no completion can be meant for it.
static bool expects_nothing(machines::operation::State state) {
  using machines::operation::State;
  return state == State::free || state == State::starting || state == State::withdrawn || state == State::spent;
}

inline void OperationTable::tell(Operation& operation, const Input& input) {
  operation.result_ = input.result;
  ++operation.times_;
  operation.attached_ = input.more;
  operation.last_ = input.last;
}

/// Bytes that are the backend's: whoever wants them takes them now.
[[gnu::noinline]] static Operation* tell_of_bytes(Operation* operation, const Input& input) {
  if (operation && operation->owned()) {
    static_cast<OwnedOperation&>(*operation).received(input.bytes, static_cast<std::size_t>(input.result));
  }
  return operation;
}

Operation* OperationTable::complete(const Input& input) {
  const std::uint32_t at = input.id.slot;
  if (at >= made_ || slots_[at].output.id != input.id || expects_nothing(slots_[at].state)) {
    ++stale_;
    return nullptr;
  }
  Slot& slot = slots_[at];
  Operation* const operation = slot.operation;
  if (operation) tell(*operation, input);
  if (input.more) [[unlikely]] {
    fire<machines::operation::Event::more>(slot, *this, at);
  } else {
    slot.operation = nullptr;
    --in_flight_;
    fire<machines::operation::Event::complete>(slot, *this, at);
  }
  return input.bytes ? tell_of_bytes(operation, input) : operation;
}

std::uint32_t OperationTable::drain(std::span<Output> out) {
  using machines::operation::State;
  std::uint32_t written = 0;
  while (first_queued_ != nobody) {
    const std::uint32_t at = first_queued_;
    Slot& slot = slots_[at];
    if (slot.state != State::spent) {
      if (written == out.size()) break;
      out[written] = slot.output;
      out[written].verb = slot.state == State::cancel_waiting ? Output::Verb::cancel : Output::Verb::start;
      ++written;
    }
    fire<machines::operation::Event::write>(slot, *this, at);
  }
  return written;
}

template struct NoArrow<machines::operation::Event>;

}  // namespace rondo
