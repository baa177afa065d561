// SPDX-License-Identifier: BSL-1.0
// coro.hpp - the coroutine front: Coro<T>, its frame, and how control passes between frames.
//
// Awaiting a Coro runs it inside the awaiting task. Its first run happens on the native stack, inside the parent's
// await (the fastest way); if it suspends, the parent is marked and the runner resumes it when the child has ended.
// Beyond Kernel::stack_for_nesting bytes of nested first runs the runner starts the child instead, so that neither deep
// chains nor long rows of awaits grow the stack, on any compiler, without relying on tail calls.
//
// In front of every frame is room for the task that it may become: see kernel/frame_head.hpp.
#pragma once

#include <rondo/kernel/language.hpp>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>
#include <rondo/kernel/frame_head.hpp>

namespace rondo {

/// Keeps the exception in flight as the frame's result and notes the frame in the task's await stack.
void note_failure(FrameCore& frame, ResultCore& result) noexcept;

/// The end of a coroutine: its awaiter goes on, or its task is done.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
    handle.promise().end();
  }
  void await_resume() const noexcept {}
};

[[noreturn]] void throw_misplaced_frame(const char* function, Place place);

/// GCC 12, PR 106188: in a coroutine without a local variable, the result of a condition that awaits is put in front of
/// the frame. The promise, and so the frame as its handle has it, stand 8 bytes too high then (or more, if there are
/// many conditions): each resume would read what is not there. Nothing has run yet where this is called, so that an
/// error does no harm.
inline void check_frame([[maybe_unused]] const void* frame, [[maybe_unused]] const char* function,
                        [[maybe_unused]] Place place) {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  if (reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t) != 0) [[unlikely]] {
    throw_misplaced_frame(function, place);
  }
#endif
}

/// What all coroutine frames of rondo share, whatever they return.
template <class Frame>
struct PromiseBase : Frame {
  template <class A>
    requires Awaitable<A>
  auto await_transform(A&& awaitable, Place::Pointer here = __builtin_source_location()) {
    this->at = Place::at(here);
    return awaiter_of(std::forward<A>(awaitable));
  }
  template <class A>
  auto await_transform(Unnoted<A>&& own) {
    this->at = Place();
    return awaiter_of(std::forward<A>(own.awaitable));
  }
  template <class A>
    requires(!Awaitable<A>)
  auto await_transform(A&&) {
    static_assert(Awaitable<A>, "a rondo coroutine can await rondo's awaitables only: Coro, Task, Future, sleep(), ...");
  }
};

template <class T>
class Coro;
template <class T>
class CoroAwaiter;

/// How a coroutine leaves its value. A class of its own, since a promise has either return_value or return_void.
template <class T>
struct ReturnsValue : PromiseBase<FrameCore> {
  template <class U = T>
    requires std::convertible_to<U, T>
  void return_value(U&& value) {
    if constexpr (!std::is_trivially_destructible_v<T>) result.take_back();  // a second co_return, from a catch block
    result.set(std::forward<U>(value));
  }
  Result<T> result;
};
template <>
struct ReturnsValue<void> : PromiseBase<FrameCore> {
  void return_void() noexcept { result.set(); }
  Result<void> result;
};

/// The promise of Coro<T>, and the state of the task it may become.
template <class T>
class CoroPromise final : public ReturnsValue<T> {
 public:
  static void* operator new(std::size_t size) { return allocate_frame<FrameHead>(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate_frame<FrameHead>(frame, size); }

  Coro<T> get_return_object(const char* function = __builtin_FUNCTION(), Place place = Place::here()) {
    check_frame(this->handle().address(), function, place);
    return Coro<T>(*this);
  }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept {
    this->result.take_back();
    note_failure(*this, this->result);
  }
  TaskCore& task_room() { return *FrameHead::task_room(this->handle().address()); }
};

[[noreturn]] void throw_empty_coro();
/// A frame that is from the pool of another loop cannot run in this one: the two may run on two threads. Destroys the
/// frame, unless that would happen behind the back of such a thread.
[[noreturn]] void throw_strange_frame(std::coroutine_handle<> frame, const Kernel& home, const char* what);
/// Destroys it; in debug mode a frame of another thread's loop is leaked there, and reported.
void drop_unstarted(std::coroutine_handle<> frame) noexcept;

/// A coroutine that has not started. Awaiting it runs it inside the awaiting task, with no scheduling in between;
/// create_task() makes a task of it. Either is possible once. One that is dropped unstarted never runs.
/// Parameters are kept until the frame goes: at the end of the await, or with the last handle of the task.
/// A coroutine made where no loop runs takes its frame from the global heap, any other from the loop's pool.
template <class T = void>
class [[nodiscard("a coroutine does nothing until it is awaited or made a task")]] Coro {
 public:
  using value_type = T;
  using promise_type = CoroPromise<T>;

