// SPDX-License-Identifier: BSL-1.0
// process_deadlines.hpp - waits end at their deadline, however near or far that is. Used as process_network.hpp is.
#pragma once

#include <thread>

#include "network.hpp"
#include "wall_time.hpp"

using namespace network;

CONFORMANCE("a hundred sleeps of a millisecond take no longer than on epoll") {
  World world;
  CHECK(wall_time::multiple_of_epoll(world.backend, 100, 1ms) <= 1.5);
}

CONFORMANCE("sleeps below a millisecond, and below a microsecond, are not rounded up to one") {
  World world;
  CHECK(wall_time::multiple_of_epoll(world.backend, 200, 100us) <= 1.5);
  CHECK(wall_time::multiple_of_epoll(world.backend, 200, 20us) <= 3);
  // 21 was seen for poll(2) on a busy machine; a millisecond is 2000 of them.
  CHECK(wall_time::multiple_of_epoll(world.backend, 200, 500ns) <= 100);
}

CONFORMANCE("a wait with a deadline at the end of time lasts until something happens") {
  World world;
  const Ends pipe;
  std::uint32_t slot = 0;
  const Instant middle(no_deadline.time_since_epoch() / 2);
  for (const Instant deadline : {no_deadline, no_deadline - 1ns, no_deadline - 1us, no_deadline - 1s, no_deadline - 24h, middle}) {
    Output output;
    output.handle = pipe.first();
    output.id = {slot++, 1};
    world.backend.submit(std::span(&output, 1));
    std::thread writer([&pipe] {
      std::this_thread::sleep_for(3ms);
      write_one(pipe.second());
    });
    std::vector<std::int32_t> results;
    int reaps = 0;
    while (results.empty() && ++reaps < 100) {
      for (const Input& input : world.backend.reap(deadline)) results.push_back(input.result);
    }
    writer.join();
    CHECK(results == std::vector<std::int32_t>{0});
    CHECK(reaps < 100);  // it does not spin
    CHECK(read_some(pipe.first()) == "x");
  }
}

CONFORMANCE("a deadline that was left before it came disturbs no later wait, and the next one is kept") {
  World world;
  const Ends pipe;
  const auto body = [](const Ends* ends) -> Coro<std::string> {
    std::string story;
    for (int i = 0; i < 3; ++i) {
      this_loop().call_later(1ms, [ends] { write_one(ends->second()); });
      const std::string how = co_await ending(wait_for(readable(ends->first()), 80ms));
      story += how + " " + read_some(ends->first()) + " ";
    }
    const Instant begin = this_loop().time();
    co_await sleep(90ms);  // past those that were left
    story += this_loop().time() - begin >= 90ms ? "slept" : "woke early";
    co_return story;
  };
  CHECK(on(world, body(&pipe)) == "void x void x void x slept");
}
