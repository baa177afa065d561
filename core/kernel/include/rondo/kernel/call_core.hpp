// SPDX-License-Identifier: BSL-1.0
// call_core.hpp - a callback without its type: on its way through the queue, a timer or a future.
#pragma once

#include <cstdint>
#include <utility>

#include <rondo/kernel/kernel.hpp>
#include <rondo/machines/handle.hpp>

namespace rondo {

/// The queue it stands in and every handle hold a reference.
class CallCore : public Timer, public RefCounted<CallCore> {
 public:
  CallCore(const CallCore&) = delete;
  CallCore& operator=(const CallCore&) = delete;

  machines::handle::State state() const { return state_; }

  Kernel* kernel() const { return kernel_; }
  Context& context() { return context_; }
  /// Until it is placed: the earliest that it may be.
  Instant when() const { return armed() ? kernel_->timers().when(*this) : when_; }
  std::uint32_t id() const { return id_; }
  Place created() const { return created_; }

  // --- its ways to its turn -----------------------------------------------------------------------------------------

  void post();
  /// The same for one that another thread has made.
  void post_to(Kernel& kernel);
  void arm(Instant when);
  void arm_in(Duration delay);
  /// Posts it when `future` is done: at once if it is. The call holds the future from then until it has run.
  void attach_to(FutureCore& future);
  /// `future`, to which it was attached, is done.
  void due(FutureCore& future);
  void due() { fire<machines::handle::Event::due>(*this); }
  void cancel() { fire<machines::handle::Event::cancel>(*this); }
  /// The same. In debug mode RuntimeError on a thread that is not the loop's.
  void cancel_from_handle();

 protected:
  CallCore(Kernel* kernel, Context context, Place created)
      : Timer(&run_entry, EntryKind::call), kernel_(kernel), context_(std::move(context)), created_(created) {}
  virtual ~CallCore() = default;
  /// Runs the callable, if it was not dropped; the callable dies afterwards.
  virtual void invoke() = 0;
  virtual void drop() noexcept = 0;
  virtual void destroy() noexcept = 0;

 private:
  friend Firing;
  machines::handle::State& state_in(const decltype(machines::handle::diagram)&) { return state_; }
  void perform(machines::handle::Do effect);
  friend RefCounted;
  static void run_entry(Hook& hook);
  template <machines::handle::Event event>
  void begin(Instant when);
  machines::handle::State state_ = machines::handle::State::created;
  std::uint32_t id_ = 0;
  Kernel* kernel_;
  Context context_;
  Instant when_{};
  Place created_;
  Ref<FutureCore> subject_;
};

}  // namespace rondo
