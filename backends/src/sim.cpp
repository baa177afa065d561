// SPDX-License-Identifier: BSL-1.0
// sim.cpp - jobs, signals and the time of the simulated world.
#include <rondo/backends/sim.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <utility>

#include <rondo/kernel/task_tree.hpp>

#include "sim_processes.hpp"

namespace rondo::sim {
namespace {

/// How long a job takes in virtual time, by the oracle's answer: production's default here is "no time at all".
constexpr std::array<std::int64_t, 8> job_durations_ns = {0,         1'000,      100'000,       1'000'000,
                                                          5'000'000, 20'000'000, 1'000'000'000, 60'000'000'000};

/// As in a process under Linux, on every machine: SIGKILL, SIGSTOP and the C library's own cannot be handled.
constexpr std::uint64_t linux_signals = ~(1ULL | 1ULL << 9 | 1ULL << 19 | 1ULL << 32 | 1ULL << 33);

}  // namespace

/// A job runs at its end: what it has done is not seen before.
class SimBackend::JobEnd final : public TimelineEvent {
 public:
  JobEnd(SimBackend& backend, const Output& output) : backend_(backend), output_(output) {}
  void happen() override {
    backend_.jobs_.erase(output_.id.slot);
    output_.job->run();
    backend_.ready_.push_back(Input::completion(output_.id, 0));
  }
  const Output& output() const { return output_; }
  Timeline::Moment moment{};

 private:
  SimBackend& backend_;
  Output output_;
};

SimBackend::SimBackend(SimOptions options)
    : oracle_(options.replay ? Oracle(*options.replay) : Oracle(options.seed)),
      network_(oracle_, timeline_, options.names ? *options.names : std::vector<Name>()),
      max_steps_(options.max_steps > 0 ? options.max_steps : UINT64_MAX),
      most_steps_(max_steps_),
      max_time_(options.max_time),
      latest_(after(Instant(), options.max_time)) {
  processes_ = std::make_shared<Processes>(network_, oracle_, inbox_, options.programs,
                                           options.worker_faults);
  ready_.reserve(256);  // what submit() must be able to report when memory is short
  inputs_.reserve(256);
}

SimBackend::~SimBackend() = default;

std::span<const Input> SimBackend::reap(Instant deadline) {
  if (served()) check_limits();
  network_.release_bytes();
  run_due();
  inbox_.take(ready_);
  if (ready_.empty()) {
    const Instant until = std::min(deadline, timeline_.next());
    if (until != no_deadline) timeline_.move_to(until);
    run_due();
    // Only another thread can do something now.
    if (until == no_deadline && ready_.empty() && inbox_.fall_asleep()) alarm_.sleep();
    inbox_.take(ready_);
  }
  network_.rethrow();  // before anything is handed out: the next call does
  inputs_.clear();
  std::swap(inputs_, ready_);
  network_.hand_out();
  return inputs_;
}

/// The limits move when they are met, so that what is left can be cancelled and cleaned up.
void SimBackend::check_limits() {
  const std::uint64_t count = served()->steps();
  const bool steps = count > most_steps_;
  if (!steps && now() <= latest_) return;
  const std::string how = steps ? std::to_string(count - 1) + " steps have not ended it (SimOptions::max_steps)"
                                : std::to_string(now().time_since_epoch().count() / 1'000'000'000) +
                                      " seconds of virtual time have not ended it (SimOptions::max_time)";
  most_steps_ = max_steps_ > UINT64_MAX - count ? UINT64_MAX : count + max_steps_;
  latest_ = after(now(), max_time_);
  throw LimitExceeded("the simulated program does not end: " + how + "\n" + task_tree(*served(), most_listed_tasks));
}

void SimBackend::run_due() {
  timeline_.run_due();
  network_.take(ready_);
  processes_->take(ready_);
}

bool SimBackend::stuck() const { return timeline_.empty() && signals_.empty() && ready_.empty() && network_.idle(); }

void SimBackend::submit(std::span<const Output> outputs) {
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

void SimBackend::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::job:
      return start_job(output);
    case OperationKind::signal:
      if (!features().hears(output.handle)) return ready_.push_back(Input::completion(output.id, -EINVAL));
      return signals_.push_back(output);
    case OperationKind::interrupt:
      return interrupts_.push_back(output.id);
    case OperationKind::close_executor:  // jobs run inline: there is none
      return ready_.push_back(Input::completion(output.id, 0));
    case OperationKind::readable:
    case OperationKind::writable:  // there are no descriptors here
      return ready_.push_back(Input::completion(output.id, network_.has(output.handle) ? -EEXIST : -ENOTSUP));
    case OperationKind::adopt:
      return ready_.push_back(Input::completion(output.id, -ENOTSUP));
    case OperationKind::spawn:
      return ready_.push_back(Input::completion(output.id, processes_->spawn(*output.spawn)));
    case OperationKind::child:
      return processes_->wait(output);
    case OperationKind::kill:
      return ready_.push_back(
          Input::completion(output.id, processes_->kill(output.handle, static_cast<int>(output.size))));
    default:
      return network_.start(output);
  }
}

void SimBackend::cancel(OperationId id) {
  if (network_.cancel(id) || processes_->cancel(id)) return;
  const auto job = jobs_.find(id.slot);
  const auto signal = std::find_if(signals_.begin(), signals_.end(), [&](const Output& each) { return each.id == id; });
  const auto interrupt = std::find(interrupts_.begin(), interrupts_.end(), id);
  if (job != jobs_.end() && job->second->output().id == id) {
    timeline_.remove(job->second->moment);
    jobs_.erase(job);
  } else if (signal != signals_.end()) {
    signals_.erase(signal);
  } else if (interrupt != interrupts_.end()) {
    interrupts_.erase(interrupt);
  } else {
    return;  // it has ended, and its completion is on the way
  }
  ready_.push_back(Input::completion(id, -ECANCELED));
}

void SimBackend::start_job(const Output& output) {
  const auto answer = oracle_.choose("job.duration", job_durations_ns.size());
  auto end = std::make_unique<JobEnd>(*this, output);
  JobEnd& job = *end;
  job.moment = timeline_.add(after(now(), Duration(job_durations_ns[answer])), std::move(end));
  jobs_[output.id.slot] = &job;
}

Features SimBackend::features() const noexcept {
  Features features;
  features.sockets = features.datagrams = features.unix_sockets = features.jobs = features.names = true;
  features.processes = true;
  features.signal_mask = linux_signals;
  return features;
}

void SimBackend::raise_signal(int signal) {
  bool handled = false;
  for (const Output& handler : signals_) {
    if (handler.handle != signal) continue;
    ready_.push_back(Input::completion(handler.id, 0, true));
    handled = true;
  }
  if (signal != SIGINT || handled) return;
  for (const OperationId id : interrupts_) ready_.push_back(Input::completion(id, 0, true));
}

}  // namespace rondo::sim
