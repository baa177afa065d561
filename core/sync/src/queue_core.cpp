// SPDX-License-Identifier: BSL-1.0
// queue_core.cpp - lining up, being woken, and the end of a queue.
#include <rondo/sync/queue_core.hpp>

#include <algorithm>
#include <stdexcept>

#include <rondo/kernel/words.hpp>

namespace rondo {

// --- the waiter ------------------------------------------------------------------------------------------------------

void QueueWait::perform(machines::future::Do effect) {
  if (effect == machines::future::Do::publish) task()->kernel().post(*waiter);
}

WaitWords QueueWait::waits(const Parking& parking) {
  const QueueWaiter& waiter = *static_cast<const QueueWait&>(parking).waiter;
  const char* what = waiter.what() == QueueWaiter::For::item ? "waits for an item of " : "waits for room in ";
  return what + (waiter.queue() ? waiter.queue()->describe(parking.task()->kernel()) : "a queue that is gone");
}

Parking& QueueWaiter::line_up() {
  EntryList& line = queue_->waiters_for(what_);
  if (auto* first = static_cast<QueueWaiter*>(line.front())) {
    if (&first->wait_->task()->kernel() != thread_slot.kernel) queue_->refuse_loop();
  }
  wait_.emplace(*this);
  line.push_back(*this);
  queue_->all_.push_back(*this);
  return *wait_;
}

void QueueWaiter::turn() {
  TaskCore& task = *wait_->task();
  if (queue_ && !queue_->settled(what_) && !task.must_cancel()) {
    wait_.emplace(*this);  // another wait, as asyncio makes another future
    task.kernel().wait_again(task, *wait_);
    queue_->waiters_for(what_).push_back(*this);
  } else {
    task.kernel().wake_in_place(task);
  }
}

void QueueWaiter::leave(bool cancelled) {
  withdraw();
  if (Link<QueueWaiterTag>::linked()) Link<QueueWaiterTag>::unlink();
  if (cancelled && woken()) pass_on();
}

void QueueWaiter::pass_on() {
  if (queue_ && (what_ == For::item ? !queue_->empty() : !queue_->full())) QueueCore::wake_next(queue_->waiters_for(what_));
}

// --- the queue -------------------------------------------------------------------------------------------------------

QueueCore::QueueCore(const char* what, std::ptrdiff_t maxsize, std::string_view name, Place created)
    : SyncPrimitive(what, name, created),
      maxsize_(static_cast<std::size_t>(maxsize)),
      finished_(*this, what, created) {
  if (maxsize < 0) {
    throw std::invalid_argument(title() + ": maxsize must be 0 (no limit) or more, not " +
                                std::to_string(maxsize));
  }
}

QueueCore::~QueueCore() {
  if (all_.empty()) return;
  Kernel& kernel = all_.front()->wait_->task()->kernel();
  report_end(kernel, needed_by());
  while (!all_.empty()) {
    QueueWaiter& waiter = all_.pop_front();
    waiter.queue_ = nullptr;
    if (waiter.woken()) continue;  // it stands in the ready queue
    waiter.withdraw();
    if (waiter.wait_->pending()) fire<machines::future::Event::set_result>(*waiter.wait_);
  }
}

/// Called by the destructor: without memory there are no names.
std::string QueueCore::needed_by() const try {
  NameList names;
  for (const QueueWaiter* waiter = all_.front(); waiter; waiter = all_.after(*waiter)) {
    const FutureCore& task = *waiter->wait_->task();
    names.add([&] { return rondo::describe(task) + " waits for it"; });
  }
  return names.text();
} catch (...) {
  return {};
}

void QueueCore::task_done() {
  check_thread("task_done");
  if (unfinished_ == 0) {
    throw std::invalid_argument("task_done: " + title() + " has no unfinished item: it was called too often");
  }
  if (--unfinished_ == 0) finished_.set();
}

void QueueCore::shutdown(bool immediate) {
  check_thread("shutdown");
  shutdown_ = true;
  if (immediate) {
    unfinished_ -= std::min(unfinished_, size_);
    size_ = 0;
    drop_items();
    if (unfinished_ == 0) finished_.set();
  }
  while (!getters_.empty()) wake_next(getters_);
  while (!putters_.empty()) wake_next(putters_);
}

void QueueCore::refuse_shut_down() const { throw QueueShutDown(title() + " is shut down"); }

void QueueCore::refuse_full() const {
  throw QueueFull("put_nowait: " + title() + " is full (" + std::to_string(size_) + " items)");
}

void QueueCore::refuse_empty() const {
  if (shutdown_) refuse_shut_down();
  throw QueueEmpty("get_nowait: " + title() + " is empty");
}

std::string QueueCore::describe(Kernel&) const {
  return title() + " (" + std::to_string(size_) + (maxsize_ ? " of " + std::to_string(maxsize_) : "") +
         " items)";
}

std::string QueueCore::Finished::describe(Kernel& kernel) const {
  return "the end of the work on " + owner_->describe(kernel);
}

}  // namespace rondo
