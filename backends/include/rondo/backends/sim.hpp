// SPDX-License-Identifier: BSL-1.0
// sim.hpp - the simulated world: virtual time that jumps, jobs that run inline, a network in memory (sim_network.hpp),
// and one oracle for every choice.
//
// When nothing is ready, time is moved to the next deadline, so an hour of sleeping takes no time, and a program runs
// the same way each time. Whatever the real world leaves open is asked of Oracle::choose, where 0 is what production
// does by default; the answers are the tape, from which a run can be repeated.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/backends/sim_alarm.hpp>
#include <rondo/backends/sim_network.hpp>
#include <rondo/backends/sim_oracle.hpp>
#include <rondo/backends/sim_programs.hpp>
#include <rondo/backends/sim_timeline.hpp>
#include <rondo/executor.hpp>
#include <rondo/run.hpp>

namespace rondo::sim {

class Processes;

/// The simulated world has run for longer than SimOptions allows. what() lists the tasks.
class LimitExceeded : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct SimOptions {
  std::uint64_t seed = 0;          // 0: everything goes as in production by default
  const Tape* replay = nullptr;    // answers to repeat, instead of a seed; copied during the call
  Tape* record = nullptr;          // takes the answers given, also when the run fails: must live as long as the run
  bool debug = false;              // Loop::set_debug
  const std::vector<Name>* names = nullptr;  // what lookups find, besides localhost; copied during the call
  const Programs* programs = nullptr;  // what subprocesses run; must live as long as the run
  bool worker_faults = false;  // workers of process pools may die, and lose answers, as the oracle says
  /// A run that takes longer ends with LimitExceeded: tasks that yield to each other for ever, a heartbeat that nobody
  /// stops. Steps are the loop's; time is virtual. The run is wound up with as much again.
  /// 0 steps: no limit.
  std::uint64_t max_steps = 1'000'000;
  Delay max_time = std::chrono::hours(24 * 365 * 100);
};

/// A backend without a world: descriptors and real signals do not exist here, time is virtual.
class SimBackend final : public Backend {
 public:
  explicit SimBackend(SimOptions options = {});
  ~SimBackend() override;

  std::string_view name() const override { return "sim"; }
  Instant now() noexcept override { return timeline_.now(); }
  std::span<const Input> reap(Instant deadline) override;
  void submit(std::span<const Output> outputs) override;
  Poster& poster() noexcept override { return inbox_; }
  Features features() const noexcept override;
  /// True when nothing is planned, and no signal handler waits: operations of the network that are left wait for ever.
  bool stuck() const override;
  bool has_ended(std::int32_t handle) const override { return network_.has_ended(handle); }

  Oracle& oracle() { return oracle_; }
  /// A signal arrives now, as far as the program can tell. SIGINT reaches the runner if nobody handles it.
  void raise_signal(int signal);

 private:
  class JobEnd;
  void start(const Output& output);
  void cancel(OperationId id);
  void start_job(const Output& output);
  void run_due();
  void check_limits();

  Oracle oracle_;
  Timeline timeline_;
  Network network_;
  std::shared_ptr<Processes> processes_;
  std::map<std::uint32_t, JobEnd*> jobs_;  // by slot; the timeline has them
  std::vector<Output> signals_;            // handlers, in the order in which they came
  std::vector<Input> ready_;
  std::vector<Input> inputs_;
  Alarm alarm_;
  Inbox inbox_{[](void* alarm) { static_cast<Alarm*>(alarm)->ring(); }, &alarm_};
  std::vector<OperationId> interrupts_;
  std::uint64_t max_steps_;
  std::uint64_t most_steps_;
  Duration max_time_;
  Instant latest_;
};

/// Runs `main` in a simulated world of its own, in virtual time that starts at 0. The same options give the same run.
template <class T>
T run(Coro<T> main, SimOptions options = {}, Place place = Place::here()) {
  SimBackend backend(options);
  struct Recorder {
    SimBackend& backend;
    Tape* record;
    ~Recorder() {
      if (record) *record = backend.oracle().tape();
    }
  } const recorder{backend, options.record};
  return rondo::run(backend, std::move(main), {options.debug, false, nullptr}, place);
}

}  // namespace rondo::sim
