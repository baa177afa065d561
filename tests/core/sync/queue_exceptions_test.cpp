// SPDX-License-Identifier: BSL-1.0
// queue_exceptions_test.cpp - queues whose items throw when they are compared, moved or copied: nothing but the item at
// hand can be lost, and who waits is not forgotten.
#include "hops.hpp"

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Throws at the n-th comparison, move or copy from now on; never with a negative number.
int fuse = -1;
void burn() {
  if (fuse >= 0 && fuse-- == 0) throw std::runtime_error("burnt");
}
struct FuseOff {
  ~FuseOff() { fuse = -1; }
};

/// An item that may throw wherever it can.
class Brittle {
 public:
  explicit Brittle(int number) : number_(number) {}
  Brittle(Brittle&& other) : number_((burn(), other.number_)) {}
  Brittle(const Brittle& other) : number_((burn(), other.number_)) {}
  Brittle& operator=(Brittle&& other) {
    burn();
    number_ = other.number_;
    return *this;
  }
  Brittle& operator=(const Brittle& other) {
    burn();
    number_ = other.number_;
    return *this;
  }
  int number() const { return number_; }
  friend bool operator<(const Brittle& a, const Brittle& b) {
    burn();
    return a.number_ < b.number_;
  }

 private:
  int number_;
};

/// Moves do not throw, comparing does.
struct Touchy {
  int number;
  friend bool operator<(const Touchy& a, const Touchy& b) {
    burn();
    return a.number < b.number;
  }
};
int number_of(const Touchy& item) { return item.number; }
int number_of(const Brittle& item) { return item.number(); }

/// Puts and takes numbers with one fault at each possible moment, and looks whether all are there afterwards.
template <class Q, class Item>
void survive_every_fault(bool sorted) {
  const FuseOff off;
  for (int moment = 0; moment < 400; ++moment) {
    Q queue;
    std::vector<int> inside;
    fuse = moment;
    bool burnt = false;
    for (int i = 0; i < 20; ++i) {
      const int number = (i * 7) % 20;
      try {
        queue.put_nowait(Item{number});
        inside.push_back(number);
      } catch (const std::runtime_error&) {
        burnt = true;
      }
      if (i % 3 != 2) continue;
      try {
        const int taken = number_of(queue.get_nowait());
        std::erase(inside, taken);
      } catch (const std::runtime_error&) {
        burnt = true;
      }
    }
    const bool met = fuse < 0;
    fuse = -1;
    CHECK((!met || burnt));
    std::vector<int> left;
    while (!queue.empty()) left.push_back(number_of(queue.get_nowait()));
    if (sorted) CHECK(std::is_sorted(left.begin(), left.end()));
    std::size_t missing = 0;
    for (const int number : inside) missing += std::count(left.begin(), left.end(), number) == 1 ? 0U : 1U;
    CHECK(missing <= (met ? 1U : 0U));
    CHECK(left.size() + 1 >= inside.size());
    if (!met) break;
  }
}

}  // namespace

TEST_CASE("a PriorityQueue whose comparison throws stays in order and loses nothing") {
  survive_every_fault<PriorityQueue<Touchy>, Touchy>(true);
}

TEST_CASE("a PriorityQueue whose items throw when they are moved stays in order, and loses at most one") {
  survive_every_fault<PriorityQueue<Brittle>, Brittle>(true);
}

TEST_CASE("a Queue whose items throw when they are moved loses at most one") {
  survive_every_fault<Queue<Brittle>, Brittle>(false);
}

TEST_CASE("a LifoQueue whose items throw when they are moved loses at most one") {
  survive_every_fault<LifoQueue<Brittle>, Brittle>(false);
}

TEST_CASE("put_nowait leaves the item with the caller when it cannot be compared") {
  const FuseOff off;
  PriorityQueue<Touchy> queue;
  queue.put_nowait(Touchy{1});
  Touchy item{2};
  fuse = 0;
  CHECK_THROWS_WITH(queue.put_nowait(std::move(item)), "burnt");
  CHECK(queue.qsize() == 1);
  queue.put_nowait(std::move(item));
  CHECK(queue.get_nowait().number == 1);
  CHECK(queue.get_nowait().number == 2);
}

TEST_CASE("equal priorities come out in the order in which they were put, also after faults") {
  const FuseOff off;
  struct Named {
    int priority;
    char name;
    bool operator<(const Named& other) const {
      burn();
      return priority < other.priority;
    }
  };
  PriorityQueue<Named> queue;
  for (const char name : std::string("abcdef")) {
    fuse = 1;
    try {
      queue.put_nowait(Named{name % 2, name});
    } catch (const std::runtime_error&) {
      fuse = -1;
      queue.put_nowait(Named{name % 2, name});
    }
  }
  fuse = -1;
  std::string order;
  while (!queue.empty()) order += queue.get_nowait().name;
  CHECK(order == "bdface");
}

TEST_CASE("a get that fails leaves the item to the next task in line") {
  const FuseOff off;
  Hops h;
  PriorityQueue<Touchy> queue;
  const auto get = [](PriorityQueue<Touchy>* q) -> Coro<int> { co_return (co_await q->get()).number; };
  static_cast<void>(h.start(see(h, "first", get(&queue))));
  static_cast<void>(h.start(see(h, "second", get(&queue))));
  static_cast<void>(h.start(see(h, "third", get(&queue))));
  h.settle();
  for (int i = 0; i < 3; ++i) queue.put_nowait(Touchy{i});
  fuse = 0;
  h.settle();
  fuse = -1;
  h.settle();
  CHECK(h.ending("first") == "burnt");
  CHECK(h.ending("second") == "0");
  CHECK(h.ending("third") == "1");
  CHECK(queue.qsize() == 1);
}

TEST_CASE("a put that fails leaves its room to the next task in line") {
  const FuseOff off;
  Hops h;
  PriorityQueue<Touchy> queue(2);
  queue.put_nowait(Touchy{1});
  queue.put_nowait(Touchy{2});
  const auto put = [](PriorityQueue<Touchy>* q, int number) -> Coro<> {
    Touchy item{number};
    co_await q->put(std::move(item));
  };
  static_cast<void>(h.start(see(h, "first", put(&queue, 3))));
  static_cast<void>(h.start(see(h, "second", put(&queue, 4))));
  h.settle();
  CHECK(queue.get_nowait().number == 1);
  fuse = 0;
  h.settle();
  fuse = -1;
  CHECK(h.ending("first") == "burnt");
  CHECK(h.ending("second") == "void");
  CHECK(queue.qsize() == 2);
}

TEST_CASE("items that look at their queue while a shutdown drops them find it empty") {
  struct Looker {
    Queue<Looker>* queue;
    std::string* story;
    Looker(Queue<Looker>* q, std::string* s) : queue(q), story(s) {}
    Looker(Looker&& other) noexcept : queue(std::exchange(other.queue, nullptr)), story(other.story) {}
    ~Looker() {
      if (queue) *story += std::to_string(queue->qsize());
    }
  };
  std::string story;
  Queue<Looker> queue;
  for (int i = 0; i < 3; ++i) queue.put_nowait(Looker(&queue, &story));
  queue.shutdown(true);
  CHECK(story == "000");
}
