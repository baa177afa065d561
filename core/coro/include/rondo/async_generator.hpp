// SPDX-License-Identifier: BSL-1.0
// async_generator.hpp - coroutines that give many values: co_yield in the body, co_await gen.next() outside.
//
// The body runs inside the task that asks, with no scheduling in between (PEP 525). Closing throws GeneratorExit at the
// co_yield where the generator stands, so that its body can clean up, and await while it does.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <rondo/coro.hpp>
#include <rondo/machines/generator.hpp>
#include <rondo/task.hpp>

namespace rondo {

struct GeneratorFrame;

/// The part of a generator that its handles hold. It lies in front of the frame, in the same block, and stays there
/// when the frame goes first: the loop in which a generator has begun ends its frame, whoever holds handles. Counted:
/// handles and the awaits that run it hold references.
class GeneratorCore : public ResidentOf<GeneratorCore> {
 public:
  GeneratorCore() = default;

  machines::generator::State state() const { return state_; }
  bool begun() const { return state_ != machines::generator::State::fresh; }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) drop();
  }

  /// The frame behind it has been made.
  void begin(GeneratorFrame& frame);
  /// Null once its loop has ended.
  GeneratorFrame* frame() const { return frame_; }
  /// The body's error, if it ended with one: given once.
  std::exception_ptr take_error();
  /// Why `what` cannot be done: the generator is running already, or no loop is; else null.
  std::exception_ptr refusal(const char* what);
  /// True if control is back from the body: it has yielded or ended.
  bool paused() const {
    using machines::generator::State;
    return state_ != State::running && state_ != State::closing && state_ != State::running_stubborn;
  }

  /// The loop ends: so does the frame, wherever it stands. A generator that has not begun may begin in another loop.
  void abandon() noexcept;
  /// The frame is being destroyed; its block stays as long as somebody holds a reference.
  void frame_gone(std::size_t size) noexcept;

 private:
  friend Firing;
  machines::generator::State& state_in(const decltype(machines::generator::diagram)&) { return state_; }
  void enter_loop();
  void drop() noexcept;
  void free() noexcept;

  GeneratorFrame* frame_ = nullptr;
  std::size_t block_size_ = 0;  // once the frame is gone
  std::uint32_t references_ = 0;
  machines::generator::State state_ = machines::generator::State::fresh;
};

/// What lies in front of the frame of a generator.
struct alignas(std::max_align_t) GeneratorHead {
  GeneratorCore core;
  Kernel* kernel;  // null: the block is from the global heap

  static GeneratorHead& of(void* frame) { return *(static_cast<GeneratorHead*>(frame) - 1); }
};
static_assert(sizeof(GeneratorHead) % alignof(std::max_align_t) == 0, "the frame behind it must be aligned");

/// The part of a generator's frame that knows no value type.
struct GeneratorFrame : PromiseBase<SharedFrame> {
  static void* operator new(std::size_t size) {
    void* const frame = allocate_frame<GeneratorHead>(size);
    ::new (&GeneratorHead::of(frame).core) GeneratorCore;
    return frame;
  }
  static void operator delete(void* frame, std::size_t size) noexcept { GeneratorHead::of(frame).core.frame_gone(size); }

  GeneratorCore& core() { return GeneratorHead::of(handle().address()).core; }
  void unhandled_exception() noexcept;
  void return_void() noexcept { result.kind = ResultCore::Kind::value; }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  /// Control goes back to whoever asked.
  void give_back() {
    if (apart()) hand_over_to(*link->parent);
  }

  ResultCore result;
};

inline std::exception_ptr GeneratorCore::take_error() {
  return frame_ ? std::exchange(frame_->result.error, nullptr) : nullptr;
}

struct GeneratorFinal {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
    GeneratorFrame& frame = handle.promise();
    fire<machines::generator::Event::finish>(frame.core());
    frame.end();
  }
  void await_resume() const noexcept {}
};

struct GeneratorYield {
  GeneratorFrame* frame;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const {
    fire<machines::generator::Event::yield>(frame->core());
    frame->give_back();
  }
  void await_resume() const {
    if (frame->core().state() == machines::generator::State::closing) throw GeneratorExit();
  }
};

/// Runs the body until it yields or ends; base of the awaits of next() and aclose().
class GeneratorAwaiter : public Awaiter, protected FrameLink {
 public:
  explicit GeneratorAwaiter(Ref<GeneratorCore> core) : core_(std::move(core)) {}

 protected:
  /// False if control came back at once.
  bool run_body(FrameCore& frame);
  void raise_error();