  Coro() = default;
  Coro(Coro&& other) noexcept : promise_(std::exchange(other.promise_, nullptr)) {}  // before it is awaited
  Coro& operator=(Coro&& other) noexcept {
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~Coro() {
    if (promise_) [[unlikely]] drop_unstarted(promise_->handle());
  }

  /// False once it was awaited, made a task, or moved from.
  explicit operator bool() const { return promise_ != nullptr; }

  CoroAwaiter<T> operator co_await() { return CoroAwaiter<T>(*release_to(thread_slot.kernel, "co_await")); }

  /// The frame, which the caller then owns. RuntimeError if there is none.
  CoroPromise<T>* release() {
    if (!promise_) [[unlikely]] throw_empty_coro();
    return std::exchange(promise_, nullptr);
  }
  /// The same, for a task of `kernel`. RuntimeError if the coroutine was made in another loop.
  CoroPromise<T>* release_to(const Kernel* kernel, const char* what) {
    CoroPromise<T>* const promise = release();
    const Kernel* const home = FrameHead::of(promise->handle().address()).kernel;
    if (home != kernel && home) [[unlikely]] throw_strange_frame(promise->handle(), *home, what);
    return promise;
  }

 private:
  friend CoroPromise<T>;
  explicit Coro(CoroPromise<T>& promise) : promise_(&promise) {}
  CoroPromise<T>* promise_ = nullptr;
};

/// The await of a coroutine, which it owns: runs it, and gives what it returns or throws.
template <class T>
class CoroAwaiter : public Awaiter, private FrameLink {
 public:
  using value_type = T;
  explicit CoroAwaiter(CoroPromise<T>& promise) { child = &promise; }
  ~CoroAwaiter() {
    if (child) child->handle().destroy();
  }

  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = *child;
    parent = &frame_of(handle);
    frame.link = this;
    if (!may_nest()) [[unlikely]] {
      fire<machines::frame::Event::part>(frame);
      hand_over_to(frame);
      return true;
    }
    frame.handle().resume();
    if (frame.ended()) return false;
    fire<machines::frame::Event::part>(frame);
    return true;
  }
  T await_resume() {
    Result<T>& result = promise().result;
    if (result.kind != ResultCore::Kind::value) [[unlikely]] std::rethrow_exception(std::move(result.error));
    if constexpr (!std::is_void_v<T>) return std::move(result.value);
  }
  Outcome<T> outcome() {
    Result<T>& result = promise().result;
    if (result.kind == ResultCore::Kind::error) return Outcome<T>::of_error(std::move(result.error));
    if (result.kind == ResultCore::Kind::cancelled) return Outcome<T>::of_cancelled(std::move(result.error));
    return Outcome<T>::of_value(std::move(result.value));
  }

 private:
  CoroPromise<T>& promise() { return static_cast<CoroPromise<T>&>(*child); }
};

}  // namespace rondo

/// Where a coroutine's parameters can be seen.
template <class T, class... Parameters>
struct std::coroutine_traits<rondo::Coro<T>, Parameters...> {
  static_assert((rondo::fits_frames<Parameters> && ...),
                "over-aligned parameters are not supported in a coroutine: pass a reference or a pointer");
  using promise_type = rondo::CoroPromise<T>;
};
