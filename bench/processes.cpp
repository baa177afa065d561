// SPDX-License-Identifier: BSL-1.0
// processes.cpp - what a process pool costs, beside two processes that talk through a socket pair with nothing between.
//
//     rondo-bench-processes [ROUNDS]        all figures are medians of all rounds; ratios are of one round
//     rondo-bench-processes --pool          the pool's rows alone, in seconds, for processes.py
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <rondo/executors/process_pool.hpp>
#include <rondo/rondo.hpp>

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr int trips = 5000;
constexpr std::size_t large = 64 << 20;

double seconds_since(SteadyClock::time_point began) {
  return std::chrono::duration<double>(SteadyClock::now() - began).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// --- nothing but the system ------------------------------------------------------------------------------------------

bool read_whole(int descriptor, char* to, std::size_t size) {
  for (std::size_t got = 0; got < size;) {
    const ssize_t more = ::read(descriptor, to + got, size - got);
    if (more <= 0) return false;
    got += static_cast<std::size_t>(more);
  }
  return true;
}

void write_whole(int descriptor, const char* from, std::size_t size) {
  for (std::size_t sent = 0; sent < size;) {
    const ssize_t more = ::write(descriptor, from + sent, size - sent);
    if (more <= 0) std::abort();
    sent += static_cast<std::size_t>(more);
  }
}

/// A child that answers each message of `size` bytes with one byte.
class RawPeer {
 public:
  explicit RawPeer(std::size_t size) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      for (;;) {
        const auto message = std::make_unique_for_overwrite<char[]>(size);
        if (!read_whole(ends[1], message.get(), size)) ::_exit(0);
        write_whole(ends[1], "!", 1);
      }
    }
    ::close(ends[1]);
    channel_ = ends[0];
  }
  ~RawPeer() {
    ::close(channel_);
    ::waitpid(child_, nullptr, 0);
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  void ask(const char* message, std::size_t size) const {
    char answer = 0;
    write_whole(channel_, message, size);
    read_whole(channel_, &answer, 1);
  }

 private:
  int channel_;
  pid_t child_;
};

double raw_trip() {
  const RawPeer peer(1);
  peer.ask("?", 1);
  const auto began = SteadyClock::now();
  for (int i = 0; i < trips; ++i) peer.ask("?", 1);
  return seconds_since(began) / trips;
}

double raw_large() {
  const RawPeer peer(large);
  const auto message = std::make_unique<char[]>(large);
  std::memset(message.get(), 1, large);
  peer.ask(message.get(), large);
  const auto began = SteadyClock::now();
  peer.ask(message.get(), large);
  return seconds_since(began);
}

// --- the pool --------------------------------------------------------------------------------------------------------

int nothing(int number) { return number; }
std::size_t size_of(std::vector<char> bytes) { return bytes.size(); }
void work(int microseconds) {
  const auto began = SteadyClock::now();
  while (SteadyClock::now() - began < std::chrono::microseconds(microseconds)) {
  }
}

rondo::Coro<double> pool_trip() {
  rondo::ProcessPoolExecutor pool({.max_workers = 1});
  static_cast<void>(co_await pool.run<&nothing>(1));
  const auto began = SteadyClock::now();
  for (int i = 0; i < trips; ++i) static_cast<void>(co_await pool.run<&nothing>(i));
  co_return seconds_since(began) / trips;
}

rondo::Coro<double> pool_large() {
  rondo::ProcessPoolExecutor pool({.max_workers = 1});
  const std::vector<char> message(large, 1);
  static_cast<void>(co_await pool.run<&size_of>(message));
  const auto began = SteadyClock::now();
  static_cast<void>(co_await pool.run<&size_of>(message));
  co_return seconds_since(began);
}

/// 1,000 jobs of 1 ms on two workers, as a part of the ideal 0.5 s.
rondo::Coro<double> pool_jobs() {
  rondo::ProcessPoolExecutor pool({.max_workers = 2});
  co_await rondo::gather(pool.run<&work>(1000), pool.run<&work>(1000));
  std::vector<rondo::Future<>> jobs;
  const auto began = SteadyClock::now();
  for (int i = 0; i < 1000; ++i) jobs.push_back(pool.run<&work>(1000));
  for (const auto& job : jobs) co_await job;
  co_return seconds_since(began);
}

rondo::Coro<double> pool_start() {
  const auto began = SteadyClock::now();
  rondo::ProcessPoolExecutor pool({.max_workers = 1});
  static_cast<void>(co_await pool.run<&nothing>(1));
  co_return seconds_since(began);
}

double cpu_seconds() {
  rusage usage{};
  double all = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    ::getrusage(who, &usage);
    for (const timeval& part : {usage.ru_utime, usage.ru_stime}) {
      all += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
    }
  }
  return all;
}

/// Processor time that two idle workers and their parent take in a second.
rondo::Coro<double> pool_idle() {
  rondo::ProcessPoolExecutor pool({.max_workers = 2});
  co_await rondo::gather(pool.run<&work>(1000), pool.run<&work>(1000));
  const double before = cpu_seconds();
  co_await rondo::sleep(1s);
  co_return cpu_seconds() - before;
}

template <class T>
double measure(rondo::Coro<T> (*row)()) {
  return rondo::run(row());
}

double start() { return measure(pool_start); }

/// The second of two.
double warm_start() {
  static_cast<void>(start());
  return start();
}

std::vector<char> large_heap() { return std::vector<char>(500'000'000, 1); }

double start_beside_heap() {
  const std::vector<char> heap = large_heap();
  return start();
}

double warm_start_beside_heap() {
  const std::vector<char> heap = large_heap();
  return warm_start();
}

double start_after_heap() {
  static_cast<void>(large_heap());
  return start();
}

void print_ratios(const char* name, int rounds, const std::function<double()>& ours, const std::function<double()>& base) {
  std::vector<double> all;
  std::vector<double> bases;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    bases.push_back(base());
    all.push_back(ours());
    ratios.push_back(all.back() / bases.back());
  }
  std::printf("%-44s %10.1f us  %10.1f us  %5.2f x\n", name, median(all) * 1e6, median(bases) * 1e6, median(ratios));
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto code = rondo::process_worker_main(argc, argv)) return *code;
  if (argc > 1 && std::strcmp(argv[1], "--pool") == 0) {
    std::printf("%g %g %g %g\n", measure(pool_trip), measure(pool_large), measure(pool_jobs), measure(pool_start));
    return 0;
  }
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  print_ratios("round trip, raw: two processes", rounds, [] { return measure(pool_trip); }, raw_trip);
  print_ratios("argument of 64 MiB, raw: the same bytes", rounds, [] { return measure(pool_large); }, raw_large);
  print_ratios("1000 jobs of 1 ms on 2 workers, ideal", rounds, [] { return measure(pool_jobs); }, [] { return 0.5; });
  print_ratios("first job with 500 MB, with a small parent", rounds, warm_start_beside_heap, warm_start);
  print_ratios("the same, as 500 MB have just been written", rounds, start_beside_heap, start);
  // The control of the row before it: a parent that is small again.
  print_ratios("small, as 500 MB have just been freed", rounds, start_after_heap, start);
  std::printf("%-44s %10.1f us of processor time a second\n", "two idle workers", measure(pool_idle) * 1e6);
}
