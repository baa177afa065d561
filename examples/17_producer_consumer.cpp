// SPDX-License-Identifier: BSL-1.0
// 17_producer_consumer.cpp - a bounded queue between producers and consumers; shutdown() ends it.
//
// Expected output:
//   consumer 1 ate the bread of bakery A
//   consumer 2 ate the rolls of bakery A
//   consumer 1 ate the cake of bakery A
//   consumer 2 ate the bread of bakery B
//   consumer 1 ate the rolls of bakery B
//   consumer 2 ate the cake of bakery B
//   6 meals, none left over
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "run_example.hpp"

using namespace std::chrono_literals;

using Meal = std::unique_ptr<std::string>;  // items are moved through the queue

rondo::Coro<> produce(rondo::Queue<Meal>& counter, std::string bakery) {
  for (const char* what : {"bread", "rolls", "cake"}) {
    co_await counter.put(std::make_unique<std::string>(std::string("the ") + what + " of bakery " + bakery));
  }
}

rondo::Coro<int> consume(rondo::Queue<Meal>& counter, int number) {
  int meals = 0;
  for (;;) {
    auto meal = co_await rondo::as_outcome(counter.get());
    if (!meal.has_value()) co_return meals;  // QueueShutDown: nothing is left, and nothing will come
    std::cout << "consumer " << number << " ate " << *meal.value() << '\n';
    co_await rondo::sleep(10ms);
    counter.task_done();
    ++meals;
  }
}

rondo::Coro<> async_main() {
  rondo::Queue<Meal> counter(2, "counter");
  auto first = rondo::create_task(consume(counter, 1));
  auto second = rondo::create_task(consume(counter, 2));
  co_await rondo::gather(produce(counter, "A"), produce(counter, "B"));
  co_await counter.join();  // every item has been dealt with
  counter.shutdown();
  const int meals = co_await first + co_await second;
  std::cout << meals << " meals, none left over\n";
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
