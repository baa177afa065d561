// SPDX-License-Identifier: BSL-1.0
// signals.cpp - what a backend hears of signals, and its operations for Ctrl-C.
#include <rondo/backends/signals.hpp>

#include <cerrno>
#include <csignal>

#include "process_signals.hpp"
#include "signal_listener.hpp"

namespace rondo {

bool SignalWatchList::hears(int signal) const {
  for (const SignalWatch& each : *this) {
    if (each.signal == signal) return true;
  }
  return false;
}

SignalWatchList::iterator SignalWatchList::find(OperationId id) {
  auto at = begin();
  while (at != end() && at->id != id) ++at;
  return at;
}

void SignalWatchList::tell(int signal, std::vector<Input>& inputs) const {
  for (const SignalWatch& each : *this) {
    if (each.signal == signal) inputs.push_back(Input::completion(each.id, 0, true));
  }
}

// --- all signals -----------------------------------------------------------------------------------------------------

SignalDesk::SignalDesk() : listener_(&SignalListener::open()) {}

SignalDesk::~SignalDesk() {
  watches_.end();
  for (const SignalWatch& each : interrupts_) {
    if (each.signal != 0) end_watching();
  }
  listener_->close();
}

std::uint64_t SignalDesk::mask() noexcept { return signals_to_handle(); }

int SignalDesk::descriptor() const { return listener_->descriptor(); }

void SignalDesk::read(std::vector<Input>& inputs) {
  listener_->drain();  // before the counts are looked at: what comes later wakes again
  if (SignalWatches* const watches = watches_.find()) watches->read(inputs);
  give_interrupt(inputs);
}

void SignalDesk::start(const Output& output, std::vector<Input>& inputs) {
  if (output.kind == OperationKind::interrupt) {
    give_interrupt(inputs);  // a Ctrl-C of before is not for this one
    return start_interrupt(output.id);
  }
  SignalWatches* const watches = watches_.get(*listener_);
  watches ? watches->start(output, inputs) : inputs.push_back(Input::completion(output.id, -ENOTSUP));
}

void SignalDesk::cancel(const Output& output, std::vector<Input>& inputs) {
  if (output.kind == OperationKind::interrupt) return cancel_interrupt(output.id, inputs);
  if (SignalWatches* const watches = watches_.find()) watches->cancel(output, inputs);
}

// --- Ctrl-C ----------------------------------------------------------------------------------------------------------

bool SignalDesk::watches_interrupts() const { return interrupts_.hears(SIGINT); }

void SignalDesk::give_interrupt(std::vector<Input>& inputs) {
  if (watches_interrupts() && listener_->take_interrupt()) interrupts_.tell(SIGINT, inputs);
}

void SignalDesk::start_interrupt(OperationId id) {
  if (!watches_interrupts()) listener_->begin_interrupts();
  interrupts_.push_back({id, 0});
  if (begin_watching()) interrupts_.back().signal = SIGINT;
  if (!watches_interrupts()) listener_->end_interrupts();
}

void SignalDesk::cancel_interrupt(OperationId id, std::vector<Input>& inputs) {
  const auto found = interrupts_.find(id);
  if (found == interrupts_.end()) return;
  if (found->signal != 0) {
    end_watching();
    give_interrupt(inputs);
  }
  interrupts_.erase(found);
  if (!watches_interrupts()) listener_->end_interrupts();
  inputs.push_back(Input::completion(id, -ECANCELED));
}

}  // namespace rondo
