// SPDX-License-Identifier: BSL-1.0
// load.cpp - echo-load PORT PID [OPTION...]: the one client of all echo servers.
//
//   --connections N   how many (64)
//   --size BYTES      of a request, and of its answer (64)
//   --warm-up SECONDS --window SECONDS   what is measured is the window (0.1, 0.5)
//   --requests N      no window: sends so many and ends; for counting instructions and system calls
//   --together        all connect and send while the server is stopped, which then sees all at once; when all are
//                     answered, again. So it does not matter who is faster. For servers of one thread, with --requests
//   --hold            sends one request on each connection, says "held", and keeps them until its input ends
//
// A connection has one request under way: the next goes out when the answer is there, so a slow server is asked less.
// The client is one thread, edge-triggered; where there are two cores it takes the first and gives the server, PID, the
// second. Every byte of every answer is compared. Prints one line of JSON; CPU time is the server's, of all its
// threads, as the scheduler counts it.
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common.hpp"

namespace {

struct Options {
  int port = 0;
  int pid = 0;
  std::size_t connections = 64;
  std::size_t size = 64;
  double warm_up = 0.1;
  double window = 0.5;
  std::uint64_t requests = UINT64_MAX;
  bool together = false;
  bool hold = false;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "echo-load: %s\n", why.c_str());
  std::exit(1);
}

std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

std::int64_t to_ns(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

// --- the server's process --------------------------------------------------------------------------------------------

std::vector<int> threads_of(int pid) {
  std::vector<int> threads;
  DIR* const folder = opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
  if (!folder) fail("there is no process " + std::to_string(pid));
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') threads.push_back(std::atoi(entry->d_name));
  }
  closedir(folder);
  return threads;
}

std::int64_t cpu_ns_of(int pid) {
  std::int64_t sum = 0;
  for (const int thread : threads_of(pid)) {
    const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(thread) + "/schedstat";
    std::FILE* const file = std::fopen(path.c_str(), "r");
    long long ns = 0;
    if (file && std::fscanf(file, "%lld", &ns) == 1) sum += ns;
    if (file) std::fclose(file);
  }
  return sum;
}

/// Waits until the first thread of `pid` is in `state`, as /proc names it: S sleeps, T is stopped.
void wait_for_state(int pid, char state) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  for (char now = 0; now != state;) {
    FILE* const file = std::fopen(path.c_str(), "r");
    if (!file || std::fscanf(file, "%*d (%*[^)]) %c", &now) != 1) fail("there is no process " + std::to_string(pid));
    std::fclose(file);
  }
}

/// Stops `pid` where it waits for something to do.
void stop(int pid) {
  wait_for_state(pid, 'S');
  ::kill(pid, SIGSTOP);
  wait_for_state(pid, 'T');
}

void pin(int thread, int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  if (sched_setaffinity(thread, sizeof cores, &cores) < 0) std::perror("echo-load: not pinned");
}

// --- the client ------------------------------------------------------------------------------------------------------

struct Connection {
  int socket = -1;
  std::size_t sent = 0;
  std::size_t received = 0;
  std::int64_t began_ns = 0;
};

class Client {
 public:
  explicit Client(const Options& options) : options_(options), request_(options.size), answer_(64 * 1024) {
    for (std::size_t i = 0; i < request_.size(); ++i) request_[i] = static_cast<std::byte>(i * 31 + 7);
    epoll_ = echo::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    connections_.resize(options_.connections);
    if (options_.together) stop(options_.pid);
    for (Connection& connection : connections_) connect(connection);
  }

  std::uint64_t done() const { return done_; }
  std::vector<std::uint32_t>& latencies() { return latencies_; }
  void begin() {
    for (Connection& connection : connections_) begin_request(connection, now_ns());
    if (options_.together) ::kill(options_.pid, SIGCONT);
  }
  /// Forgets what was measured so far.
  void clear() {
    forgotten_ += std::exchange(done_, 0);
    latencies_.clear();
  }
  /// Answers that are under way are waited for, so that no connection ends in the middle of one.
  void finish() {
    options_.requests = begun_;
    while (done_ + forgotten_ < begun_) wait();
  }
  /// Until `deadline_ns`, or all requests are answered.
  void run(std::int64_t deadline_ns) {
    while (done_ < options_.requests && now_ns() < deadline_ns) wait();
  }

