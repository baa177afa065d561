// SPDX-License-Identifier: BSL-1.0
// timer_queue.cpp - the sifting of the 4-ary heap, and the way into it.
#include <rondo/kernel/timer_queue.hpp>

#include <algorithm>

namespace rondo {

void TimerQueue::move(Timer& timer, Instant when) {
  timer.sequence_ = sequence_++;
  if (timer.placed()) {
    fill(timer.position_, Item(when, timer));
    return drop_first_remains();
  }
  withdraw(timer);
  insert(Item(when, timer));  // for which there is room
}

// --- beside the heap -------------------------------------------------------------------------------------------------

Instant TimerQueue::deadline() const {
  Instant least = earliest();
  for (const Item& item : unplaced_) {
    if (!item.cancelled()) least = std::min(least, item.when);
  }
  return least;
}

void TimerQueue::place(Duration later) {
  for (const Item& item : unplaced_) {
    if (!item.cancelled()) insert(Item(after(item.when, later), item.timer()));
  }
  unplaced_.clear();
}

void TimerQueue::withdraw(Timer& timer) {
  unplaced_[timer.position_ - Timer::unplaced].cancel();
  timer.position_ = Timer::unarmed;
  while (!unplaced_.empty() && unplaced_.back().cancelled()) unplaced_.pop_back();
}

// --- the heap --------------------------------------------------------------------------------------------------------

/// `telling` the timers where they stand, or not.
inline void TimerQueue::sift_down(std::size_t at, Item item, bool telling) {
  const Item* heap = heap_.data();
  const std::size_t size = heap_.size();
  for (;;) {
    const std::size_t first = 4 * at + 1;
    std::size_t least = first;
    if (first + 4 <= size) [[likely]] {
      const std::size_t left = heap[first + 1].before(heap[first]) ? first + 1 : first;
      const std::size_t right = heap[first + 3].before(heap[first + 2]) ? first + 3 : first + 2;
      least = heap[right].before(heap[left]) ? right : left;
    } else if (first < size) {
      for (std::size_t child = first + 1; child < size; ++child) {
        if (heap[child].before(heap[least])) least = child;
      }
    } else {
      break;
    }
    if (!heap[least].before(item)) break;
    heap_[at] = heap[least];
    if (telling) tell(at);
    at = least;
  }
  heap_[at] = item;
  if (telling) tell(at);
}

/// When the array is full.
void TimerQueue::grow() {
  if (4 * remains_ > heap_.size()) clear_remains();
  const std::size_t size = heap_.size() + unplaced_.size();
  if (size >= heap_.capacity()) heap_.reserve(size + size / 4 + 16);
}

/// After a cancellation: the first must not be cancelled, nor more than half of all.
void TimerQueue::tidy() {
  if (2 * remains_ > heap_.size()) return clear_remains();
  drop_first_remains();
}

void TimerQueue::drop_first_remains() {
  while (!heap_.empty() && heap_.front().cancelled()) {
    --remains_;
    take_first();
  }
}

/// Heaps up what is not cancelled.
void TimerQueue::clear_remains() {
  std::erase_if(heap_, [](const Item& item) { return item.cancelled(); });
  remains_ = 0;
  for (std::size_t at = (heap_.size() + 2) / 4; at-- > 0;) sift_down(at, heap_[at], false);
  for (std::size_t at = 0; at < heap_.size(); ++at) tell(at);
}

/// The first goes, and what comes after it, too, as far as it was cancelled.
void TimerQueue::remove_first() {
  take_first();
  drop_first_remains();
}

void TimerQueue::take_first() {
  const Item last = heap_.back();
  heap_.pop_back();
  if (!heap_.empty()) sift_down(0, last);
}

/// Fills the hole at `at` with `item`.
void TimerQueue::fill(std::size_t at, Item item) {
  if (at > 0 && item.before(heap_[(at - 1) / 4])) {
    sift_up(at, item);
  } else {
    sift_down(at, item);
  }
}

void TimerQueue::sift_up(std::size_t at, Item item) {
  while (at > 0) {
    const std::size_t parent = (at - 1) / 4;
    if (!item.before(heap_[parent])) break;
    put(at, heap_[parent]);
    at = parent;
  }
  put(at, item);
}

}  // namespace rondo
