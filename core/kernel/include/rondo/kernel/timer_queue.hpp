// SPDX-License-Identifier: BSL-1.0
// timer_queue.hpp - the deadlines of one loop, earliest first; equal deadlines in the order in which they were armed.
//
// A 4-ary heap whose array holds the deadlines, so that comparing touches a timer only to tell equal ones apart; four
// siblings fill one line of cache. Each timer knows its place in the array: cancelling and moving need no search.
//
// A delay counts from the call that asks for it, but the core knows only when its step began. So timers with a delay wait
// beside the heap until somebody says how much later it is by now: place(). One that is cancelled before costs no sifting.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <vector>

#include <rondo/kernel/entry.hpp>
#include <rondo/time.hpp>

namespace rondo {

/// A hook with a deadline. Embedded in what it wakes; armed it must not move or die.
class Timer : public Hook {
 public:
  using Hook::Hook;
  bool armed() const { return position_ != unarmed; }

 private:
  friend class TimerQueue;
  static constexpr std::uint32_t unarmed = UINT32_MAX;
  static constexpr std::uint32_t unplaced = 1U << 31;  // added to the position of one that waits beside the heap
  bool placed() const { return position_ < unplaced; }
  std::uint32_t position_ = unarmed;
  std::uint64_t sequence_;  // of its arming
};

class TimerQueue {
 public:
  explicit TimerQueue(std::pmr::memory_resource* resource) : heap_(resource), unplaced_(resource) {}

  bool empty() const { return heap_.empty() && unplaced_.empty(); }
  /// Those that are placed.
  std::size_t size() const { return heap_.size(); }
  /// Of those that are placed.
  Instant earliest() const { return heap_.empty() ? no_deadline : heap_.front().when; }
  /// Of all. O(those that are not placed).
  Instant deadline() const;
  /// The deadline of an armed timer; of one that is not placed, the earliest that it can get.
  Instant when(const Timer& timer) const {
    return timer.placed() ? heap_[timer.position_].when : unplaced_[timer.position_ - Timer::unplaced].when;
  }

  /// Arms an unarmed timer. O(log n). May throw std::bad_alloc, and then has done nothing.
  void arm(Timer& timer, Instant when) {
    make_room();
    timer.sequence_ = sequence_++;
    insert({when, &timer});
  }

  /// The same for a delay: `earliest` is what the deadline would be if no time had passed since the step began; place()
  /// makes it later. Among equal deadlines it counts as armed now. O(1).
  void arm_unplaced(Timer& timer, Instant earliest) {
    make_room();
    const Item item{earliest, &timer};
    unplaced_.push_back(item);
    timer.sequence_ = sequence_++;
    timer.position_ = Timer::unplaced + static_cast<std::uint32_t>(unplaced_.size() - 1);
  }
  /// True if place() has something to do.
  bool has_unplaced() const { return !unplaced_.empty(); }
  std::size_t unplaced() const { return unplaced_.size(); }
  /// Puts those that are not placed into the heap, with deadlines that are `later` by so much. Never allocates.
  void place(Duration later);

  /// Disarms an armed timer. O(log n), and usually O(1).
  void cancel(Timer& timer) {
    if (timer.placed()) {
      remove(timer.position_);
    } else {
      withdraw(timer);
    }
  }

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
  /// For one more in the heap, wherever it waits until then.
  void make_room() {
    const std::size_t size = heap_.size() + unplaced_.size();
    if (size >= heap_.capacity()) [[unlikely]] heap_.reserve(size + size / 4 + 16);
  }
  void insert(Item item) {
    heap_.push_back(item);
    sift_up(heap_.size() - 1, item);
  }
  void withdraw(Timer& timer);
  void put(std::size_t at, const Item& item) {
    heap_[at] = item;
    item.timer->position_ = static_cast<std::uint32_t>(at);
  }
  void remove(std::size_t at);
  void fill(std::size_t at, Item item);
  void sift_up(std::size_t at, Item item);
  void sift_down(std::size_t at, Item item);

  std::pmr::vector<Item> heap_;
  std::pmr::vector<Item> unplaced_;  // in the order in which they were armed; without a timer: withdrawn since
  std::uint64_t sequence_ = 0;
};

}  // namespace rondo
