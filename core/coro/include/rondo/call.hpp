// SPDX-License-Identifier: BSL-1.0
// call.hpp - callbacks: what call_soon, call_later, add_done_callback and other threads post.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/kernel/call_core.hpp>
#include <rondo/backend.hpp>
#include <rondo/kernel/pooled.hpp>
#include <rondo/kernel/result.hpp>

namespace rondo {

struct CallOptions {
  Context* context = nullptr;  // what the callback runs in (copy_context()); null: the values that the caller has now
};

/// True for what does nothing until it is awaited: a coroutine, a generator, sleep(), queue.get(). Futures and tasks go
/// on by themselves.
template <class T>
concept OnlyAwaited =
    (requires { typename T::promise_type; } || requires(T& value) { std::move(value).operator co_await(); }) &&
    !requires(const T& value) { value.done(); };

/// A callback is called, and what it gives is dropped: so it must not be what only an await would run.
template <class Given>
constexpr void refuse_coroutine() {
  static_assert(!OnlyAwaited<std::remove_cvref_t<Given>>,
                "a coroutine function cannot be a callback, since nobody would run it; nor can one that gives anything "
                "else to be awaited: call a function that calls create_task(), as in "
                "[=] { static_cast<void>(create_task(f())); }");
}

/// A callable in a block of the kernel's pool, or of the poster's when another thread made it.
template <class F>
class Call final : public CallCore {
  static_assert(fits_frames<F>, "over-aligned closures are not supported as callbacks: capture a pointer");

 public:
  static Call& make(Kernel& kernel, F callable, Context context, Place created) {
    return make_pooled<Call>(kernel, 0, &kernel, std::move(callable), std::move(context), created, nullptr);
  }
  static Call& make_foreign(Poster& poster, F callable, Context context, Place created) {
    const Poster::Block block = poster.allocate(sizeof(Call));
    try {
      return *::new (block.memory) Call(nullptr, std::move(callable), std::move(context), created, block.free);
    } catch (...) {
      block.free(block.memory);
      throw;
    }
  }
  Call(Kernel* kernel, F&& callable, Context context, Place created, Poster::Free* free)
      : CallCore(kernel, std::move(context), created), callable_(std::move(callable)), free_(free) {}

 private:
  void invoke() override {
    if (!callable_) return;
    F callable = std::move(*callable_);
    callable_.reset();
    refuse_coroutine<std::invoke_result_t<F>>();
    std::move(callable)();
  }
  void drop() noexcept override { callable_.reset(); }
  void destroy() noexcept override {
    if (Poster::Free* const free = free_) {
      this->~Call();
      return free(this);
    }
    if (kernel()->leaks_here()) [[unlikely]] return kernel()->report_leak("the callback", created());
    destroy_pooled(*this, *kernel());
  }

  std::optional<F> callable_;
  Poster::Free* free_;  // null: a block of the kernel's pool
};

/// What call_soon() and its relatives give back. Copyable; dropping it changes nothing.
class Handle {
 public:
  Handle() = default;
  explicit Handle(CallCore& core) : core_(core) {}
  CallCore* core() const { return core_.get(); }

  /// The callback does not run any more, even if it stands in the batch that runs now. Never an error.
  void cancel() {
    if (core_) core_->cancel_from_handle();
  }
  /// True after cancel(), also when the callback had run before (as asyncio's).
  bool cancelled() const { return core_ && core_->state() == machines::handle::State::cancelled; }

 protected:
  Ref<CallCore> core_;
};

/// A Handle with a deadline.
class TimerHandle : public Handle {
 public:
  using Handle::Handle;
  Instant when() const { return core_ ? core_->when() : no_deadline; }
};

}  // namespace rondo