 private:
  void wait() {
    epoll_event events[512];
    const int count = ::epoll_wait(epoll_, events, 512, 100);
    for (int i = 0; i < count; ++i) serve(*static_cast<Connection*>(events[i].data.ptr));
  }
  void connect(Connection& connection) {
    connection.socket = echo::check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    echo::check(::connect(connection.socket, reinterpret_cast<sockaddr*>(&address), sizeof address), "connect");
    const int on = 1;
    echo::check(::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "TCP_NODELAY");
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    echo::check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.socket, &event), "epoll_ctl");
  }

  void begin_request(Connection& connection, std::int64_t now) {
    connection.sent = options_.size;  // of a request that was answered, or never begun
    if (begun_ == options_.requests) return;
    ++begun_;
    connection.sent = 0;
    connection.received = 0;
    connection.began_ns = now;
    send(connection);
  }

  void send(Connection& connection) {
    while (connection.sent < options_.size) {
      const ssize_t sent = ::send(connection.socket, request_.data() + connection.sent, options_.size - connection.sent,
                                  MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno == EAGAIN) return;
      if (sent < 0) fail("the server closed a connection");
      connection.sent += static_cast<std::size_t>(sent);
    }
  }

  void serve(Connection& connection) {
    send(connection);
    for (;;) {
      const ssize_t got = ::recv(connection.socket, answer_.data(), answer_.size(), MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) fail("the server closed a connection");
      const auto size = static_cast<std::size_t>(got);
      if (connection.received + size > connection.sent ||
          std::memcmp(answer_.data(), request_.data() + connection.received, size) != 0) {
        fail("an answer is not what was sent");
      }
      connection.received += size;
      if (connection.received == options_.size) answered(connection);
      if (size < answer_.size()) return;
    }
  }

  void answered(Connection& connection) {
    const std::int64_t now = now_ns();
    latencies_.push_back(static_cast<std::uint32_t>(std::min<std::int64_t>(now - connection.began_ns, UINT32_MAX)));
    ++done_;
    if (!options_.together) return begin_request(connection, now);
    if (done_ < begun_ || begun_ == options_.requests) return;
    stop(options_.pid);
    begin();
  }

  Options options_;
  int epoll_ = -1;
  std::vector<Connection> connections_;
  std::vector<std::byte> request_;
  std::vector<std::byte> answer_;
  std::vector<std::uint32_t> latencies_;  // ns
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t forgotten_ = 0;  // done before clear()
};

double percentile_us(std::vector<std::uint32_t>& latencies, double share) {
  if (latencies.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1));
  std::nth_element(latencies.begin(), latencies.begin() + static_cast<std::ptrdiff_t>(at), latencies.end());
  return latencies[at] / 1e3;
}

void measure(Client& client, const Options& options) {
  if (options.requests == UINT64_MAX) {
    client.run(now_ns() + to_ns(options.warm_up));
    client.clear();
  }
  const std::int64_t cpu_before = cpu_ns_of(options.pid);
  const std::int64_t before = now_ns();
  client.run(options.requests == UINT64_MAX ? before + to_ns(options.window) : INT64_MAX);
  const double seconds = static_cast<double>(now_ns() - before) / 1e9;
  const double cpu_us = static_cast<double>(cpu_ns_of(options.pid) - cpu_before) / 1e3;
  const auto requests = static_cast<double>(client.done());
  std::printf("{\"requests\": %.0f, \"per_second\": %.0f, \"cpu_us\": %.3f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", requests,
              requests / seconds, cpu_us / std::max(1.0, requests), percentile_us(client.latencies(), 0.5),
              percentile_us(client.latencies(), 0.99));
}

Options parse(int argc, char** argv) {
  if (argc < 3) fail("usage: echo-load PORT PID [OPTION...]; see bench/echo/load.cpp");
  Options options;
  options.port = std::atoi(argv[1]);
  options.pid = std::atoi(argv[2]);
  for (int i = 3; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--hold" || option == "--together") {
      (option == "--hold" ? options.hold : options.together) = true;
      continue;
    }
    if (++i == argc) fail(option + " needs a value");
    const double value = std::atof(argv[i]);
    if (option == "--connections") options.connections = static_cast<std::size_t>(value);
    else if (option == "--size") options.size = static_cast<std::size_t>(value);
    else if (option == "--warm-up") options.warm_up = value;
    else if (option == "--window") options.window = value;
    else if (option == "--requests") options.requests = static_cast<std::uint64_t>(value);
    else fail("there is no option " + option);
  }
  if (options.hold) options.requests = options.connections;
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  if (std::thread::hardware_concurrency() >= 2) {
    pin(0, 0);
    for (const int thread : threads_of(options.pid)) pin(thread, 1);
  }
  Client client(options);
  client.begin();
  if (!options.hold) {
    measure(client, options);
    client.finish();
    return 0;
  }
  client.run(INT64_MAX);
  std::puts("held");
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
