// SPDX-License-Identifier: BSL-1.0
// pool_worker.hpp - one worker of a process pool, as its parent sees it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <rondo/event.hpp>
#include <rondo/executors/pool_core.hpp>
#include <rondo/subprocess.hpp>

#include "ahead_slot.hpp"
#include "worker_frame.hpp"
#include "worker_life.hpp"

namespace rondo {

class PoolWorker : public std::enable_shared_from_this<PoolWorker> {
 public:
  PoolWorker(std::size_t number, const std::string& pool);

  /// All of its life, as a task: starts the process, gives it jobs, ends it.
  static Coro<> live(std::shared_ptr<PoolCore> pool, std::shared_ptr<PoolWorker> worker);

  std::size_t number() const { return number_; }
  /// Has a process that waits for a job.
  bool idle() const { return life_ == machines::worker::State::idle; }
  bool greeted() const { return machines::worker::was_ready(life_); }
  /// There is a job, or there will be none.
  void wake() {
    if (idle()) fire<machines::worker::Event::wake>(*this);
    wake_.set();
  }
  bool busy() const { return job_ != nullptr; }
  bool runs(const PoolJob& job) const { return job_.get() == &job; }
  /// At somebody's wish: its death is no surprise.
  void kill() noexcept;
  /// Lets go of what it runs, and of what it has taken.
  void fail_jobs(const std::exception_ptr& error);
  void cancel_jobs() noexcept;
  /// Lays the first job that waits ahead of this worker, if that is possible.
  void fill_ahead(PoolCore& pool);
  /// The job that lies ahead, if the worker has not taken it: then nobody will run it who is not given it.
  std::shared_ptr<PoolJob> take_back();
  bool has_ahead(const PoolJob& job) const { return ahead_.get() == &job; }
  /// 0 as long as there is none.
  int pid() const { return process_ && !process_->returncode() ? process_->pid() : 0; }

 private:
  class Presence;
  friend Firing;
  machines::worker::State& state_in(const decltype(machines::worker::diagram)&) { return life_; }
  bool was_killed() const { return machines::worker::was_killed(life_); }
  struct Frame {
    FrameHeader header;
    std::unique_ptr<char[]> body;
    std::string_view bytes() const { return {body.get(), static_cast<std::size_t>(header.size)}; }
  };
  Coro<> serve(PoolCore& pool);
  Coro<> start(const PoolCore& pool);
  Coro<> greet(const PoolCore& pool);
  void throw_not_ready(const std::exception_ptr& error) const;
  Coro<> wait_for_work(const PoolCore& pool);
  Coro<bool> find_job(PoolCore& pool);
  Coro<> begin(const RemoteCall& call);
  Coro<Frame> answer();
  void deliver(const Frame& answer);
  void begin_ahead();
  Coro<> say_goodbye();
  Coro<> bury(PoolCore& pool, std::exception_ptr reason);
  Coro<Frame> receive() const;
  Coro<> send(FrameHeader header, const std::string& bytes) const;
  static Coro<> watch(std::shared_ptr<PoolWorker> worker);
  static Coro<> read_errors(std::shared_ptr<PoolWorker> worker, StreamReader reader);
  void note_errors(std::string_view text);
  std::string obituary(const std::exception_ptr& reason, int returncode) const;
  std::string title() const;

  std::size_t number_;
  std::string name_;
  std::optional<Process> process_;
  std::shared_ptr<PoolJob> job_;
  bool begun_ = false;  // the process has said that it runs the job
  machines::worker::State life_ = machines::worker::State::starting;
  std::uint64_t calls_ = 0;
  std::uint64_t running_ = 0;  // the call that is answered next
  std::uint64_t left_ = 0;     // jobs that it may begin after this one
  std::optional<AheadSlot> slot_;
  std::shared_ptr<PoolJob> ahead_;  // what was laid there
  std::uint64_t ahead_call_ = 0;
  Event wake_;
  Event errors_ended_;
  std::string line_;       // of stderr, so far
  std::string last_line_;  // that was whole, and not empty
};

}  // namespace rondo
