// SPDX-License-Identifier: BSL-1.0
// 18_rate_limiter.cpp - a semaphore lets two requests run at a time; each holds its place by a guard.
//
// Expected output:
//   request 1 starts at 0 ms
//   request 2 starts at 0 ms
//   request 3 starts at 100 ms
//   request 4 starts at 100 ms
//   request 5 starts at 200 ms
//   at most 2 ran at a time
#include <algorithm>
#include <chrono>
#include <iostream>
#include <vector>

#include "run_example.hpp"

using namespace std::chrono_literals;

class Service {
 public:
  rondo::Coro<> request(int number) {
    const auto place = co_await limit_.scoped();  // given back at the end of the scope, whatever happens
    most_ = std::max(most_, ++running_);
    const auto since = std::chrono::round<std::chrono::milliseconds>(rondo::this_loop().time() - start_);
    std::cout << "request " << number << " starts at " << since.count() / 10 * 10 << " ms\n" << std::flush;
    co_await rondo::sleep(100ms);
    --running_;
  }
  int most() const { return most_; }

 private:
  rondo::Semaphore limit_{2, "limit"};
  rondo::Instant start_ = rondo::this_loop().time();
  int running_ = 0;
  int most_ = 0;
};

rondo::Coro<> async_main() {
  Service service;
  std::vector<rondo::Coro<>> requests;
  for (int number = 1; number <= 5; ++number) requests.push_back(service.request(number));
  co_await rondo::gather(std::move(requests));
  std::cout << "at most " << service.most() << " ran at a time\n";
}

int main(int argc, char** argv) { return run_example(argc, argv, async_main()); }
