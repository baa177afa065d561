// SPDX-License-Identifier: BSL-1.0
// timer_queue.hpp - the deadlines of one loop, earliest first; equal deadlines in the order in which they were armed.
//
// A 4-ary heap whose array holds the deadlines, so that comparing touches a timer only to tell equal ones apart; four
// siblings fill one line of cache. Each timer knows its place in the array: cancelling and moving need no search.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include <rondo/future_core.hpp>
#include <rondo/time.hpp>

namespace rondo {

/// A queue entry with a deadline. Embedded in what it wakes; armed it must not move or die.
class Timer : public Entry {
 public:
  explicit Timer(EntryKind kind) : Entry(kind) {}
  bool armed() const { return position_ != unarmed; }

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t unarmed = UINT32_MAX;
  std::uint32_t position_ = unarmed;
  std::uint64_t sequence_;  // of its arming
};

class TimerQueue {
 public:
  explicit TimerQueue(std::pmr::memory_resource* resource) : heap_(resource) {}

  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  Instant earliest() const { return heap_.empty() ? never : heap_.front().when; }
  Instant when(const Timer& timer) const { return heap_[timer.position_].when; }

  /// Arms an unarmed timer. O(log n). May throw std::bad_alloc, and then has done nothing.
  void arm(Timer& timer, Instant when) {
    if (heap_.size() == heap_.capacity()) heap_.reserve(heap_.size() + heap_.size() / 4 + 16);
    timer.sequence_ = sequence_++;
    heap_.push_back({when, &timer});
    sift_up(heap_.size() - 1, {when, &timer});
  }

  /// Disarms an armed timer. O(log n), and usually O(1).
  void cancel(Timer& timer) { remove(timer.position_); }

  /// Gives an armed timer another deadline, as if it were armed now. O(log n); never allocates.
  void move(Timer& timer, Instant when);

  /// Takes out the earliest timer if its deadline is not after `now`; else null.
  Timer* pop_due(Instant now) {
    if (heap_.empty() || heap_.front().when > now) return nullptr;
    Timer* timer = heap_.front().timer;
    remove(0);
    return timer;
  }

 private:
  struct Item {
    Instant when;
    Timer* timer;
    bool before(const Item& other) const {
      if (when == other.when) [[unlikely]] return timer->sequence_ < other.timer->sequence_;
      return when < other.when;
    }
  };
  void put(std::size_t at, const Item& item) {
    heap_[at] = item;
    item.timer->position_ = static_cast<std::uint32_t>(at);
  }
  void remove(std::size_t at);
  void place(std::size_t at, Item item);
  void sift_up(std::size_t at, Item item);
  void sift_down(std::size_t at, Item item);

  std::pmr::vector<Item> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace rondo
