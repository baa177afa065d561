// SPDX-License-Identifier: BSL-1.0
// soak.cpp - random traffic on every backend that was built, round after round, and a census after each.
//
//   rondo-soak [SECONDS [SEED [BACKEND [ROUND]]]]     600, a seed from the clock, all backends, from round 0
//
// After every round the loop has no task, operation or descriptor more than before; after every session (a backend, a
// loop and some rounds) the loop has given all its memory back, and the process has grown by no more than a bound.
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#ifdef SOAK_HAVE_ASIO
#include <rondo/backends/asio.hpp>
#endif
#include <rondo/backends/epoll.hpp>
#ifdef SOAK_HAVE_IO_URING
#include <rondo/backends/io_uring.hpp>
#endif
#ifdef SOAK_HAVE_LIBEVENT
#include <rondo/backends/libevent.hpp>
#endif

#include "census.hpp"
#include "round.hpp"

namespace soak {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t rounds_of_a_session = 8;
constexpr std::size_t warm_up = 2;                      // sessions of each backend that may grow as they like
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t growth = 512 * 1024 * 1024;       // what is free stays in quarantine
#else
constexpr std::size_t growth = 16 * 1024 * 1024;        // of the process, from then on
#endif
constexpr std::size_t growth_of_heap = 1024 * 1024;

std::unique_ptr<rondo::Backend> make_backend(const std::string& name) {
  if (name == "epoll") return std::make_unique<rondo::EpollBackend>();
#ifdef SOAK_HAVE_LIBEVENT
  if (name == "libevent") return std::make_unique<rondo::LibeventBackend>();
#endif
#ifdef SOAK_HAVE_IO_URING
  if (name == "io_uring") return std::make_unique<rondo::UringBackend>();
#endif
#ifdef SOAK_HAVE_ASIO
  if (name == "asio") return std::make_unique<rondo::AsioBackend>();
#endif
  std::fprintf(stderr, "no backend %s was built\n", name.c_str());
  std::exit(2);
}

std::vector<std::string> backends() {
  std::vector<std::string> names{"epoll"};
#ifdef SOAK_HAVE_LIBEVENT
  names.push_back("libevent");
#endif
#ifdef SOAK_HAVE_ASIO
  names.push_back("asio");
#endif
#ifdef SOAK_HAVE_IO_URING
  try {
    static_cast<void>(make_backend("io_uring"));
    names.push_back("io_uring");
  } catch (const std::system_error& error) {
    std::printf("not on io_uring: %s\n", error.what());  // this kernel refuses it
  }
#endif
  return names;
}

struct Soak {
  std::uint64_t seed;
  Clock::time_point end;
  std::string folder;
  Count count;
  std::size_t resident = 0;   // after the warm-up
  std::size_t allocated = 0;
  std::size_t descriptors = 0;

  void session(const std::string& name, std::uint64_t first, std::uint64_t rounds);
  void take_census(const std::string& name, std::uint64_t sessions);
};

[[noreturn]] void fail(const Soak& soak, const std::string& name, std::uint64_t round, const std::string& why) {
  std::fprintf(stderr, "FAILED: seed %llu, backend %s, round %llu: %s\nagain: rondo-soak 60 %llu %s %llu\n",
               static_cast<unsigned long long>(soak.seed), name.c_str(), static_cast<unsigned long long>(round),
               why.c_str(),
               static_cast<unsigned long long>(soak.seed), name.c_str(), static_cast<unsigned long long>(round));
  std::_Exit(1);  // what is left of the session may not end at all
}

void Soak::session(const std::string& name, std::uint64_t first, std::uint64_t rounds) {
  CountingResource memory;
  std::uint64_t round = first;
  try {
    const auto backend = make_backend(name);
    rondo::RunOptions options;
    options.resource = &memory;
    rondo::Runner runner(*backend, options);
    std::optional<Rest> before;
    for (; round < first + rounds && (round == first || Clock::now() < end); ++round) {
      runner.run(play(mix(mix(seed) + round), folder, before, count));
      before = runner.run([]() -> rondo::Coro<Rest> { co_return rest(); }());
    }
    runner.close();
  } catch (const std::exception& error) {
    fail(*this, name, round, error.what());
  } catch (const rondo::CancelledError&) {
    fail(*this, name, round, "the round was cancelled");
  } catch (const rondo::KeyboardInterrupt&) {
    std::exit(130);
  }
  if (memory.bytes() != 0) fail(*this, name, round, "the loop keeps " + std::to_string(memory.bytes()) + " bytes");
}

void Soak::take_census(const std::string& name, std::uint64_t sessions) {
  const std::size_t now = soak::descriptors();
  if (now != descriptors) {
    fail(*this, name, sessions,
         std::to_string(now) + " descriptors are open; at first it was " + std::to_string(descriptors));
  }
  const std::size_t heap = soak::allocated();
  const std::size_t size = soak::resident();
  if (sessions <= warm_up || resident == 0) {
    resident = size;
    allocated = heap;
  }
  if (size > resident + growth || heap > allocated + growth_of_heap) {
    fail(*this, name, sessions,
         "grown from " + std::to_string(resident) + " to " + std::to_string(size) + " bytes, of them allocated " +
             std::to_string(allocated) + " and " + std::to_string(heap));
  }
}

int main_with(double seconds, std::uint64_t seed, const std::vector<std::string>& names, std::uint64_t round) {
  std::string folder = (std::filesystem::temp_directory_path() / "rondo-soak-XXXXXX").string();
  if (!mkdtemp(folder.data())) {
    std::fprintf(stderr, "rondo-soak: cannot make the folder %s: %s\n", folder.c_str(), std::strerror(errno));
    return 2;
  }
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  Soak soak{seed, Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)), folder, {}};
  soak.descriptors = descriptors();
  std::uint64_t sessions = 0;
  do {
    ++sessions;
    for (const std::string& name : names) {
      soak.session(name, round, rounds_of_a_session);
      soak.take_census(name, sessions);
    }
    round += rounds_of_a_session;
  } while (Clock::now() < soak.end);
  std::filesystem::remove_all(folder);
  const Count& count = soak.count;
  std::printf("%llu rounds on each of %zu backends: %llu connections, %llu complete, %llu MB; "
              "%llu datagrams, %llu lookups; %llu reads and waits timed out, %llu scenes cancelled, %llu cut short; %zu MB resident\n",
              static_cast<unsigned long long>(round), names.size(), static_cast<unsigned long long>(count.connections),
              static_cast<unsigned long long>(count.exact), static_cast<unsigned long long>(count.bytes / 1'000'000),
              static_cast<unsigned long long>(count.datagrams), static_cast<unsigned long long>(count.lookups),
              static_cast<unsigned long long>(count.timeouts), static_cast<unsigned long long>(count.cancelled),
              static_cast<unsigned long long>(count.lost), resident() / 1'000'000);
  return count.exact > 0 ? 0 : 1;
}

}  // namespace
}  // namespace soak

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 600;
  const auto now = static_cast<std::uint64_t>(soak::Clock::now().time_since_epoch().count());
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : soak::mix(now) >> 32;
  const auto names = argc > 3 ? std::vector<std::string>{argv[3]} : soak::backends();
  return soak::main_with(seconds, seed, names, argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 0);
}
