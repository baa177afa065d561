// SPDX-License-Identifier: BSL-1.0
// call.hpp - callbacks: what call_soon, call_later, add_done_callback and other threads post.
#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <utility>

#include <rondo/context.hpp>
#include <rondo/future_core.hpp>
#include <rondo/kernel.hpp>
#include <rondo/machines/handle.hpp>
#include <rondo/timer_queue.hpp>

namespace rondo {

/// A callback without its type. Counted: the queue it stands in and every handle hold a reference.
class CallCore : public Timer {
 public:
  CallCore(const CallCore&) = delete;
  CallCore& operator=(const CallCore&) = delete;

  handle::State& state_in(const decltype(handle::diagram)&) { return state_; }
  handle::State state() const { return state_; }
  void perform(handle::Do effect);

  Kernel* kernel() const { return kernel_; }
  void adopt_kernel(Kernel& kernel) { kernel_ = &kernel; }
  Context& context() { return context_; }
  Instant when() const { return when_; }
  void set_when(Instant when) { when_ = when; }
  std::uint32_t id() const { return id_; }
  void set_id(std::uint32_t id) { id_ = id; }
  Place created() const { return created_; }

  /// Keeps the future whose completion posted this call until the call has run.
  void keep(FutureCore& future) { subject_ = Ref<FutureCore>(future); }
  void forget() { subject_ = Ref<FutureCore>(); }

  /// Runs the callable, if it was not dropped; the callable dies afterwards.
  virtual void invoke() = 0;

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) destroy();
  }

 protected:
  CallCore(Kernel* kernel, Context context, Place created)
      : Timer(EntryKind::call), kernel_(kernel), context_(std::move(context)), created_(created) {}
  virtual ~CallCore() = default;
  virtual void drop() noexcept = 0;
  virtual void destroy() noexcept = 0;

 private:
  handle::State state_ = handle::State::created;
  std::uint32_t references_ = 1;
  std::uint32_t id_ = 0;
  Kernel* kernel_;
  Context context_;
  Instant when_{};
  Place created_;
  Ref<FutureCore> subject_;
};

/// A callable in a block of the kernel's pool, or of the global heap when another thread made it.
template <class F>
class Call final : public CallCore {
 public:
  static Call& make(Kernel& kernel, F callable, Context context, Place created) {
    void* memory = kernel.allocate(sizeof(Call));
    return *::new (memory) Call(&kernel, std::move(callable), std::move(context), created, true);
  }
  static Call& make_foreign(F callable, Context context, Place created) {
    return *new Call(nullptr, std::move(callable), std::move(context), created, false);
  }

  void invoke() override {
    if (!callable_) return;
    F callable = std::move(*callable_);
    callable_.reset();
    std::move(callable)();
  }

 private:
  Call(Kernel* kernel, F&& callable, Context context, Place created, bool pooled)
      : CallCore(kernel, std::move(context), created), callable_(std::move(callable)), pooled_(pooled) {}
  void drop() noexcept override { callable_.reset(); }
  void destroy() noexcept override {
    if (!pooled_) return delete this;
    Kernel* home = kernel();
    this->~Call();
    home->deallocate(this, sizeof(Call));
  }
  friend class std::optional<F>;

  std::optional<F> callable_;
  bool pooled_;
};

/// What call_soon() and its relatives give back. Copyable; dropping it changes nothing.
class Handle {
 public:
  Handle() = default;
  explicit Handle(CallCore& core) : core_(core) {}
  CallCore* core() const { return core_.get(); }

  /// The callback does not run any more, even if it stands in the batch that runs now. Never an error.
  void cancel();
  /// True after cancel(), also when the callback had run before (as asyncio's).
  bool cancelled() const { return core_ && core_->state() == handle::State::cancelled; }

 protected:
  Ref<CallCore> core_;
};

/// A Handle with a deadline.
class TimerHandle : public Handle {
 public:
  using Handle::Handle;
  Instant when() const { return core_ ? core_->when() : never; }
};

}  // namespace rondo
