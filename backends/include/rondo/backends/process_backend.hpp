// SPDX-License-Identifier: BSL-1.0
// process_backend.hpp - what the backends of a real process share: the clock, the inbox, signals, and the desks for
// jobs, names, descriptors and children. What is left to each of them is how it waits and how it watches descriptors.
#pragma once

#include <cstdint>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/desk.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/backends/seam.hpp>
#include <rondo/backends/signals.hpp>
#include <rondo/endpoint.hpp>
#include <rondo/executors/thread_pool.hpp>
#include <rondo/kernel/facilities.hpp>

namespace rondo {

/// One loop at a time; everything but post() belongs to the loop's thread. Time is that of CLOCK_MONOTONIC.
class ProcessBackend : public Backend {
 public:
  ProcessBackend(const ProcessBackend&) = delete;
  ProcessBackend& operator=(const ProcessBackend&) = delete;

  Instant now() noexcept final;
  std::span<const Input> reap(Instant deadline) final;
  void submit(std::span<const Output> outputs) final;
  Poster& poster() noexcept final { return inbox_; }
  /// Everything; reports that no handler of the user's hears go to standard error, and RONDO_DEBUG=1 in the environment
  /// turns debug mode on.
  Features features() const noexcept final;

 protected:
  ProcessBackend(ThreadPoolOptions default_executor, Seam* seam);
  /// A derived class calls end_threads() before it goes: until then threads may call wake().
  ~ProcessBackend() override = default;
  void end_threads() { desks_.end(BackendDesks::Name::jobs); }

  /// Waits until something has happened, but not past `deadline` (Instant::min(): does not wait), and reports what has
  /// to `inputs_`.
  virtual void wait(Instant deadline) = 0;
  /// True if there is something to do that wait() must not sleep before.
  virtual bool unfinished() const { return false; }
  /// The inputs of the last reap() are not looked at any more, nor what bytes they brought.
  virtual void reclaim() {}
  /// Ends a wait(). From any thread.
  virtual void wake() noexcept = 0;
  /// What completes at once goes to `ready_`. A cancellation asks cancel_stranded() first.
  virtual void start_readiness(const Output& output) = 0;
  /// True for the handle of a socket, as long as it is not closed.
  virtual bool is_socket(int descriptor) const = 0;
  virtual void cancel_readiness(const Output& output) = 0;
  /// Operations of sockets. A cancelled one still has its terminal completion.
  virtual void start_socket(const Output& output) = 0;
  virtual void cancel_socket(const Output& output) = 0;
  /// Takes over a descriptor that does not block. 0, or why not: then it stays open.
  virtual int adopt(int descriptor, Medium medium) = 0;
  /// Closes what was adopted.
  virtual void drop(int descriptor) noexcept = 0;
  /// Closes a handle's descriptor; it blocks again if it did before it was adopted.
  void close_handle(int descriptor) noexcept;

  /// For waits whose descriptor was closed meanwhile, and whose number is another's now: only a cancellation ends them.
  template <class Ids>
  void strand(Ids& waiting) {
    stranded_.insert(stranded_.end(), waiting.begin(), waiting.end());
    waiting.clear();
  }
  /// True if it was one of those.
  bool cancel_stranded(const Output& output);

  /// Makes a timerfd (CLOCK_MONOTONIC) readable at `deadline`, to the nanosecond; `no_deadline` disarms it. False with
  /// errno.
  bool set_timer(int timer, Instant deadline) noexcept;
  Seam* seam() const { return seam_; }

  TransferDesk* transfers_ = nullptr;  // the short way to it, for a derived class that has one
  std::vector<Input> ready_;  // found by submit(), reported by the next reap()
  std::vector<Input> inputs_;
  Inbox inbox_;
  SignalDesk signals_;

 private:
  friend void facilities::jobs() noexcept;
  friend void facilities::names() noexcept;
  friend class DescriptorDesk;
  friend class ChildDesk;
  friend int adopt_ends(ProcessBackend& backend, std::span<const int> descriptors);

  void start(const Output& output);
  [[gnu::noinline]] void start_other(const Output& output);
  void start_at_desk(const Output& output);
  void cancel(const Output& output);
  /// What there is to give.
  std::span<const Input> inputs() {
    for (const BackendDesks::Name name : {BackendDesks::Name::names, BackendDesks::Name::processes}) {
      if (BackendDesk* const desk = desks_.find(name)) desk->answer(inputs_);
    }
    given_ = true;
    return inputs_;
  }
  void complete(const Output& output, std::int32_t result) { ready_.push_back(Input::completion(output.id, result)); }

  std::int64_t start_ns_;
  Seam* seam_;
  std::vector<OperationId> stranded_;
  bool given_ = false;  // inputs_ were given by the last reap()
  int unpolled_ = 0;  // reaps in a row that did not look at the world
  ThreadPoolOptions default_executor_;
  BackendDesks desks_;
};

}  // namespace rondo
