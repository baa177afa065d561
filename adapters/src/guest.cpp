// SPDX-License-Identifier: BSL-1.0
// guest.cpp - the thread and the host take turns: while one waits for the backend, the other does not touch it.
//
//     host:    turn | lets the thread wait ......................... turn | ...
//     thread:       | waits: in reap(), or for the descriptor | posts     |
#include <rondo/adapters/guest.hpp>

#include <poll.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rondo::adapters::guest {
namespace {

/// What the thread, the host and the functions that were posted share.
class Wait : public std::enable_shared_from_this<Wait> {
 public:
  Wait(HostedCore& core, Post post)
      : core_(&core), backend_(&core.backend()), descriptor_(backend_->descriptor()), post_(std::move(post)) {}

  /// The thread.
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return waits_ || leaves_; });
      if (!waits_) return;
      lock.unlock();
      const auto [in, failure] = wait();
      lock.lock();
      inputs_ = in;
      failure_ = failure;
      waits_ = false;
      changed_.notify_one();
      if (leaves_) return;
      lock.unlock();
      post_turn();
      lock.lock();
    }
  }

  // --- on the host's thread ------------------------------------------------------------------------------------------

  /// From here on the backend is the thread's.
  void go(Instant until) {
    {
      const std::lock_guard lock(mutex_);
      until_ = until;
      waits_ = true;
    }
    changed_.notify_one();
  }
  /// Has the thread come back soon. False if it does not wait.
  bool interrupt() {
    const std::lock_guard lock(mutex_);
    if (waits_) core_->interrupt();
    return waits_;
  }
  /// Until the backend is the host's again.
  void halt() {
    if (!interrupt()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !waits_; });
  }
  std::span<const Input> reap() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return descriptor_ < 0 ? std::exchange(inputs_, {}) : backend_->reap(Instant::min());
  }
  void leave() {
    core_ = nullptr;
    {
      const std::lock_guard lock(mutex_);
      leaves_ = true;
    }
    changed_.notify_one();
  }
  void post_turn() {
    post_([self = shared_from_this()] { self->turn(); });
  }
  void post_notice() {
    post_([self = shared_from_this()] {
      if (self->core_) self->core_->notice();
    });
  }

 private:
  std::pair<std::span<const Input>, std::exception_ptr> wait() {
    try {
      if (descriptor_ < 0) return {backend_->reap(until_), nullptr};
      pollfd watched{descriptor_, POLLIN, 0};
      while (poll(&watched, 1, -1) < 0 && errno == EINTR) {
      }
      return {};
    } catch (...) {
      return {{}, std::current_exception()};
    }
  }
  /// One that was posted for an earlier wait does nothing: another one comes.
  void turn() {
    if (!core_) return;
    {
      const std::lock_guard lock(mutex_);
      if (waits_) return;
    }
    core_->turn();
  }

  HostedCore* core_;
  Backend* backend_;
  const int descriptor_;
  const Post post_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Instant until_{};
  bool waits_ = false;  // the thread waits, or is about to: the backend is its own
  bool leaves_ = false;
  std::span<const Input> inputs_;  // which no turn has had
  std::exception_ptr failure_;
};

class GuestHost final : public Host {
 public:
  GuestHost(HostedCore& core, Post post) : core_(&core), wait_(std::make_shared<Wait>(core, std::move(post))) {
    thread_ = std::thread([wait = wait_] { wait->run(); });
  }
  ~GuestHost() override {
    wait_->halt();
    wait_->leave();
    thread_.join();
  }
  void watch(bool on) noexcept override {
    if (!on) return wait_->halt();
    try {
      const Instant until = core_->deadline();
      if (until != Instant::min()) wait_->go(until);  // else wake() follows
    } catch (...) {
      wait_->post_turn();
    }
  }
  std::span<const Input> reap(Backend&) override { return wait_->reap(); }
  void wake() noexcept override {
    if (!wait_->interrupt()) wait_->post_turn();
  }
  void probe() noexcept override { wait_->post_notice(); }
  bool tells_of_its_end() const noexcept override { return false; }
  void forsake() noexcept override {}

 private:
  HostedCore* core_;
  std::shared_ptr<Wait> wait_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, Post post) { return std::make_unique<GuestHost>(core, std::move(post)); }

}  // namespace rondo::adapters::guest
