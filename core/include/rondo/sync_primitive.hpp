// SPDX-License-Identifier: BSL-1.0
// sync_primitive.hpp - what events, locks, semaphores, conditions and queues share: the line of tasks that wait, the
// guards that hold, and what becomes of both when the primitive goes first.
//
// A waiter lives in the awaiting frame and stays in line until its task goes on, also when it was woken or cancelled
// before: that is what keeps newcomers behind it (asyncio LK1).
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <rondo/awaiter.hpp>

namespace rondo {

class SyncPrimitive;
struct WaiterTag;
struct GuardTag;
struct VisitTag;

/// A task's place in the line of a primitive.
class Waiter : public Parking, public Link<WaiterTag> {
 public:
  Waiter(WaitableKind kind, SyncPrimitive& primitive) : Parking(kind), primitive_(&primitive) {}
  ~Waiter() {
    if (Link<WaiterTag>::linked()) Link<WaiterTag>::unlink();
  }
  /// Null once the primitive is gone.
  SyncPrimitive* primitive() const { return primitive_; }
  bool waited() const { return task() != nullptr; }
  bool woken() const { return !pending() && !was_cancelled(); }

 private:
  friend SyncPrimitive;
  SyncPrimitive* primitive_;
};

/// What a guard has in common with others; see guard.hpp.
class GuardLink : public Link<GuardTag> {
 public:
  std::uint32_t task_id() const { return task_id_; }

 protected:
  explicit GuardLink(SyncPrimitive& primitive);
  GuardLink(GuardLink&& other) noexcept;
  ~GuardLink() { detach(); }
  void detach() {
    if (linked()) unlink();
    primitive_ = nullptr;
  }
  SyncPrimitive* primitive_;  // null once it was released or is gone

 private:
  friend SyncPrimitive;
  std::uint32_t task_id_;
};

/// A coroutine of a primitive that is under way: knows when the primitive is gone.
class Visit : public Link<VisitTag> {
 public:
  explicit Visit(SyncPrimitive& primitive);
  ~Visit() {
    if (linked()) unlink();
  }
  bool gone() const { return !linked(); }
};

/// Belongs to the loop whose tasks wait for it, and to no loop while nobody waits. Going while tasks wait or guards hold
/// is reported to the exception handler of that loop, with the names; the tasks then get a RuntimeError.
class SyncPrimitive {
 public:
  SyncPrimitive(const SyncPrimitive&) = delete;
  SyncPrimitive& operator=(const SyncPrimitive&) = delete;

  /// The name given, or "".
  const std::string& name() const { return name_; }
  /// What a task in line waits for, in the words of dump_tasks(): "Lock 'l1' held by Task 'b'".
  virtual std::string describe(Kernel& kernel) const = 0;

 protected:
  SyncPrimitive(const char* what, std::string_view name, Place created) : what_(what), name_(name), created_(created) {}
  virtual ~SyncPrimitive();

  /// "Lock 'l1'", or with the place where it was made if it has no name.
  std::string title() const;
  /// "Task 'a', Task 'b'": who holds a guard.
  std::string holders(Kernel& kernel) const;
  /// Only tasks of one loop can wait at a time.
  void check_loop() const {
    if (Waiter* first = waiters_.front(); first && &first->task()->kernel() != here.kernel) [[unlikely]] refuse_loop();
  }
  void line_up(Waiter& waiter) {
    check_loop();
    waiters_.push_back(waiter);
  }
  /// False if the waiter was woken or cancelled before.
  static bool wake(Waiter& waiter) {
    if (!waiter.pending()) return false;
    waiter.task()->kernel().wake(waiter);
    return true;
  }
  [[noreturn]] void refuse_loop() const;
  /// Tells the loop that this goes although tasks need it.
  void report_end(Kernel& kernel, const std::string& by) const noexcept;

  List<Waiter, WaiterTag> waiters_;

 private:
  friend GuardLink;
  friend Visit;
  template <class P>
  friend class LineAwaiter;
  std::string needed_by(Kernel& kernel) const;
  List<GuardLink, GuardTag> guards_;
  List<Visit, VisitTag> visits_;
  const char* what_;
  std::string name_;
  Place created_;
};

inline Visit::Visit(SyncPrimitive& primitive) { primitive.visits_.push_back(*this); }

/// "Task 'b'", or that it is done.
std::string describe_holder(Kernel& kernel, std::uint32_t task_id);

[[noreturn]] void throw_primitive_gone();

/// The await of a primitive P: `P::enter()` is true if there is nothing to wait for; `P::resumed(waiter, cancelled)`
/// follows a wait, before the task goes on.
template <class P>
class LineAwaiter : public Awaiter, protected Waiter {
 public:
  using value_type = void;
  explicit LineAwaiter(P& primitive) : Waiter(P::waitable_kind, primitive) {}

  bool await_ready() {
    require_task();
    return line().enter();
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    line().SyncPrimitive::line_up(*this);
    suspend(frame, *this);
  }
  void await_resume() {
    if (waited()) finish();
    check_delivery();
    if (!primitive()) [[unlikely]] throw_primitive_gone();
  }
  Outcome<void> outcome() {
    if (waited()) finish();
    if (auto cancelled = pending_cancel()) return Outcome<void>::of_cancelled(std::move(*cancelled));
    try {
      if (!primitive()) throw_primitive_gone();
    } catch (...) {
      return Outcome<void>::of_error(std::current_exception());
    }
    return Outcome<void>::of_value({});
  }

 protected:
  P& line() { return static_cast<P&>(*primitive()); }

 private:
  void finish() {
    if (!primitive()) return;
    Link<WaiterTag>::unlink();
    line().resumed(*this, current().deliveries() != 0);
  }
};

/// What acquire(), wait() and their like give: await it, once or often.
template <class P>
class [[nodiscard("this does nothing until it is awaited")]] Line {
 public:
  explicit Line(P& primitive) : primitive_(&primitive) {}
  LineAwaiter<P> operator co_await() const { return LineAwaiter<P>(*primitive_); }

 private:
  P* primitive_;
};

}  // namespace rondo
