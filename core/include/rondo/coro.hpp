// SPDX-License-Identifier: BSL-1.0
// coro.hpp - the coroutine front: Coro<T>, its frame, and how control passes between frames.
//
// Awaiting a Coro runs it inside the awaiting task. Its first run happens on the native stack, inside the parent's
// await (the fastest way); if it suspends, the parent is marked and the runner resumes it when the child has ended.
// Beyond Kernel::stack_for_nesting bytes of nested first runs the runner starts the child instead, so that neither deep
// chains nor long rows of awaits grow the stack, on any compiler, without relying on tail calls.
//
// Every frame has room for a TaskCore: create_task() makes the frame itself the task, with no second allocation.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

/// Memory for a frame: from the running loop's pool, else from the global heap; a pointer behind it says which.
inline void* allocate_frame(std::size_t size) {
  size = (size + alignof(Kernel*) - 1) & ~(alignof(Kernel*) - 1);
  Kernel* kernel = here.kernel;
  const std::size_t whole = size + sizeof(Kernel*);
  void* memory = kernel ? kernel->allocate(whole) : ::operator new(whole);
  *reinterpret_cast<Kernel**>(static_cast<std::byte*>(memory) + size) = kernel;
  return memory;
}

/// Gives the memory of a frame back; `size` includes the pointer behind it.
inline void release_frame(void* memory, std::size_t size) noexcept {
  Kernel* kernel = *reinterpret_cast<Kernel**>(static_cast<std::byte*>(memory) + size - sizeof(Kernel*));
  if (kernel) {
    kernel->deallocate(memory, size);
  } else {
    ::operator delete(memory);
  }
}

inline void deallocate_frame(void* memory, std::size_t size) noexcept {
  size = ((size + alignof(Kernel*) - 1) & ~(alignof(Kernel*) - 1)) + sizeof(Kernel*);
  Kernel* kernel = *reinterpret_cast<Kernel**>(static_cast<std::byte*>(memory) + size - sizeof(Kernel*));
  if (kernel) [[likely]] {
    kernel->deallocate_frame(memory, size);
  } else if (!here.kernel || !here.kernel->ending() || !here.kernel->keep_frame(memory, size)) {
    ::operator delete(memory);
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
      here.kernel->task_ended(frame);
    }
  }
  void await_resume() const noexcept {}
};

/// What all coroutine frames of rondo share, whatever they return.
struct PromiseBase : FrameCore {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* memory, std::size_t size) noexcept { deallocate_frame(memory, size); }

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
  CoroPromise() noexcept : result() {}
  ~CoroPromise() {
    if (is_task && task.outlives_frame()) return;
    if (is_task) task.~TaskCore();
    result.~Result();
  }

  Coro<T> get_return_object();
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { note_failure(*this, result); }
  template <class U = T>
    requires std::convertible_to<U, T>
  void return_value(U&& value) {
    result.set(std::forward<U>(value));
  }

  union {
    TaskCore task;  // alive if is_task; first, to have what a step touches in the first lines of the frame
  };
  union {
    Result<T> result;
  };
};

template <>
class CoroPromise<void> final : public PromiseBase {
 public:
  CoroPromise() noexcept : result() {}
  ~CoroPromise() {
    if (is_task && task.outlives_frame()) return;
    if (is_task) task.~TaskCore();
    result.~Result();
  }

  Coro<void> get_return_object();
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { note_failure(*this, result); }
  void return_void() noexcept { result.set(); }

  union {
    TaskCore task;  // alive if is_task
  };
  union {
    Result<void> result;
  };
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
