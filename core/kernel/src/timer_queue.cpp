// SPDX-License-Identifier: BSL-1.0
// timer_queue.cpp - the sifting of the 4-ary heap, and the way into it.
#include <rondo/kernel/timer_queue.hpp>

#include <algorithm>

namespace rondo {

void TimerQueue::move(Timer& timer, Instant when) {
  timer.sequence_ = sequence_++;
  if (timer.placed()) return fill(timer.position_, {when, &timer});
  withdraw(timer);
  insert({when, &timer});  // for which there is room
}

// --- beside the heap -------------------------------------------------------------------------------------------------

Instant TimerQueue::deadline() const {
  Instant least = earliest();
  for (const Item& item : unplaced_) {
    if (item.timer) least = std::min(least, item.when);
  }
  return least;
}

void TimerQueue::place(Duration later) {
  for (const Item& item : unplaced_) {
    if (item.timer) insert({after(item.when, later), item.timer});
  }
  unplaced_.clear();
}

void TimerQueue::withdraw(Timer& timer) {
  unplaced_[timer.position_ - Timer::unplaced].timer = nullptr;
  timer.position_ = Timer::unarmed;
  while (!unplaced_.empty() && !unplaced_.back().timer) unplaced_.pop_back();
}

// --- the heap --------------------------------------------------------------------------------------------------------

void TimerQueue::remove(std::size_t at) {
  heap_[at].timer->position_ = Timer::unarmed;
  const Item last = heap_.back();
  heap_.pop_back();
  if (at < heap_.size()) fill(at, last);
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

void TimerQueue::sift_down(std::size_t at, Item item) {
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
    put(at, heap[least]);
    at = least;
  }
  put(at, item);
}

}  // namespace rondo
