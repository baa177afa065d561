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

struct GeneratorListTag;

/// The part of a generator that knows no value type. Counted: its handles and a close that runs hold references.
class GeneratorCore : public PromiseBase, public Link<GeneratorListTag> {
 public:
  static void* operator new(std::size_t size) { return allocate_frame<PlainHead>(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate_frame<PlainHead>(frame, size); }

  GeneratorCore();
  ~GeneratorCore();

  generator::State& state_in(const decltype(generator::diagram)&) { return state_; }
  generator::State state() const { return state_; }
  void perform(generator::Do) {}
  bool begun() const { return begun_; }

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) handle().destroy();
  }

  /// Why `what` cannot be done: the generator is running already, or no loop is; else null.
  std::exception_ptr refusal(const char* what);
  /// True if control is back from the body: it has yielded or ended.
  bool paused() const { return state_ != generator::State::running && state_ != generator::State::closing; }
  void unhandled_exception() noexcept;
  void return_void() noexcept { result.kind = ResultCore::Kind::value; }
  std::suspend_always initial_suspend() const noexcept { return {}; }

  /// Control goes back to whoever asked.
  void give_back() {
    if (handed_over) here.kernel->run_next(link->parent);
  }

  ResultCore result;

 private:
  friend class GeneratorAwaiter;
  friend class GeneratorClose;
  generator::State state_ = generator::State::fresh;
  bool begun_ = false;
  bool closed_ = false;  // it was closed; if it still stands at a co_yield, it ignored that
  std::uint32_t references_ = 0;
};

struct GeneratorFinal {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
    GeneratorCore& core = handle.promise();
    core.ended = true;
    fire<generator::diagram, generator::Event::finish>(core);
    core.give_back();
  }
  void await_resume() const noexcept {}
};

struct GeneratorYield {
  GeneratorCore* core;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const {
    fire<generator::diagram, generator::Event::yield>(*core);
    core->give_back();
  }
  void await_resume() const {
    if (core->state() == generator::State::closing) throw GeneratorExit();
  }
};

/// Runs the body until it yields or ends; base of the awaits of next() and aclose().
class GeneratorAwaiter : public Awaiter, protected FrameLink {
 public:
  explicit GeneratorAwaiter(Ref<GeneratorCore> core) : core_(std::move(core)) {}

 protected:
  void mark_begun() { core_->begun_ = true; }
  /// False if control came back at once.
  bool run_body(FrameCore& frame);
  /// The body's error, if it ended with one: given once.
  void raise_error();

  Ref<GeneratorCore> core_;
  std::exception_ptr refusal_;
};

template <class T>
class AsyncGenerator;

template <class T>
class GeneratorPromise final : public GeneratorCore {
  static_assert(alignof(T) <= alignof(std::max_align_t), "over-aligned values are not supported: yield a pointer");

 public:
  AsyncGenerator<T> get_return_object();
  GeneratorFinal final_suspend() const noexcept { return {}; }
  template <class U = T>
    requires std::convertible_to<U, T>
  GeneratorYield yield_value(U&& from) {
    if (state() != generator::State::closing) value.emplace(std::forward<U>(from));
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
    mark_begun();
    fire<generator::diagram, generator::Event::next>(*core_);
    return core_->paused();
  }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return run_body(frame_of(handle));
  }
  std::optional<T> await_resume() {
    raise_error();
    return std::exchange(static_cast<GeneratorPromise<T>&>(*core_).value, std::nullopt);
  }
  Outcome<std::optional<T>> outcome() {
    using Result = Outcome<std::optional<T>>;
    if (refusal_) return Result::of_error(refusal_);
    ResultCore& result = core_->result;
    if (result.error && result.kind == ResultCore::Kind::error) return Result::of_error(std::exchange(result.error, nullptr));
    if (result.error) return Result::of_cancelled(std::exchange(result.error, nullptr));
    return Result::of_value(std::exchange(static_cast<GeneratorPromise<T>&>(*core_).value, std::nullopt));
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

class Closing {
 public:
  explicit Closing(Ref<GeneratorCore> core) : core_(std::move(core)) {}
  GeneratorClose operator co_await() const { return GeneratorClose(core_); }

 private:
  Ref<GeneratorCore> core_;
};

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

  class Next {
   public:
    explicit Next(Ref<GeneratorCore> core) : core_(std::move(core)) {}
    GeneratorNext<T> operator co_await() const { return GeneratorNext<T>(core_); }

   private:
    Ref<GeneratorCore> core_;
  };

  /// Await it for the next value; std::nullopt once the body has returned, and for ever after. An error of the body is
  /// thrown once, and ends it. A cancellation reaches the body where it awaits. RuntimeError if another task is inside.
  Next next() const { return Next(checked()); }

  /// Await it to close the generator: GeneratorExit is thrown at its co_yield, and the body's clean-up runs in the
  /// awaiting task. A fresh one ends without running. RuntimeError if the body yields again, or runs in another task.
  /// A generator that is dropped instead is destroyed: destructors run, clean-up that awaits does not.
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
AsyncGenerator<T> GeneratorPromise<T>::get_return_object() {
  return AsyncGenerator<T>(Ref<GeneratorCore>(*this));
}

}  // namespace rondo
