// SPDX-License-Identifier: BSL-1.0
// queue.hpp - items from some tasks to others: first in first out, last in first out, or by priority.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <rondo/sync/queue_core.hpp>

namespace rondo {

/// `T(args...)`, or `T{args...}` where only that can be.
template <class T, class... Args>
T made_of(Args&&... args) {
  if constexpr (std::is_constructible_v<T, Args...>) {
    return T(std::forward<Args>(args)...);
  } else {
    return T{std::forward<Args>(args)...};
  }
}

/// What the awaits of get() and put() share. `Derived` moves the item: T move(Q&).
template <class Derived, class Q, class T>
class QueueAwaiter : public ParkedAwaiter<Derived, T>, protected QueueWaiter {
 public:
  using QueueWaiter::QueueWaiter;
  bool await_ready() const { return Awaiter::ready_in_task(settled()); }
  Parking& park() { return line_up(); }
  void resumed() {
    if (waited()) leave(Awaiter::current().deliveries() != 0);
  }
  T take() {
    if (!queue()) [[unlikely]] throw_primitive_gone();
    try {
      return static_cast<Derived&>(*this).move(static_cast<Q&>(*queue()));
    } catch (...) {  // the item cannot be moved or compared, and is still there
      pass_on();
      throw;
    }
  }
};

template <class Q>
class GetAwaiter final : public QueueAwaiter<GetAwaiter<Q>, Q, typename Q::item_type> {
 public:
  explicit GetAwaiter(Q& queue) : GetAwaiter::QueueAwaiter(queue, QueueWaiter::For::item) {}
  typename Q::item_type move(Q& queue) { return queue.take_out(); }
};
template <class Q>
using Get = Awaits<GetAwaiter<Q>, Q&>;

/// Keeps the item until there is room.
template <class Q>
class PutAwaiter final : public QueueAwaiter<PutAwaiter<Q>, Q, void> {
 public:
  PutAwaiter(Q& queue, typename Q::item_type&& item)
      : PutAwaiter::QueueAwaiter(queue, QueueWaiter::For::room), item_(std::move(item)) {}
  void move(Q& queue) { queue.put_in(std::move(item_)); }

 private:
  typename Q::item_type item_;
};

template <class Q>
class [[nodiscard("a put does nothing until it is awaited")]] Put {
  static_assert(fits_frames<typename Q::item_type>, "over-aligned items are not supported in a put: use put_nowait()");

 public:
  Put(Q& queue, typename Q::item_type item) : queue_(&queue), item_(std::move(item)) {}
  template <class... Args>
  Put(Q& queue, std::in_place_t, Args&&... args)
      : queue_(&queue), item_(made_of<typename Q::item_type>(std::forward<Args>(args)...)) {}
  PutAwaiter<Q> operator co_await() && { return PutAwaiter<Q>(*queue_, std::move(item_)); }

 private:
  Q* queue_;
  typename Q::item_type item_;
};

/// What the three queues share. `Store` keeps the items: push(T&&), T pop(), queue_name; if one of them throws, it has
/// changed nothing but, at worst, the item at hand. Source: asyncio.Queue.
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
  /// The same, with the item made here of `args`: `co_await queue.put(std::in_place, std::string("a"), 3)`. For GCC 12,
  /// which destroys an aggregate twice that is written in the await itself (docs/gcc-12.md).
  template <class... Args>
  Put<BasicQueue> put(std::in_place_t, Args&&... args) {
    return Put<BasicQueue>(*this, std::in_place, std::forward<Args>(args)...);
  }

  /// Await it to take an item: at once if there is one, else one hop after it was put; a task that takes it in between
  /// sends this one to the end of the line. A cancelled get loses nothing. QueueShutDown once the queue is shut down
  /// and empty.
  Get<BasicQueue> get() { return Get<BasicQueue>(*this); }

  /// QueueFull or QueueShutDown leave the item with the caller.
  void put_nowait(T&& item) {
    check_thread("put_nowait");
    put_in(std::move(item));
  }
  void put_nowait(const T& item)
    requires std::copy_constructible<T>
  {
    put_nowait(T(item));
  }
  /// The same, with the item made here of `args`; what was made of them is lost with the error.
  template <class... Args>
  void put_nowait(std::in_place_t, Args&&... args) {
    put_nowait(made_of<T>(std::forward<Args>(args)...));
  }
  /// QueueEmpty, or QueueShutDown if there will never be an item.
  T get_nowait() {
    check_thread("get_nowait");
    return take_out();
  }

