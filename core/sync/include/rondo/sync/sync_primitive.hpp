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
struct WatchTag;

/// Names for a text, one after the other: the first few, and how many more there are.
class NameList {
 public:
  static constexpr std::size_t most = 8;
  /// `name()` is called only if it is one of the first.
  template <class F>
  void add(F name) {
    if (counted_++ < most) text_ += (text_.empty() ? "" : ", ") + name();
  }
  std::string text() const {
    return counted_ > most ? text_ + " and " + std::to_string(counted_ - most) + " more" : text_;
  }

 private:
  std::string text_;
  std::size_t counted_ = 0;
};

/// A task's place in the line of a primitive.
class Waiter : public Parking, public Link<WaiterTag> {
 public:
  explicit Waiter(SyncPrimitive& primitive) : Parking(&waits), primitive_(&primitive) {}
  ~Waiter() { leave(); }
  /// Null once the primitive is gone.
  SyncPrimitive* primitive() const { return primitive_; }
  bool waited() const { return task() != nullptr; }
  bool woken() const { return !pending() && !was_cancelled(); }

 protected:
  /// Out of the line, if it is in one.
  void leave();

 private:
  friend SyncPrimitive;
  static WaitWords waits(const Parking& parking);
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
class Watch : public Link<WatchTag> {
 public:
  explicit Watch(SyncPrimitive& primitive);
  ~Watch() {
    if (linked()) unlink();
  }
  bool gone() const { return !linked(); }
};

/// Belongs to the loop whose tasks wait for it, and to no loop while nobody waits. Going while tasks wait or guards
/// hold is reported to the exception handler of that loop, with the names; the tasks then get a RuntimeError.
class SyncPrimitive {
 public:
  SyncPrimitive(const SyncPrimitive&) = delete;
  SyncPrimitive& operator=(const SyncPrimitive&) = delete;

  /// The name given, or "".
  const std::string& name() const { return name_; }
  /// What a task in line waits for, in the words of dump_tasks(): "Lock 'l1' held by Task 'b'".
  virtual std::string describe(Kernel& kernel) const = 0;
  /// The id of the one task that must go on before another can; 0 if there is no such task.
  virtual std::uint32_t holder() const { return 0; }

 protected:
  SyncPrimitive(const char* what, std::string_view name, Place created) : what_(what), name_(name), created_(created) {}
  virtual ~SyncPrimitive();

  /// "Lock 'l1'", or with the place where it was made if it has no name.
  std::string title() const;
  /// "Task 'a', Task 'b'": who holds a guard.
  std::string holders(Kernel& kernel) const;
  /// Only tasks of one loop can wait at a time.
  void check_loop() const {
    if (Waiter* first = waiters_.front(); first && &first->task()->kernel() != thread_slot.kernel) [[unlikely]] refuse_loop();
  }
  void line_up(Waiter& waiter) {
    check_loop();
    waiters_.push_back(waiter);
  }
  /// In debug mode: RuntimeError where tasks of a loop of another thread wait. Before anything has changed.
  void check_thread(const char* what) const {
    if (const Waiter* const first = waiters_.front()) check_thread(what, first->task()->kernel());
  }
  void check_thread(const char* what, const Kernel& kernel) const {
    if (kernel.debug()) [[unlikely]] refuse_thread(what, kernel);
  }
  /// False if the waiter was woken or cancelled before.
  static bool wake(Waiter& waiter) {
    if (!waiter.pending()) return false;
    waiter.task()->kernel().wake(waiter);
    return true;
  }
  /// The first that can be woken; null if there is none. Looks at each waiter once, however often it is called: those
  /// that were woken or cancelled stay in line until their tasks go on.
  Waiter* first_pending() {
    Waiter* waiter = passed_ ? waiters_.after(*passed_) : waiters_.front();
    for (; waiter && !waiter->pending(); waiter = waiters_.after(*waiter)) passed_ = waiter;
    return waiter;
  }
  /// True if somebody in line has not been cancelled.
  bool has_line() const {
    const Waiter* waiter = waiters_.front();
    while (waiter && waiter->was_cancelled()) waiter = waiters_.after(*waiter);
    return waiter != nullptr;
  }
  [[noreturn]] void refuse_loop() const;
  void refuse_thread(const char* what, const Kernel& kernel) const;
  /// Tells the loop that this goes although tasks need it.
  void report_end(Kernel& kernel, const std::string& by) const noexcept;

  List<Waiter, WaiterTag> waiters_;

 private:
  friend GuardLink;
  friend Watch;
  friend Waiter;
  template <class P, class T>
  friend class LineAwaiter;
  std::string needed_by(Kernel& kernel) const;
  Waiter* passed_ = nullptr;  // neither it nor who stands before it is pending
  List<GuardLink, GuardTag> guards_;
  List<Watch, WatchTag> watches_;
  const char* what_;
  std::string name_;
  Place created_;
};

inline void Waiter::leave() {
  if (!Link<WaiterTag>::linked()) return;
  if (primitive_ && primitive_->passed_ == this) primitive_->passed_ = primitive_->waiters_.before(*this);
  Link<WaiterTag>::unlink();
}

inline Watch::Watch(SyncPrimitive& primitive) { primitive.watches_.push_back(*this); }

/// "Task 'b'", or that it is done.
std::string describe_holder(Kernel& kernel, std::uint32_t task_id);

[[noreturn]] void throw_primitive_gone();

/// The await of a primitive P: `P::enter()` is true if there is nothing to wait for; `P::resumed(waiter, cancelled)`
/// follows a wait, before the task goes on. T: void, or a guard that is made of the primitive.
template <class P, class T = void>
class LineAwaiter : public ParkedAwaiter<LineAwaiter<P, T>, T>, private Waiter {
 public:
  explicit LineAwaiter(P& primitive) : Waiter(primitive) {}

  bool await_ready() {
    Awaiter::require_task();
    return line().enter();
  }
  Parking& park() {
    line().SyncPrimitive::line_up(*this);
    return *this;
  }
  void resumed() {
    if (!waited() || !primitive()) return;
    leave();
    line().resumed(*this, Awaiter::current().deliveries() != 0);
  }
  T take() {
    if (!primitive()) [[unlikely]] throw_primitive_gone();
    if constexpr (!std::is_void_v<T>) return T(line());
  }

 private:
  P& line() { return static_cast<P&>(*primitive()); }
};

/// What acquire(), wait() and their like give: await it, once or often.
template <class P>
using LineUp = Awaits<LineAwaiter<P>, P&>;

}  // namespace rondo
