// SPDX-License-Identifier: BSL-1.0
// sim.cpp - jobs, signals and the time of the simulated world.
#include <rondo/backends/sim.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

namespace rondo::sim {
namespace {

/// How long a job takes in virtual time, by the oracle's answer: production's default here is "no time at all".
constexpr std::array<std::int64_t, 8> job_durations_ns = {0,         1'000,      100'000,       1'000'000,
                                                          5'000'000, 20'000'000, 1'000'000'000, 60'000'000'000};

}  // namespace

/// A job runs at its end: what it has done is not seen before.
class Backend::JobEnd final : public Event {
 public:
  JobEnd(Backend& backend, const Output& output) : backend_(backend), output_(output) {}
  void happen() override {
    backend_.jobs_.erase(output_.id.slot);
    output_.job->run();
    backend_.ready_.push_back(Input::completion(output_.id, 0));
  }
  const Output& output() const { return output_; }
  Timeline::Moment moment{};

 private:
  Backend& backend_;
  Output output_;
};

Backend::Backend(SimOptions options)
    : oracle_(options.replay ? Oracle(*options.replay) : Oracle(options.seed)),
      network_(oracle_, timeline_, options.names ? *options.names : std::vector<Name>()) {
  ready_.reserve(256);  // what submit() must be able to report when memory is short
  inputs_.reserve(256);
}

std::span<const Input> Backend::reap(Instant deadline) {
  network_.release_bytes();
  run_due();
  inbox_.take(ready_);
  if (ready_.empty()) {
    const Instant until = std::min(deadline, timeline_.next());
    if (until != never) timeline_.move_to(until);
    run_due();
    if (until == never && ready_.empty()) inbox_.wait();  // only another thread can do something now
    inbox_.take(ready_);
  }
  network_.rethrow();  // before anything is handed out: the next call does
  inputs_.clear();
  std::swap(inputs_, ready_);
  network_.hand_out();
  return inputs_;
}

void Backend::run_due() {
  timeline_.run_due();
  network_.take(ready_);
}

bool Backend::stuck() const { return timeline_.empty() && signals_.empty() && ready_.empty() && network_.idle(); }

void Backend::submit(std::span<const Output> outputs) {
  std::exception_ptr failure;
  for (const Output& output : outputs) {
    if (output.verb == Output::Verb::cancel) {
      cancel(output.id);
      continue;
    }
    try {
      start(output);
    } catch (...) {  // the tape asks for another run, or memory is short: the operation has its completion all the same
      failure = std::current_exception();
      network_.drop(output.id);
      ready_.push_back(Input::completion(output.id, -ECANCELED));
    }
  }
  if (failure) std::rethrow_exception(failure);  // with every output taken, as the contract wants
  network_.rethrow();
}

void Backend::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::job:
      return start_job(output);
    case OperationKind::signal:
      return signals_.push_back(output);
    case OperationKind::readable:
    case OperationKind::writable:  // there are no descriptors here
      return ready_.push_back(Input::completion(output.id, -ENOTSUP));
    default:
      return network_.start(output);
  }
}

void Backend::cancel(OperationId id) {
  if (network_.cancel(id)) return;
  const auto job = jobs_.find(id.slot);
  const auto signal = std::find_if(signals_.begin(), signals_.end(), [&](const Output& each) { return each.id == id; });
  if (job != jobs_.end() && job->second->output().id == id) {
    timeline_.remove(job->second->moment);
    jobs_.erase(job);
  } else if (signal != signals_.end()) {
    signals_.erase(signal);
  } else {
    return;  // it has ended, and its completion is on the way
  }
  ready_.push_back(Input::completion(id, -ECANCELED));
}

void Backend::start_job(const Output& output) {
  const auto answer = oracle_.choose("job.duration", job_durations_ns.size());
  auto end = std::make_unique<JobEnd>(*this, output);
  JobEnd& job = *end;
  job.moment = timeline_.add(after(now(), Duration(job_durations_ns[answer])), std::move(end));
  jobs_[output.id.slot] = &job;
}

void Backend::post(CallCore& call) noexcept {
  static_cast<void>(inbox_.put(Input::post(call)));
}

void Backend::begin_interrupts(CallCore& call) {
  end_interrupts();
  interrupt_ = &call;
}

void Backend::end_interrupts() {
  if (interrupt_) interrupt_->release();
  interrupt_ = nullptr;
}

void Backend::raise_signal(int signal) {
  for (const Output& handler : signals_) {
    if (handler.handle != signal) continue;
    ready_.push_back(Input::completion(handler.id, 0, true));
    return;
  }
  if (signal == SIGINT && interrupt_) post(*std::exchange(interrupt_, nullptr));
}

}  // namespace rondo::sim
