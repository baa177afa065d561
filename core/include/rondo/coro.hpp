// SPDX-License-Identifier: BSL-1.0
// coro.hpp - the coroutine front: Coro<T>, its frame, and how control passes between frames.
//
// Awaiting a Coro runs it inside the awaiting task. Its first run happens on the native stack, inside the parent's
// await (the fastest way); if it suspends, the parent is marked and the runner resumes it when the child has ended.
// Beyond Kernel::stack_for_nesting bytes of nested first runs the runner starts the child instead, so that neither deep
// chains nor long rows of awaits grow the stack, on any compiler, without relying on tail calls.
//
// In front of every frame is room for a TaskCore: create_task() makes the block itself the task, with no second
// allocation.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

/// What lies in front of the frame of every Coro: room for the task that it may become, with what a step touches next
/// to the frame; and whose memory the block is.
struct FrameHead {
  union {
    TaskCore task;  // alive if FrameCore::is_task
  };
  Kernel* kernel;  // null: the block is from the global heap

  FrameHead() = delete;
  static TaskCore* task_room(void* frame) { return &(static_cast<FrameHead*>(frame) - 1)->task; }
};
static_assert(sizeof(FrameHead) % alignof(std::max_align_t) == 0, "the frame behind it must be aligned");

/// The head of frames that never become tasks.
struct alignas(std::max_align_t) PlainHead {
  void* unused;
  Kernel* kernel;
};

/// Memory for a frame and its head: from the running loop's pool, else from the global heap.
template <class Head>
[[gnu::always_inline]] inline void* allocate_frame(std::size_t size) {
  Kernel* kernel = here.kernel;
  const std::size_t whole = sizeof(Head) + size;
  auto* head = static_cast<Head*>(kernel ? kernel->allocate(whole) : ::operator new(whole));
  head->kernel = kernel;
  return head + 1;
}

/// The end of a frame whose block is from the global heap, or whose loop is ending: a task that still has handles keeps
/// the block in which it lies until the last of them goes.
void deallocate_unusual(void* frame, void* block, std::size_t size, Kernel* kernel) noexcept;

template <class Head>
[[gnu::always_inline]] inline void deallocate_frame(void* frame, std::size_t size) noexcept {
  Head* head = static_cast<Head*>(frame) - 1;
  Kernel* kernel = head->kernel;
  if (!kernel || kernel->ending()) [[unlikely]] {
    return deallocate_unusual(frame, head, sizeof(Head) + size, kernel);
  }
  kernel->pool().deallocate(head, sizeof(Head) + size);
}

/// The end of a block whose frame is gone already.
template <class Head>
void release_block(void* block, std::size_t size) noexcept {
  if (Kernel* kernel = static_cast<Head*>(block)->kernel) {
    kernel->deallocate(block, size);
  } else {
    ::operator delete(block);
  }
}

/// Keeps the exception in flight as the frame's result and notes the frame in the task's await stack.
void note_failure(FrameCore& frame, ResultCore& result) noexcept;

/// The end of a coroutine: its awaiter goes on, or its task is done.
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) const noexcept {
    FrameCore& frame = handle.promise();
    frame.ended = true;
    if (frame.handed_over) {
      here.kernel->run_next(frame.link->parent);
    } else if (frame.is_task) {
      here.kernel->run_next(&frame);
    }
  }
  void await_resume() const noexcept {}
};

/// What all coroutine frames of rondo share, whatever they return.
struct PromiseBase : FrameCore {
  template <class A>
    requires Awaitable<A>
  auto await_transform(A&& awaitable, const char* at_file = __builtin_FILE(), int at_line = __builtin_LINE()) {
    file = at_file;
    line = static_cast<std::uint32_t>(at_line);
    return awaiter_of(std::forward<A>(awaitable));
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

/// The promise of Coro<T>, and the state of the task it may become.
template <class T>
class CoroPromise final : public PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame<FrameHead>(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate_frame<FrameHead>(frame, size); }

  Coro<T> get_return_object();
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { note_failure(*this, result); }
  template <class U = T>
    requires std::convertible_to<U, T>
  void return_value(U&& value) {
    result.set(std::forward<U>(value));
  }

  TaskCore& task_room() { return *FrameHead::task_room(handle().address()); }

  Result<T> result;
};

template <>
class CoroPromise<void> final : public PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_frame<FrameHead>(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { deallocate_frame<FrameHead>(frame, size); }

  Coro<void> get_return_object();
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { note_failure(*this, result); }
  void return_void() noexcept { result.set(); }

  TaskCore& task_room() { return *FrameHead::task_room(handle().address()); }

  Result<void> result;
};

[[noreturn]] void throw_empty_coro();

/// A coroutine that has not started. Awaiting it runs it inside the awaiting task, with no scheduling in between;
/// create_task() makes a task of it. Either is possible once. One that is dropped unstarted never runs.
/// Parameters are kept until the frame goes: at the end of the await, or with the last handle of the task.
/// A coroutine made where no loop runs takes its frame from the global heap, any other from the loop's pool.
template <class T = void>
class [[nodiscard("a coroutine does nothing until it is awaited or made a task")]] Coro : private FrameLink {
 public:
  using value_type = T;
  using promise_type = CoroPromise<T>;

  Coro() = default;
  Coro(Coro&& other) noexcept { child = std::exchange(other.child, nullptr); }  // before it is awaited
  Coro& operator=(Coro&& other) noexcept {
    std::swap(child, other.child);
    return *this;
  }
  ~Coro() { drop(); }

  /// False once it was awaited, made a task, or moved from.
  explicit operator bool() const { return child && !child->link; }

  CoroAwaiter<T> operator co_await() { return CoroAwaiter<T>(checked()); }

  /// The frame, which the caller then owns. RuntimeError if there is none.
  CoroPromise<T>* release() { return static_cast<CoroPromise<T>*>(std::exchange(checked().child, nullptr)); }

 private:
  friend CoroPromise<T>;
  friend CoroAwaiter<T>;
  explicit Coro(CoroPromise<T>& promise) { child = &promise; }
  void drop() noexcept {
    if (child) std::exchange(child, nullptr)->handle().destroy();
  }
  Coro& checked() {
    if (!child || child->link) [[unlikely]] throw_empty_coro();
    return *this;
  }
};

/// The await of a Coro, which stays where it is: runs it, and gives what it returns or throws.
template <class T>
class CoroAwaiter : public Awaiter {
 public:
  using value_type = T;
  explicit CoroAwaiter(Coro<T>& coro) : coro_(&coro) {}
  ~CoroAwaiter() { coro_->drop(); }

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& child = *coro_->child;
    coro_->parent = &frame_of(handle);
    child.link = coro_;
    Kernel& kernel = *here.kernel;
    if (!kernel.may_nest()) [[unlikely]] {
      child.handed_over = true;
      kernel.run_next(&child);
      return true;
    }
    child.handle().resume();
    if (child.ended) return false;
    child.handed_over = true;
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
    if constexpr (std::is_void_v<T>) {
      return Outcome<T>::of_value({});
    } else {
      return Outcome<T>::of_value(std::move(result.value));
    }
  }

 private:
  CoroPromise<T>& promise() { return static_cast<CoroPromise<T>&>(*coro_->child); }
  Coro<T>* coro_;
};

template <class T>
Coro<T> CoroPromise<T>::get_return_object() {
  return Coro<T>(*this);
}
inline Coro<void> CoroPromise<void>::get_return_object() { return Coro<void>(*this); }

}  // namespace rondo
