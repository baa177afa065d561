// SPDX-License-Identifier: BSL-1.0
// fairness_test.cpp - more receives than a turn has room for: nobody waits for ever.
#include <rondo/backends/epoll.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "desk.hpp"

using namespace rondo;

namespace {

/// A handle of the backend's, and the other end, which is ours.
struct Pair {
  explicit Pair(by_hand::Desk& desk) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    ours = ends[0];
    Output output;
    output.kind = OperationKind::adopt;
    output.handle = ends[1];
    output.endpoint = &endpoint;
    output.size = adopts_anything;
    handle = desk.run(output);
    REQUIRE(handle >= 0);
  }
  ~Pair() { ::close(ours); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void ask(by_hand::Desk& desk, const std::string& bytes) {
    REQUIRE(::write(ours, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    Output output;
    output.kind = OperationKind::recv;
    output.handle = handle;
    output.buffer = nullptr;  // the backend's own
    output.size = 64 * 1024;
    receive = desk.start(output);
  }

  Endpoint endpoint;
  int ours = -1;
  std::int32_t handle = -1;
  OperationId receive;
};

}  // namespace

TEST_CASE("a receive for which a turn had no room comes before those whose bytes arrive later") {
  EpollBackend backend;
  by_hand::Desk desk(backend);
  const std::string request(16 * 1024, 'x');
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 64; ++i) pairs.push_back(std::make_unique<Pair>(desk));
  for (const auto& pair : pairs) pair->ask(desk, request);
  int turns = 0;
  const auto waits = [&](const std::unique_ptr<Pair>& pair) { return desk.results(pair->receive).empty(); };
  // The first half asks again as soon as it is answered; the other half asks once.
  while (std::any_of(pairs.begin() + 32, pairs.end(), waits) && turns < 200) {
    ++turns;
    desk.take(std::chrono::seconds(1));
    for (auto pair = pairs.begin(); pair != pairs.begin() + 32; ++pair) {
      if (!waits(*pair)) (*pair)->ask(desk, request);
    }
  }
  CHECK(turns < 20);
}

TEST_CASE("a connection whose bytes come in many pieces is served no more often than the others") {
  EpollBackend backend;
  by_hand::Desk desk(backend);
  const std::string request(16 * 1024, 'x');
  std::vector<std::unique_ptr<Pair>> pairs;
  for (int i = 0; i < 32; ++i) pairs.push_back(std::make_unique<Pair>(desk));
  for (const auto& pair : pairs) pair->ask(desk, request);
  std::vector<int> answers(pairs.size());
  for (int turn = 0; turn < 400; ++turn) {
    REQUIRE(::write(pairs[0]->ours, "x", 1) == 1);  // an edge in each turn
    desk.take(std::chrono::seconds(1));
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      if (desk.results(pairs[i]->receive).empty()) continue;
      ++answers[i];
      pairs[i]->ask(desk, request);
    }
  }
  const int least = *std::min_element(answers.begin() + 1, answers.end());
  CHECK(least > 10);
  CHECK(answers[0] <= least + 2);
}