 private:
  friend GetAwaiter<BasicQueue>;
  friend PutAwaiter<BasicQueue>;
  void put_in(T&& item) {
    check_put();
    if (full()) [[unlikely]] refuse_full();
    store_.push(std::move(item));
    count_put();
  }
  T take_out() {
    if (empty()) [[unlikely]] refuse_empty();
    T item = store_.pop();
    count_got();
    return item;
  }
  void drop_items() override { const Store dropped = std::exchange(store_, Store()); }  // which may look at this queue
  Store store_;
};

/// First in, first out; or, if `newest_first`, last in, first out: a deque, too, since that moves no item to make room
/// for another.
template <class T, bool newest_first = false>
class DequeStore {
 public:
  static constexpr const char* queue_name = newest_first ? "LifoQueue" : "Queue";
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(newest_first ? items_.back() : items_.front());
    newest_first ? items_.pop_back() : items_.pop_front();
    return item;
  }

 private:
  std::deque<T> items_;
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
/// order). A binary heap of its own, since core leaves no order to the standard library; and its header would be a
/// tenth of what a small program compiles. All comparing is done before anything moves, and what moves cannot throw: an
/// item that could is kept behind a pointer.
template <class T, class Compare>
class PriorityStore {
 public:
  static constexpr const char* queue_name = "PriorityQueue";
  void push(T&& item) {
    std::size_t at = items_.size();
    while (at > 0 && Compare{}(item, items_[(at - 1) / 2].item())) at = (at - 1) / 2;  // an equal one came before
    items_.push_back(Ranked(std::move(item), next_));
    ++next_;
    Ranked fresh = std::move(items_.back());
    for (std::size_t hole = items_.size() - 1; hole != at; hole = (hole - 1) / 2) {
      items_[hole] = std::move(items_[(hole - 1) / 2]);
    }
    items_[at] = std::move(fresh);
  }
  T pop() {
    std::array<std::size_t, max_depth> path;
    const std::size_t depth = path_of_last(path);
    T item = std::move(items_.front().item());
    std::size_t hole = 0;
    for (std::size_t i = 0; i < depth; ++i) {
      items_[hole] = std::move(items_[path[i]]);
      hole = path[i];
    }
    if (hole != items_.size() - 1) items_[hole] = std::move(items_.back());
    items_.pop_back();
    return item;
  }

 private:
  static constexpr std::size_t max_depth = 64;
  static constexpr bool in_place = std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T>;
  struct Ranked {
    Ranked(T&& from, std::uint64_t rank) : number(rank) {
      if constexpr (in_place) {
        kept.emplace(std::move(from));
      } else {
        kept = std::make_unique<T>(std::move(from));
      }
    }
    T& item() { return *kept; }
    const T& item() const { return *kept; }
    std::conditional_t<in_place, std::optional<T>, std::unique_ptr<T>> kept;
    std::uint64_t number;
  };
  bool before(std::size_t a, std::size_t b) const {
    const Compare first{};
    if (first(items_[a].item(), items_[b].item())) return true;
    return items_[a].number < items_[b].number && !first(items_[b].item(), items_[a].item());
  }
  /// Where the items stand that move up when the one in front goes and the last one takes its place below them.
  std::size_t path_of_last(std::array<std::size_t, max_depth>& path) const {
    const std::size_t last = items_.size() - 1;
    std::size_t depth = 0;
    for (std::size_t child = 1; child < last; child = 2 * child + 1) {
      if (child + 1 < last && before(child + 1, child)) ++child;
      if (!before(child, last)) break;
      path[depth++] = child;
    }
    return depth;
  }

  std::vector<Ranked> items_;
  std::uint64_t next_ = 0;
};

template <class T>
using Queue = BasicQueue<T, DequeStore<T>>;
template <class T>
using LifoQueue = BasicQueue<T, DequeStore<T, true>>;
template <class T, class Compare = SmallestFirst>
using PriorityQueue = BasicQueue<T, PriorityStore<T, Compare>>;

}  // namespace rondo
