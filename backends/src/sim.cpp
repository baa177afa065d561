// SPDX-License-Identifier: BSL-1.0
// sim.cpp - the events of the simulated world, and the oracle.
#include <rondo/backends/sim.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

namespace rondo::sim {
namespace {

/// FNV-1a; std::hash differs between standard libraries.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

/// SplitMix64's finaliser.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// How long a job takes in virtual time, by the oracle's answer: production's default here is "no time at all".
constexpr std::array<std::int64_t, 8> job_durations_ns = {0,         1'000,      100'000,       1'000'000,
                                                          5'000'000, 20'000'000, 1'000'000'000, 60'000'000'000};

}  // namespace

std::uint32_t Oracle::choose(std::string_view site, std::uint32_t n) {
  if (n < 2) return 0;
  std::uint32_t answer = 0;
  if (replaying_) {
    const std::size_t at = tape_.size();
    if (at < replay_.size()) {
      if (replay_[at].site != site || replay_[at].n != n) {
        replaying_ = false;  // from here on 0, so that the program can be wound up
        throw TapeMismatch("choice " + std::to_string(at) + ": the run asks '" + std::string(site) + "' of " +
                           std::to_string(n) + ", the tape answers '" + replay_[at].site + "' of " +
                           std::to_string(replay_[at].n));
      }
      answer = replay_[at].answer;
      if (answer >= n) {
        replaying_ = false;
        throw TapeMismatch("choice " + std::to_string(at) + ": the tape answers " + std::to_string(answer) + " to '" +
                           std::string(site) + "', which has " + std::to_string(n) + " answers");
      }
    }
  } else if (seed_ != 0) {
    auto known = std::find_if(sites_.begin(), sites_.end(), [&](const Site& s) { return s.name == site; });
    if (known == sites_.end()) known = sites_.insert(sites_.end(), {std::string(site), 0});
    const std::uint64_t draw = mix(mix(seed_ ^ hash(site)) + ++known->asked * 0x9E3779B97F4A7C15ULL);
    answer = static_cast<std::uint32_t>((draw >> 32) * n >> 32);
  }
  tape_.push_back({std::string(site), n, answer});
  return answer;
}

Backend::Backend(SimOptions options) : oracle_(options.replay ? Oracle(*options.replay) : Oracle(options.seed)) {
  ready_.reserve(256);  // what submit() must be able to report when memory is short
  inputs_.reserve(256);
}

std::span<const Input> Backend::reap(Instant deadline) {
  run_due();
  inbox_.take(ready_);
  if (ready_.empty()) {
    const Instant next = events_.empty() ? never : events_.front().when;
    const Instant until = std::min(deadline, next);
    if (until != never && until > now_) now_ = until;
    run_due();
    if (until == never && ready_.empty()) inbox_.wait();  // only another thread can do something now
    inbox_.take(ready_);
  }
  inputs_.clear();
  std::swap(inputs_, ready_);
  return inputs_;
}

void Backend::run_due() {
  while (!events_.empty() && events_.front().when <= now_) {
    const Event event = events_.front();
    events_.erase(events_.begin());
    event.output.job->run();
    ready_.push_back(Input::completion(event.output.id, 0));
  }
}

void Backend::submit(std::span<const Output> outputs) {
  std::exception_ptr failure;
  for (const Output& output : outputs) {
    if (output.verb == Output::Verb::cancel) {
      const auto at = std::find_if(events_.begin(), events_.end(),
                                   [&](const Event& event) { return event.output.id == output.id; });
      if (at == events_.end()) continue;  // it has run, and its completion is on the way
      events_.erase(at);
      ready_.push_back(Input::completion(output.id, -ECANCELED));
      continue;
    }
    switch (output.kind) {
      case OperationKind::job:
        try {
          start_job(output);
        } catch (...) {  // the tape asks for another run, or memory is short: the job has its completion all the same
          failure = std::current_exception();
          ready_.push_back(Input::completion(output.id, -ECANCELED));
        }
        break;
      case OperationKind::signal:
        events_.push_back({never, sequence_++, output});
        break;
      case OperationKind::readable:
      case OperationKind::writable:
        ready_.push_back(Input::completion(output.id, -ENOTSUP));  // there are no descriptors here
        break;
      default:
        ready_.push_back(Input::completion(output.id, -ENOTSUP));
        break;
    }
  }
  if (failure) std::rethrow_exception(failure);  // with every output taken, as the contract wants
}

void Backend::start_job(const Output& output) {
  const auto answer = oracle_.choose("job.duration", job_durations_ns.size());
  const Event event{after(now_, Duration(job_durations_ns[answer])), sequence_++, output};
  const auto at =
      std::find_if(events_.begin(), events_.end(), [&](const Event& other) { return other.when > event.when; });
  events_.insert(at, event);
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
  for (const Event& event : events_) {
    if (event.output.kind != OperationKind::signal || event.output.handle != signal) continue;
    ready_.push_back(Input::completion(event.output.id, 0, true));
    return;
  }
  if (signal == SIGINT && interrupt_) post(*std::exchange(interrupt_, nullptr));
}

}  // namespace rondo::sim
