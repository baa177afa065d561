// SPDX-License-Identifier: BSL-1.0
// sim.hpp - the simulated world: virtual time that jumps, jobs that run inline, and one oracle for every choice.
//
// When nothing is ready, time is moved to the next deadline, so an hour of sleeping takes no time, and a program runs
// the same way each time. Whatever the real world leaves open is asked of Oracle::choose, where 0 is what production
// does by default; the answers are the tape, from which a run can be repeated.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/executor.hpp>
#include <rondo/run.hpp>

namespace rondo::sim {

/// One answer of the oracle.
struct Choice {
  std::string site;      // what was asked
  std::uint32_t n;       // how many answers there were
  std::uint32_t answer;  // 0 .. n-1
  friend bool operator==(const Choice&, const Choice&) = default;
};
using Tape = std::vector<Choice>;

/// A replayed run asked something else than the tape answers.
class TapeMismatch : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The only source of variation in a simulated world. Seed 0 answers 0 always. Any other seed answers by site and by
/// how often that site was asked, so that a question more at one site changes no answer at another.
class Oracle {
 public:
  explicit Oracle(std::uint64_t seed) : seed_(seed) {}
  explicit Oracle(Tape replay) : replay_(std::move(replay)), replaying_(true) {}

  /// 0 .. n-1; n < 2 answers 0 and is not recorded. Throws TapeMismatch when the tape answers another question.
  std::uint32_t choose(std::string_view site, std::uint32_t n);
  const Tape& tape() const { return tape_; }

 private:
  struct Site {
    std::string name;
    std::uint64_t asked;
  };
  std::uint64_t seed_ = 0;
  Tape replay_;
  bool replaying_ = false;
  Tape tape_;
  std::vector<Site> sites_;
};

struct SimOptions {
  std::uint64_t seed = 0;          // 0: everything goes as in production by default
  const Tape* replay = nullptr;    // answers to repeat, instead of a seed
  Tape* record = nullptr;          // takes the answers given, also when the run fails
  bool debug = false;              // Loop::set_debug
};

/// A backend without a world: descriptors and real signals do not exist here, time is virtual.
class Backend final : public rondo::Backend {
 public:
  explicit Backend(SimOptions options = {});

  std::string_view name() const override { return "sim"; }
  Instant now() noexcept override { return now_; }
  std::span<const Input> reap(Instant deadline) override;
  void submit(std::span<const Output> outputs) override;
  void post(CallCore& call) noexcept override;
  void begin_interrupts(CallCore& call) override;
  void end_interrupts() override;

  Oracle& oracle() { return oracle_; }
  /// A signal arrives now, as far as the program can tell. SIGINT reaches the runner if nobody handles it.
  void raise_signal(int signal);

 private:
  /// A job that runs at its time, or a signal handler that waits for ever.
  struct Event {
    Instant when;
    std::uint64_t sequence;
    Output output;
  };
  void run_due();
  void start_job(const Output& output);

  Oracle oracle_;
  Instant now_{};
  std::uint64_t sequence_ = 0;
  std::vector<Event> events_;  // by (when, sequence)
  std::vector<Input> ready_;
  std::vector<Input> inputs_;
  Inbox inbox_;
  CallCore* interrupt_ = nullptr;
};

/// Runs `main` in a simulated world of its own, in virtual time that starts at 0. The same options give the same run.
template <class T>
T run(Coro<T> main, SimOptions options = {}, Place place = Place::here()) {
  Backend backend(options);
  struct Recorder {
    Backend& backend;
    Tape* record;
    ~Recorder() {
      if (record) *record = backend.oracle().tape();
    }
  } const recorder{backend, options.record};
  return rondo::run(backend, std::move(main), {options.debug, false, nullptr}, place);
}

}  // namespace rondo::sim
