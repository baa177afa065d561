// SPDX-License-Identifier: BSL-1.0
// timer_queue.hpp - the deadlines of one loop, earliest first; equal deadlines in the order in which they were armed.
//
// A 4-ary heap whose array holds deadline and sequence number, so that comparing touches no timer; each timer knows its
// place in the array, so that cancelling and moving need no search.
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
    heap_.push_back({when, sequence_++, &timer});
    sift_up(heap_.size() - 1);
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
    std::uint64_t sequence;
    Timer* timer;
    bool before(const Item& other) const {
      return when != other.when ? when < other.when : sequence < other.sequence;
    }
  };
  void put(std::size_t at, const Item& item) {
    heap_[at] = item;
    item.timer->position_ = static_cast<std::uint32_t>(at);
  }
  void remove(std::size_t at);
  void sift_up(std::size_t at);
  void sift_down(std::size_t at);

  std::pmr::vector<Item> heap_;
  std::uint64_t sequence_ = 0;
};

}  // namespace rondo