  Ref<GeneratorCore> core_;
  std::exception_ptr refusal_;
};

template <class T>
class AsyncGenerator;

template <class T>
class GeneratorPromise final : public GeneratorFrame {
  static_assert(!std::is_reference_v<T>, "a generator cannot yield references: yield a pointer or std::reference_wrapper");
  static_assert(fits_frames<T>, "over-aligned values are not supported: yield a pointer");

 public:
  AsyncGenerator<T> get_return_object(const char* function = __builtin_FUNCTION(), Place place = Place::here());
  GeneratorFinal final_suspend() const noexcept { return {}; }
  template <class U = T>
    requires std::convertible_to<U, T>
  GeneratorYield yield_value(U&& from) {
    if (core().state() != machines::generator::State::closing) value.emplace(std::forward<U>(from));
    return {this};
  }
  std::optional<T> value;
};

template <class T>
class GeneratorNext final : public GeneratorAwaiter {
 public:
  using value_type = std::optional<T>;
  using GeneratorAwaiter::GeneratorAwaiter;
  bool await_ready() {
    if ((refusal_ = core_->refusal("next"))) return true;
    fire<machines::generator::Event::next>(*core_);
    return core_->paused();
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return run_body(frame_of(handle));
  }
  std::optional<T> await_resume() {
    raise_error();
    return take_value();
  }
  Outcome<std::optional<T>> outcome() {
    using Result = Outcome<std::optional<T>>;
    if (refusal_) return Result::of_error(refusal_);
    if (auto error = core_->take_error()) {
      const bool failed = core_->frame()->result.kind == ResultCore::Kind::error;
      return failed ? Result::of_error(std::move(error)) : Result::of_cancelled(std::move(error));
    }
    return Result::of_value(take_value());
  }

 private:
  std::optional<T> take_value() {
    if (!core_->frame()) return std::nullopt;
    return std::exchange(static_cast<GeneratorPromise<T>&>(*core_->frame()).value, std::nullopt);
  }
};

/// The await that closes a generator, whatever it yields.
class GeneratorClose final : public GeneratorAwaiter {
 public:
  using value_type = void;
  using GeneratorAwaiter::GeneratorAwaiter;
  bool await_ready();
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return run_body(frame_of(handle));
  }
  void await_resume();
  Outcome<void> outcome();
};

using Closing = Awaits<GeneratorClose, Ref<GeneratorCore>>;

/// Closes a generator of any type; what run() does with those that are left.
Coro<void> close_generator(Ref<GeneratorCore> core);

template <class T>
class [[nodiscard]] AsyncGenerator {
 public:
  using promise_type = GeneratorPromise<T>;
  AsyncGenerator() = default;
  explicit AsyncGenerator(Ref<GeneratorCore> core) : core_(std::move(core)) {}
  AsyncGenerator(AsyncGenerator&&) noexcept = default;
  AsyncGenerator& operator=(AsyncGenerator&&) noexcept = default;

  using Next = Awaits<GeneratorNext<T>, Ref<GeneratorCore>>;

  /// Await it for the next value; std::nullopt once the body has returned, and for ever after. An error of the body is
  /// thrown once, and ends it. A cancellation reaches the body where it awaits. RuntimeError if another task is inside.
  Next next() const { return Next(checked()); }

  /// Await it to close the generator: GeneratorExit is thrown at its co_yield, and the body's clean-up runs in the
  /// awaiting task. A fresh one ends without running. RuntimeError if the body yields again, or runs in another task.
  /// A generator that is dropped instead is destroyed: destructors run, clean-up that awaits does not. So is one that
  /// has begun when its loop goes, however long its handles live: to them it has ended.
  Closing aclose() const { return Closing(checked()); }

  GeneratorCore& core() const { return *checked(); }
  explicit operator bool() const { return static_cast<bool>(core_); }

 private:
  Ref<GeneratorCore> checked() const {
    if (!core_) throw_empty_handle();
    return core_;
  }
  Ref<GeneratorCore> core_;
};

template <class T>
AsyncGenerator<T> GeneratorPromise<T>::get_return_object(const char* function, Place place) {
  check_frame(handle().address(), function, place);
  core().begin(*this);
  return AsyncGenerator<T>(Ref<GeneratorCore>(core()));
}

}  // namespace rondo

template <class T, class... Parameters>
struct std::coroutine_traits<rondo::AsyncGenerator<T>, Parameters...> {
  static_assert((rondo::fits_frames<Parameters> && ...),
                "over-aligned parameters are not supported in a coroutine: pass a reference or a pointer");
  using promise_type = rondo::GeneratorPromise<T>;
};
