// SPDX-License-Identifier: BSL-1.0
// hosted_core.hpp - a loop inside somebody else's, without the type of its result: turns, the orderly end, and misuse.
//
// The host sleeps, and watches one descriptor of the backend. docs/hosts.md draws who wakes whom.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <thread>

#include <rondo/adapters/host.hpp>
#include <rondo/coro/ending.hpp>
#include <rondo/driver.hpp>
#include <rondo/loop.hpp>

namespace rondo::adapters {

struct HostedOptions {
  TurnLimits limits = {};      // what one turn may do before the host goes on: a GUI sets `time` to a part of its frame
  int priority = 0;            // of the watch, in the host's own numbers (GLib, sd-event, libev); 0 is their usual one
  Backend* backend = nullptr;  // must outlive the hosted loop; null: a new one, of the kind that run() uses
  bool debug = false;          // Loop::set_debug
  std::pmr::memory_resource* resource = nullptr;  // of the loop, which it must outlive; null: new and delete
};

/// What the handle and the adapter share. Belongs to the thread that made it, which must be the one that runs the host.
class HostedCore : public RefCounted<HostedCore> {
 public:
  HostedCore(const HostedCore&) = delete;
  HostedCore& operator=(const HostedCore&) = delete;
  void destroy() noexcept;

  // --- for adapters --------------------------------------------------------------------------------------------------

  /// Before the host sleeps. True: turn() is due, do not sleep. False: the descriptor is readable when it will be, at
  /// the next deadline at the latest. Costs no system call if the deadline is that of the last time.
  bool prepare() noexcept;
  /// The same for who can only wait for the descriptor. False if the backend cannot make it readable: then have turn()
  /// called in another way.
  bool arm() noexcept;
  /// Takes what the backend has, and runs what is ready, within the limits. The last turn takes this out of the host.
  /// Inside a turn, as a nested loop of the host may call it, it does nothing: the outer one goes on.
  void turn() noexcept;
  /// The host is gone: forsakes it, and abandons what is left. Inside a turn, when that ends; on another thread, when
  /// the host's thread does that, or ends.
  void host_gone() noexcept;
  /// The thread ends, and with it the host, whether it has told or not.
  void thread_ends() noexcept;
  /// Something of the host runs. Inside a turn that is a nested loop.
  void notice() noexcept {
    if (turning_) note_nested();
  }
  /// Has a reap() of another thread, or the descriptor, tell at once.
  void interrupt() { loop_->call_soon_threadsafe([] {}); }
  Backend& backend() const { return *backend_; }
  /// Until when the host may sleep, as Driver::deadline().
  Instant deadline();

  // --- for handles ---------------------------------------------------------------------------------------------------

  bool ended() const { return ended_; }
  /// RuntimeError once nothing of the loop runs any more.
  Loop& loop() const;
  bool cancel(const Message& message);
  /// Reports what is left, destroys it, and takes this out of the host. Waits for nothing but jobs that run.
  void abandon() noexcept;
  std::uint64_t turns() const { return turns_; }
  bool turning() const { return turning_; }
  /// RuntimeError on another thread than the host's.
  void check_thread(const char* what) const;

 protected:
  /// RuntimeError if `options.backend` is driven already.
  HostedCore(const char* host, const HostedOptions& options, std::unique_ptr<Backend> (*make_backend)());
  virtual ~HostedCore();

  /// RuntimeError, which names a way out, if the backend has no descriptor.
  void need_descriptor() const;
  /// It is in `host`, and keeps itself alive from now on. `main` begins with the first turn.
  void begin(std::unique_ptr<Host> host, FutureCore& main);

  /// The main task is done, or will not be: `failure` is why, or null.
  virtual void take_outcome(FutureCore& main, std::exception_ptr failure) = 0;
  /// The end has failed, but for what take_outcome() has got.
  virtual void fail(std::exception_ptr failure) = 0;
  /// Everything has ended.
  virtual void tell() noexcept = 0;
  void report(const char* what, std::exception_ptr error) noexcept;
  /// The error of main, if nobody has asked for its outcome or been told; once.
  virtual std::exception_ptr take_unheeded_error() = 0;

 private:
  static void wake(void* self) noexcept;
  bool is_at_home() noexcept;
  void note_nested() noexcept;
  void report_unheeded() noexcept;
  void run(std::span<const Input> in);
  void run_to_end(std::span<const Input> in);
  void begin_end(std::exception_ptr failure);
  void end_turn() noexcept;
  void destroy_rest() noexcept;
  void leave() noexcept;
  void free_loop() noexcept;

  const char* name_;  // of the host
  TurnLimits limits_;
  std::thread::id home_ = std::this_thread::get_id();
  std::unique_ptr<Backend> own_backend_;
  Backend* backend_;
  std::unique_ptr<Loop> loop_;
  ReportFunction print_ = nullptr;  // what the backend would have reports do once the loop is gone
  std::optional<Driver> driver_;                  // until the main task is done
  std::optional<Ending> ending_;                  // from then on
  std::optional<StopHook> stop_;
  Ref<FutureCore> main_;
  std::unique_ptr<Host> host_;
  Ref<HostedCore> self_;        // while it is in the host
  std::exception_ptr failure_;  // of the backend, outside of a turn
  std::uint64_t turns_ = 0;
  std::uint32_t failures_ = 0;  // of the backend, one after the other
  bool ended_ = false;
  bool turning_ = false;        // or ending: nobody may come in
  bool nested_ = false;         // a nested loop was noticed in this turn
  bool abandoned_ = false;      // inside a turn
  std::atomic<bool> strayed_ = false;       // another thread was noticed
  std::atomic<bool> host_is_gone_ = false;  // which another thread has noticed
};

}  // namespace rondo::adapters
