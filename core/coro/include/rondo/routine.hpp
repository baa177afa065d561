// SPDX-License-Identifier: BSL-1.0
// routine.hpp - tasks written by hand as state machines, without a coroutine.
//
// For code that has states of its own (a protocol, a game loop) or may not use coroutine frames. A Routine is a task
// like any other: it can be awaited, gathered, cancelled, and stands in dumps.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <rondo/sleep.hpp>
#include <rondo/task.hpp>

namespace rondo {

/// What a step of a Routine wants next.
template <class T>
class Next {
 public:
  enum class Kind : std::uint8_t { yield, sleep, wait, finish };

  /// Be stepped again in the next batch.
  static Next yield() { return Next(Kind::yield); }
  /// Be stepped again when `delay` has passed.
  static Next sleep(Delay wanted) {
    const Duration delay = wanted;
    Next next(delay <= Duration::zero() ? Kind::yield : Kind::sleep);
    next.delay = delay;
    return next;
  }
  /// Be stepped again when `future` is done (at once in the next batch if it is).
  template <class U>
  static Next wait(const Future<U>& future) {
    Next next(Kind::wait);
    next.future = Ref<FutureCore>(future.core());
    return next;
  }
  /// End with this value.
  template <class U = T>
    requires(!std::is_void_v<T> && std::convertible_to<U, T>)
  static Next finish(U&& value) {
    Next next(Kind::finish);
    next.value = std::forward<U>(value);
    return next;
  }
  static Next finish()
    requires std::is_void_v<T>
  {
    return Next(Kind::finish);
  }

  Kind kind;
  Duration delay{};
  Ref<FutureCore> future;
  std::optional<ValueOf<T>> value;

 private:
  explicit Next(Kind k) : kind(k) {}
};

template <class T = void>
class Routine {
 public:
  using value_type = T;
  virtual ~Routine() = default;

  /// Called each time the task is resumed. What it throws ends the task with that error.
  virtual Next<T> step() = 0;

  /// Called instead when a cancellation is delivered, or when the future it waited for was cancelled. The default ends
  /// the task as cancelled; return a Next to go on.
  virtual Next<T> cancelled(const CancelledError& error) { throw error; }
};

template <class T>
class RoutineState final : public RoutineCore {
 public:
  RoutineState(Kernel& kernel, std::unique_ptr<Routine<T>> routine, TaskOptions options, Place created)
      : RoutineCore(EntryKind::routine, kernel, nullptr, result_,
                    context_for(options.context), options.name, created),
        routine_(std::move(routine)) {
    fire<machines::frame::Event::part>(frame_);
  }

  void step() override {
    std::optional<CancelledError> cancel;
    const std::uint8_t taken = take_deliveries();
    if (taken & ~deliver_misuse) {
      cancel.emplace(delivered_message(taken));
    } else if (waited_ && waited_->was_cancelled()) {
      cancel.emplace(cancel_message(waited_->retrieve()));
    }
    end_sleep();
    const Ref<FutureCore> waited = std::move(waited_);
    try {
      if (taken == deliver_misuse) std::rethrow_exception(misuse_of(*waited));
      proceed(cancel ? routine_->cancelled(*cancel) : routine_->step());
    } catch (...) {
      note_failure(frame_, result_);
      end();
    }
  }
  void drop() noexcept override {
    end_sleep();
    waited_ = Ref<FutureCore>();
    routine_.reset();
  }
  void destroy_block() noexcept override {
    drop();
    destroy_pooled(*this, kernel());
  }

 private:
  using Kind = typename Next<T>::Kind;
  void end_sleep() noexcept {
    if (sleep_) kernel().disarm(*sleep_);
    sleep_.reset();
  }
  void end() { frame_.end(); }
  void proceed(Next<T> next) {
    Kernel& kernel = this->kernel();
    switch (next.kind) {
      case Kind::yield:
        return kernel.yield(frame_);
      case Kind::sleep:
        sleep_.emplace();
        kernel.arm_in(*sleep_, next.delay);
        return kernel.suspend(frame_, *sleep_);
      case Kind::wait:
        if (next.future->done()) return kernel.yield(frame_);
        waited_ = std::move(next.future);
        return kernel.suspend(frame_, *waited_);
      case Kind::finish:
        if constexpr (std::is_void_v<T>) next.value.emplace();
        result_.set(*std::move(next.value));
        return end();
    }
  }

  Result<T> result_;
  FrameCore frame_;  // only for its place in dumps; it is never resumed
  std::optional<SleepCore> sleep_;
  Ref<FutureCore> waited_;
  std::unique_ptr<Routine<T>> routine_;
};

/// Schedules a routine as a task.
template <class R, class T = typename R::value_type>
  requires std::derived_from<R, Routine<T>>
Task<T> create_task(std::unique_ptr<R> routine, TaskOptions options = {}, Place place = Place::here()) {
  Kernel& kernel = running_kernel("create_task");
  if (!routine) throw RuntimeError("create_task: the routine is a null pointer");
  auto& state = make_pooled<RoutineState<T>>(kernel, 0, kernel, std::move(routine), options, place);
  kernel.start(state);
  return Task<T>(Ref<FutureCore>(state));
}

}  // namespace rondo
