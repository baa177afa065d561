// SPDX-License-Identifier: BSL-1.0
// signal_watches.cpp - the operations that hear signals, each every arrival.
#include <cerrno>
#include <memory>
#include <vector>

#include <rondo/backends/signals.hpp>
#include <rondo/kernel/facilities.hpp>

#include "process_signals.hpp"
#include "signal_listener.hpp"

namespace rondo {
namespace {

/// Arrivals of one signal in one read: a flood lets other inputs through.
constexpr std::uint32_t most_arrivals = 1024;

class CountedSignals final : public SignalWatches {
 public:
  explicit CountedSignals(SignalListener& listener) : listener_(listener) {}
  ~CountedSignals() override {
    for (const SignalWatch& each : watches_) end_handling(each.signal);
  }

  void start(const Output& output, std::vector<Input>& inputs) override;
  void cancel(const Output& output, std::vector<Input>& inputs) override;
  void read(std::vector<Input>& inputs) override;

 private:
  void give(int signal, std::uint32_t most, std::vector<Input>& inputs);

  SignalListener& listener_;
  SignalWatchList watches_;
};

void CountedSignals::start(const Output& output, std::vector<Input>& inputs) {
  const int signal = output.handle;
  if (signal < 1 || signal >= SignalListener::limit || (SignalDesk::mask() >> signal & 1) == 0) {
    return inputs.push_back(Input::completion(output.id, -EINVAL));
  }
  const bool first = !watches_.hears(signal);
  first ? listener_.begin(signal) : give(signal, UINT32_MAX, inputs);  // what came before is not for this one
  watches_.push_back({output.id, signal});
  if (const int error = begin_handling(signal); error != 0) {
    watches_.pop_back();
    if (first) listener_.end(signal);
    inputs.push_back(Input::completion(output.id, -error));
  }
}

void CountedSignals::cancel(const Output& output, std::vector<Input>& inputs) {
  const auto found = watches_.find(output.id);
  if (found == watches_.end()) return;
  const int signal = found->signal;
  end_handling(signal);  // if it was the last one, arrivals are now for what was there before
  give(signal, UINT32_MAX, inputs);
  watches_.erase(found);
  if (!watches_.hears(signal)) listener_.end(signal);
  inputs.push_back(Input::completion(output.id, -ECANCELED));
}

void CountedSignals::read(std::vector<Input>& inputs) {
  bool left = false;
  for (const SignalWatch& each : watches_) {
    give(each.signal, most_arrivals, inputs);  // for a second one of the same signal nothing is left, or the next part
    left = left || listener_.has(each.signal);
  }
  if (left) listener_.wake();
}

void CountedSignals::give(int signal, std::uint32_t most, std::vector<Input>& inputs) {
  for (std::uint32_t count = listener_.take(signal, most); count > 0; --count) watches_.tell(signal, inputs);
}

}  // namespace

void facilities::signal_handlers() noexcept {
  Offered<SignalWatches, SignalListener>::offer([](SignalListener& listener) -> std::unique_ptr<SignalWatches> {
    return std::make_unique<CountedSignals>(listener);
  });
}

}  // namespace rondo
