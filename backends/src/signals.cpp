// SPDX-License-Identifier: BSL-1.0
// signals.cpp - the operations of a backend that hear signals.
#include <rondo/backends/signals.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "process_signals.hpp"
#include "signal_listener.hpp"

namespace rondo {
namespace {

/// Arrivals of one signal in one read: a flood lets other inputs through.
constexpr std::uint32_t most_arrivals = 1024;

}  // namespace

SignalDesk::SignalDesk() : listener_(&SignalListener::open()) {}

SignalDesk::~SignalDesk() {
  for (const Handler& each : handlers_) end_handling(each.signal);
  for (const Interrupt& each : interrupts_) {
    if (each.watches) end_watching();
  }
  listener_->close();
}

std::uint64_t SignalDesk::mask() noexcept { return signals_to_handle(); }

int SignalDesk::descriptor() const { return listener_->descriptor(); }

bool SignalDesk::handles(int signal) const {
  return std::any_of(handlers_.begin(), handlers_.end(), [&](const Handler& each) { return each.signal == signal; });
}

bool SignalDesk::watches() const {
  return std::any_of(interrupts_.begin(), interrupts_.end(), [](const Interrupt& each) { return each.watches; });
}

// --- arrivals --------------------------------------------------------------------------------------------------------

void SignalDesk::read(std::vector<Input>& inputs) {
  listener_->drain();  // before the counts are looked at: what comes later wakes again
  bool left = false;
  for (const Handler& each : handlers_) {
    give(each.signal, most_arrivals, inputs);  // for a second one of the same signal nothing is left, or the next part
    left = left || listener_->has(each.signal);
  }
  give_interrupt(inputs);
  if (left) listener_->wake();
}

void SignalDesk::give(int signal, std::uint32_t most, std::vector<Input>& inputs) {
  for (std::uint32_t count = listener_->take(signal, most); count > 0; --count) {
    for (const Handler& each : handlers_) {
      if (each.signal == signal) inputs.push_back(Input::completion(each.id, 0, true));
    }
  }
}

void SignalDesk::give_interrupt(std::vector<Input>& inputs) {
  if (!watches() || !listener_->take_interrupt()) return;
  for (const Interrupt& each : interrupts_) {
    if (each.watches) inputs.push_back(Input::completion(each.id, 0, true));
  }
}

// --- handlers --------------------------------------------------------------------------------------------------------

void SignalDesk::start(const Output& output, std::vector<Input>& inputs) {
  if (output.kind == OperationKind::interrupt) {
    give_interrupt(inputs);  // a Ctrl-C of before is not for this one
    return start_interrupt(output.id);
  }
  const int signal = output.handle;
  if (signal < 1 || signal >= SignalListener::limit || (mask() >> signal & 1) == 0) {
    return inputs.push_back(Input::completion(output.id, -EINVAL));
  }
  const bool first = !handles(signal);
  first ? listener_->begin(signal) : give(signal, UINT32_MAX, inputs);  // what came before is not for this one
  handlers_.push_back({signal, output.id});
  if (const int error = begin_handling(signal); error != 0) {
    handlers_.pop_back();
    if (first) listener_->end(signal);
    inputs.push_back(Input::completion(output.id, -error));
  }
}

void SignalDesk::cancel(const Output& output, std::vector<Input>& inputs) {
  if (output.kind == OperationKind::interrupt) return cancel_interrupt(output.id, inputs);
  const auto is_this = [&](const Handler& each) { return each.id == output.id; };
  const auto found = std::find_if(handlers_.begin(), handlers_.end(), is_this);
  if (found == handlers_.end()) return;
  const int signal = found->signal;
  end_handling(signal);  // if it was the last one, arrivals are now for what was there before
  give(signal, UINT32_MAX, inputs);
  handlers_.erase(found);
  if (!handles(signal)) listener_->end(signal);
  inputs.push_back(Input::completion(output.id, -ECANCELED));
}

// --- Ctrl-C ----------------------------------------------------------------------------------------------------------

void SignalDesk::start_interrupt(OperationId id) {
  if (!watches()) listener_->begin_interrupts();
  interrupts_.push_back({id, false});
  interrupts_.back().watches = begin_watching();
  if (!watches()) listener_->end_interrupts();
}

void SignalDesk::cancel_interrupt(OperationId id, std::vector<Input>& inputs) {
  const auto is_this = [&](const Interrupt& each) { return each.id == id; };
  const auto found = std::find_if(interrupts_.begin(), interrupts_.end(), is_this);
  if (found == interrupts_.end()) return;
  if (found->watches) {
    end_watching();
    give_interrupt(inputs);
  }
  interrupts_.erase(found);
  if (!watches()) listener_->end_interrupts();
  inputs.push_back(Input::completion(id, -ECANCELED));
}

}  // namespace rondo
