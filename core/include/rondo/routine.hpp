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
  static Next sleep(Duration delay) {
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

  /// Called instead when a cancellation is delivered, or when the future it waited for was cancelled. The default ends the task as cancelled; return a Next to go on.
  virtual Next<T> cancelled(const CancelledError& error) { throw error; }
};

/// A task without a coroutine, without its type.
class RoutineCore : public TaskCore {
 public:
  using TaskCore::TaskCore;
  virtual void step() = 0;
  virtual void destroy_block() noexcept = 0;
  /// The loop ends: lets go of the routine.
  virtual void drop() noexcept = 0;

 protected:
  ~RoutineCore() = default;
};

/// The wait of a routine that sleeps.
class RoutineSleep : public SleepCore {
 public:
  void begin(Kernel& kernel, FrameCore& frame, Duration delay);
  void end(Kernel& kernel) { kernel.disarm(*this); }
};

template <class T>
class RoutineState final : public RoutineCore {
 public:
  RoutineState(Kernel& kernel, std::unique_ptr<Routine<T>> routine, TaskOptions options, Place created)
      : RoutineCore(EntryKind::routine, kernel, nullptr, result_,
                    options.context ? *options.context : context_or_empty(), options.name, created),
        routine_(std::move(routine)) {}

  void step() override {
    Kernel& kernel = this->kernel();
    std::optional<CancelledError> cancel;
    if (sleep_) {
      if (const std::uint8_t taken = take_deliveries()) cancel.emplace(delivered_message(taken));
      sleep_->end(kernel);
      sleep_.reset();
    } else if (take_cancel()) {
      cancel.emplace(message());
    } else if (waited_ && waited_->was_cancelled()) {
      cancel.emplace(cancel_message(waited_->retrieve()));
    }
    waited_ = Ref<FutureCore>();
    try {
      proceed(cancel ? routine_->cancelled(*cancel) : routine_->step());
    } catch (...) {
      note_failure(frame_, result_);
      end();
    }
  }
  void drop() noexcept override {
    if (sleep_) sleep_->end(this->kernel());
    sleep_.reset();
    waited_ = Ref<FutureCore>();
    routine_.reset();
  }
  void destroy_block() noexcept override {
    Kernel& kernel = this->kernel();
    drop();
    this->~RoutineState();
    kernel.deallocate(this, sizeof(RoutineState));
  }

 private:
  using Kind = typename Next<T>::Kind;
  void end() {
    frame_.ended = true;
    kernel().run_next(&frame_);
  }
  void proceed(Next<T> next) {
    Kernel& kernel = this->kernel();
    switch (next.kind) {
      case Kind::yield:
        return kernel.yield(frame_);
      case Kind::sleep:
        sleep_.emplace();
        return sleep_->begin(kernel, frame_, next.delay);
      case Kind::wait:
        if (next.future->done()) return kernel.yield(frame_);
        waited_ = std::move(next.future);
        return kernel.suspend(frame_, *waited_);
      case Kind::finish:
        if constexpr (std::is_void_v<T>) {
          result_.set();
        } else {
          result_.set(*std::move(next.value));
        }
        return end();
    }
  }

  Result<T> result_;
  FrameCore frame_;  // only for its place in dumps; it is never resumed
  std::optional<RoutineSleep> sleep_;
  Ref<FutureCore> waited_;
  std::unique_ptr<Routine<T>> routine_;
};

/// Schedules a routine as a task.
template <class R, class T = typename R::value_type>
  requires std::derived_from<R, Routine<T>>
Task<T> create_task(std::unique_ptr<R> routine, TaskOptions options = {}, Place place = Place::here()) {
  Kernel& kernel = running_kernel("create_task");
  if (!routine) throw RuntimeError("create_task: the routine is a null pointer");
  void* memory = kernel.allocate(sizeof(RoutineState<T>));
  RoutineState<T>* state = nullptr;
  try {
    state = ::new (memory) RoutineState<T>(kernel, std::move(routine), options, place);
  } catch (...) {
    kernel.deallocate(memory, sizeof(RoutineState<T>));
    throw;
  }
  kernel.start(*state);
  return Task<T>(Ref<FutureCore>(*state));
}

}  // namespace rondo
