// SPDX-License-Identifier: BSL-1.0
// timer_queue.cpp - the sifting of the 4-ary heap.
#include <rondo/timer_queue.hpp>

#include <algorithm>

namespace rondo {

void TimerQueue::move(Timer& timer, Instant when) {
  const std::size_t at = timer.position_;
  heap_[at].when = when;
  heap_[at].sequence = sequence_++;
  sift_up(at);
  sift_down(timer.position_);
}

void TimerQueue::remove(std::size_t at) {
  heap_[at].timer->position_ = Timer::unarmed;
  const Item last = heap_.back();
  heap_.pop_back();
  if (at == heap_.size()) return;
  heap_[at] = last;
  sift_up(at);
  sift_down(last.timer->position_);
}

void TimerQueue::sift_up(std::size_t at) {
  const Item item = heap_[at];
  while (at > 0) {
    const std::size_t parent = (at - 1) / 4;
    if (!item.before(heap_[parent])) break;
    put(at, heap_[parent]);
    at = parent;
  }
  put(at, item);
}

void TimerQueue::sift_down(std::size_t at) {
  const Item item = heap_[at];
  const std::size_t size = heap_.size();
  for (;;) {
    const std::size_t first = 4 * at + 1;
    if (first >= size) break;
    std::size_t least = first;
    for (std::size_t child = first + 1; child < std::min(first + 4, size); ++child) {
      if (heap_[child].before(heap_[least])) least = child;
    }
    if (!heap_[least].before(item)) break;
    put(at, heap_[least]);
    at = least;
  }
  put(at, item);
}

}  // namespace rondo
