// SPDX-License-Identifier: BSL-1.0
// queue_core.hpp - the part of a queue that knows no item: who waits for an item, who for room, and when all is done.
//
// A woken getter has no item yet: another task may take it first, and the getter then goes to the end of the line
// (asyncio Q1). So what is posted for it is the waiter's own entry: when its turn comes, it looks whether its task can
// go on, and resumes it in the same place of the batch or lines up again. The task itself is not stepped in vain.
#pragma once

#include <optional>

#include <rondo/event.hpp>

namespace rondo {

class QueueCore;
class QueueWaiter;
struct QueueWaiterTag;

/// Not more room than that may be taken without waiting.
class QueueFull : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// get_nowait() found nothing.
class QueueEmpty : public std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// The queue was shut down: nothing can be put any more, or nothing is left to get.
class QueueShutDown : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One wait of a queue's waiter; another one each time it lines up.
class QueueWait : public Parking {
 public:
  explicit QueueWait(QueueWaiter& owner) : Parking(&waits), waiter(&owner) {}
  void perform(machines::future::Do);  // woken by the queue: the waiter is posted. Parking's own, for a cancellation, posts the task
  QueueWaiter* waiter;

 private:
  static WaitWords waits(const Parking& parking);
};

/// A task's place at a queue, in the awaiting frame. In line while it is not woken; known to the queue until it leaves.
class QueueWaiter : public Hook, public Link<QueueWaiterTag> {
 public:
  enum class For : std::uint8_t { item, room };
  QueueWaiter(QueueCore& queue, For what)
      : Hook(&call_member<QueueWaiter, &QueueWaiter::turn>), queue_(&queue), what_(what) {}
  ~QueueWaiter() {
    withdraw();
    if (Link<QueueWaiterTag>::linked()) Link<QueueWaiterTag>::unlink();
  }
  QueueWaiter(const QueueWaiter&) = delete;
  QueueWaiter& operator=(const QueueWaiter&) = delete;

  QueueCore* queue() const { return queue_; }
  For what() const { return what_; }

 protected:
  bool settled() const;
  Parking& line_up();
  bool waited() const { return wait_.has_value(); }
  bool woken() const { return !wait_->pending() && !wait_->was_cancelled(); }
  /// After the resumption: leaves the line; a waiter that was woken and cancelled passes its turn on.
  void leave(bool cancelled);
  /// What it has come for it does not take: wakes the next in line, if there is something to take.
  void pass_on();

 private:
  friend QueueCore;
  void turn();
  QueueCore* queue_;  // null once the queue is gone
  For what_;
  std::optional<QueueWait> wait_;
};

class QueueCore : public SyncPrimitive {
 public:
  std::size_t qsize() const { return size_; }
  std::size_t maxsize() const { return maxsize_; }
  bool empty() const { return size_ == 0; }
  /// Never true without a maximum.
  bool full() const { return maxsize_ != 0 && size_ >= maxsize_; }
  bool is_shutdown() const { return shutdown_; }

  /// One item that was got is dealt with. std::invalid_argument if there was none.
  void task_done();
  /// Items put that are not dealt with.
  std::size_t unfinished() const { return unfinished_; }
  /// Await it until task_done() was called for every item put: at once if so, else one hop after the last.
  LineUp<Event> join() { return finished_.wait(); }

  /// Ends the queue: put throws QueueShutDown from now on, get does once nothing is left; who waits is woken. With
  /// `immediate` what is left is dropped and counts as done. Cannot be undone.
  void shutdown(bool immediate = false);

  std::string describe(Kernel& kernel) const override;

 protected:
  QueueCore(const char* what, std::ptrdiff_t maxsize, std::string_view name, Place created);
  ~QueueCore();

  void check_put() const;
  /// In debug mode: RuntimeError where tasks of a loop of another thread wait.
  void check_thread(const char* what) const;
  [[noreturn]] void refuse_full() const;
  [[noreturn]] void refuse_empty() const;
  void count_put();
  void count_got();

 private:
  friend QueueWaiter;
  /// The event behind join().
  class Finished final : public Event {
   public:
    Finished(QueueCore& owner, const char* what, Place created) : Event(what, owner.name(), created), owner_(&owner) {
      set();
    }
    std::string describe(Kernel& kernel) const override;
    void check_joiners(const char* what) const { check_thread(what); }

   private:
    QueueCore* owner_;
  };

  virtual void drop_items() = 0;
  /// True if there is nothing to wait for: what is wanted is there, or the queue is shut down.
  bool settled(QueueWaiter::For what) const {
    return shutdown_ || (what == QueueWaiter::For::item ? !empty() : !full());
  }
  EntryList& waiters_for(QueueWaiter::For what) { return what == QueueWaiter::For::item ? getters_ : putters_; }
  static void wake_next(EntryList& line);
  std::string needed_by() const;
  [[noreturn]] void refuse_shut_down() const;

  std::size_t size_ = 0;
  std::size_t maxsize_;
  std::size_t unfinished_ = 0;
  bool shutdown_ = false;
  EntryList getters_;
  EntryList putters_;
  List<QueueWaiter, QueueWaiterTag> all_;  // who is in line, or was and has not gone on yet
  Finished finished_;
};

inline bool QueueWaiter::settled() const { return queue_->settled(what_); }

inline void QueueCore::wake_next(EntryList& line) {
  while (!line.empty()) {
    auto& waiter = static_cast<QueueWaiter&>(line.pop_front());
    if (!waiter.wait_->pending()) continue;  // cancelled, and not gone on yet
    fire<machines::future::Event::set_result>(*waiter.wait_);
    return;
  }
}

inline void QueueCore::check_thread(const char* what) const {
  finished_.check_joiners(what);
  const QueueWaiter* const first = all_.front();
  if (first && first->wait_ && first->wait_->task()) SyncPrimitive::check_thread(what, first->wait_->task()->kernel());
}

inline void QueueCore::check_put() const {
  if (shutdown_) [[unlikely]] refuse_shut_down();
}

inline void QueueCore::count_put() {
  ++size_;
  ++unfinished_;
  finished_.clear();
  wake_next(getters_);
}

inline void QueueCore::count_got() {
  --size_;
  wake_next(putters_);
}

}  // namespace rondo
