// SPDX-License-Identifier: BSL-1.0
// queue.hpp - items from some tasks to others: first in first out, last in first out, or by priority.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/queue_core.hpp>

namespace rondo {

/// The await of get().
template <class Q>
class GetAwaiter : public Awaiter, private QueueWaiter {
 public:
  using value_type = typename Q::item_type;
  explicit GetAwaiter(Q& queue) : QueueWaiter(queue, For::item) {}

  bool await_ready() const { return ready_in_task(queue()->settled(For::item)); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    suspend(frame, line_up());
  }
  value_type await_resume() {
    if (waited()) leave(current().deliveries() != 0);
    check_delivery();
    return take();
  }
  Outcome<value_type> outcome() {
    if (waited()) leave(current().deliveries() != 0);
    if (auto cancelled = pending_cancel()) return Outcome<value_type>::of_cancelled(std::move(*cancelled));
    try {
      return Outcome<value_type>::of_value(take());
    } catch (...) {
      return Outcome<value_type>::of_error(std::current_exception());
    }
  }

 private:
  value_type take() {
    if (!queue()) [[unlikely]] throw_primitive_gone();
    return static_cast<Q&>(*queue()).get_nowait();
  }
};

/// The await of put(); keeps the item until there is room.
template <class Q>
class PutAwaiter : public Awaiter, private QueueWaiter {
 public:
  using value_type = void;
  PutAwaiter(Q& queue, typename Q::item_type&& item) : QueueWaiter(queue, For::room), item_(std::move(item)) {}

  bool await_ready() const { return ready_in_task(queue()->settled(For::room)); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    FrameCore& frame = frame_of(handle);
    suspend(frame, line_up());
  }
  void await_resume() {
    if (waited()) leave(current().deliveries() != 0);
    check_delivery();
    put();
  }
  Outcome<void> outcome() {
    if (waited()) leave(current().deliveries() != 0);
    if (auto cancelled = pending_cancel()) return Outcome<void>::of_cancelled(std::move(*cancelled));
    try {
      put();
      return Outcome<void>::of_value({});
    } catch (...) {
      return Outcome<void>::of_error(std::current_exception());
    }
  }

 private:
  void put() {
    if (!queue()) [[unlikely]] throw_primitive_gone();
    static_cast<Q&>(*queue()).put_nowait(std::move(item_));
  }
  typename Q::item_type item_;
};

template <class Q>
class [[nodiscard("a get does nothing until it is awaited")]] Get {
 public:
  explicit Get(Q& queue) : queue_(&queue) {}
  GetAwaiter<Q> operator co_await() const { return GetAwaiter<Q>(*queue_); }

 private:
  Q* queue_;
};

template <class Q>
class [[nodiscard("a put does nothing until it is awaited")]] Put {
 public:
  Put(Q& queue, typename Q::item_type item) : queue_(&queue), item_(std::move(item)) {}
  PutAwaiter<Q> operator co_await() && { return PutAwaiter<Q>(*queue_, std::move(item_)); }

 private:
  Q* queue_;
  typename Q::item_type item_;
};

/// What the three queues share. `Store` keeps the items: push(T&&), T pop(), clear(), queue_name. Source: asyncio.Queue.
template <class T, class Store>
class BasicQueue final : public QueueCore {
 public:
  using item_type = T;
  /// At most `maxsize` items; 0: no limit. std::invalid_argument for less.
  explicit BasicQueue(std::ptrdiff_t maxsize = 0, std::string_view name = {}, Place created = Place::here())
      : QueueCore(Store::queue_name, maxsize, name, created) {}

  /// Await it to put an item: at once while there is room, else when there is; never handed a place, so a task that
  /// comes in between may be first, and the item then waits at the end of the line. Cancelled, or thrown QueueShutDown
  /// at, the item goes with the await: use put_nowait() where it must not.
  Put<BasicQueue> put(T item) { return Put<BasicQueue>(*this, std::move(item)); }

  /// Await it to take an item: at once if there is one, else one hop after it was put; a task that takes it in between
  /// sends this one to the end of the line. A cancelled get loses nothing. QueueShutDown once the queue is shut down and
  /// empty.
  Get<BasicQueue> get() { return Get<BasicQueue>(*this); }

  /// QueueFull or QueueShutDown leave the item with the caller.
  void put_nowait(T&& item) {
    check_put();
    if (full()) [[unlikely]] refuse_full();
    store_.push(std::move(item));
    count_put();
  }
  void put_nowait(const T& item)
    requires std::copy_constructible<T>
  {
    put_nowait(T(item));
  }
  /// QueueEmpty, or QueueShutDown if there will never be an item.
  T get_nowait() {
    if (empty()) [[unlikely]] refuse_empty();
    T item = store_.pop();
    count_got();
    return item;
  }

 private:
  void drop_items() override { store_.clear(); }
  Store store_;
};

/// First in, first out.
template <class T>
class FifoStore {
 public:
  static constexpr const char* queue_name = "Queue";
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  void clear() { items_.clear(); }

 private:
  std::deque<T> items_;
};

/// Last in, first out.
template <class T>
class LifoStore {
 public:
  static constexpr const char* queue_name = "LifoQueue";
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }
  void clear() { items_.clear(); }

 private:
  std::vector<T> items_;
};

/// The order of a PriorityQueue by `<`.
struct SmallestFirst {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    static_assert(!std::is_pointer_v<T>, "addresses differ from run to run: give the queue an order of your own");
    return a < b;
  }
};

/// First what `Compare` puts first; equal ones in the order in which they were put (asyncio's heap gives those in any
/// order). A binary heap of its own, since core leaves no order to the standard library; and its header would be a tenth
/// of what a small program compiles.
template <class T, class Compare>
class PriorityStore {
 public:
  static constexpr const char* queue_name = "PriorityQueue";
  void push(T&& item) {
    items_.push_back({std::move(item), next_++});
    for (std::size_t at = items_.size() - 1; at > 0 && before(at, (at - 1) / 2); at = (at - 1) / 2) {
      std::swap(items_[at], items_[(at - 1) / 2]);
    }
  }
  T pop() {
    T item = std::move(items_.front().item);
    if (items_.size() > 1) items_.front() = std::move(items_.back());
    items_.pop_back();
    sink();
    return item;
  }
  void clear() { items_.clear(); }

 private:
  struct Ranked {
    T item;
    std::uint64_t number;
  };
  bool before(std::size_t a, std::size_t b) const {
    const Compare first{};
    if (first(items_[a].item, items_[b].item)) return true;
    return items_[a].number < items_[b].number && !first(items_[b].item, items_[a].item);
  }
  /// Moves the item in front to its place.
  void sink() {
    for (std::size_t at = 0, child = 1; child < items_.size(); child = 2 * at + 1) {
      if (child + 1 < items_.size() && before(child + 1, child)) ++child;
      if (!before(child, at)) return;
      std::swap(items_[at], items_[child]);
      at = child;
    }
  }

  std::vector<Ranked> items_;
  std::uint64_t next_ = 0;
};

template <class T>
using Queue = BasicQueue<T, FifoStore<T>>;
template <class T>
using LifoQueue = BasicQueue<T, LifoStore<T>>;
template <class T, class Compare = SmallestFirst>
using PriorityQueue = BasicQueue<T, PriorityStore<T, Compare>>;

}  // namespace rondo
