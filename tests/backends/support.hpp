// SPDX-License-Identifier: BSL-1.0
// support.hpp - what the tests of backends share: pipes, gates between threads, child processes.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <rondo/rondo.hpp>

#include "ending.hpp"

/// Goes on when the counter is there, which somebody else's handlers count.
inline rondo::Coro<> until(const int* counter, int value) {
  while (*counter < value) co_await rondo::sleep(std::chrono::milliseconds(1));
}

/// Two descriptors, without blocking: a pipe (first to read, second to write) or a pair of sockets.
class Ends {
 public:
  enum class Kind { pipe, sockets };
  explicit Ends(Kind kind = Kind::pipe) {
    const int result = kind == Kind::pipe ? ::pipe2(ends_, O_NONBLOCK | O_CLOEXEC)
                                          : ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends_);
    if (result != 0) throw std::system_error(errno, std::generic_category(), "a pair of descriptors");
  }
  ~Ends() {
    close_first();
    close_second();
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  int first() const { return ends_[0]; }
  int second() const { return ends_[1]; }
  void close_first() { close(ends_[0]); }
  void close_second() { close(ends_[1]); }

 private:
  static void close(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
  }
  int ends_[2] = {-1, -1};
};

inline void write_one(int descriptor, char byte = 'x') {
  if (::write(descriptor, &byte, 1) != 1) throw std::system_error(errno, std::generic_category(), "write");
}
/// Up to 64 bytes of what is there; "" if there is nothing.
inline std::string read_some(int descriptor) {
  char bytes[64];
  const auto size = ::read(descriptor, bytes, sizeof bytes);
  return size > 0 ? std::string(bytes, static_cast<std::size_t>(size)) : std::string();
}
/// Writes until the other side must read first; gives the number of bytes.
inline std::size_t fill(int descriptor) {
  const std::string block(4096, 'x');
  std::size_t all = 0;
  for (;;) {
    const auto size = ::write(descriptor, block.data(), block.size());
    if (size <= 0) return all;
    all += static_cast<std::size_t>(size);
  }
}
inline void drain(int descriptor) {
  while (!read_some(descriptor).empty()) {
  }
}

/// Closed until somebody opens it. Waiting gives up after ten seconds, so that a broken library does not hang a test.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return open_; });
  }
  bool is_open() {
    const std::lock_guard lock(mutex_);
    return open_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// Awaits `aw` and gives its ending in words.
template <class A>
rondo::Coro<std::string> ending(A aw) {
  const auto outcome = co_await rondo::as_outcome(std::move(aw));
  co_return ending_of(outcome);
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A signal has the default action while this lives, as in a program that nobody tests (Catch2 handles some itself).
class DefaultAction {
 public:
  explicit DefaultAction(int signal) : signal_(signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    sigaction(signal_, &action, &before_);
  }
  ~DefaultAction() { sigaction(signal_, &before_, nullptr); }
  DefaultAction(const DefaultAction&) = delete;
  DefaultAction& operator=(const DefaultAction&) = delete;

 private:
  int signal_;
  struct sigaction before_ {};
};

/// Runs `body` in a child process, which exits with its result; gives "exit N" or "signal N".
template <class F>
std::string in_a_child(F body) {
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child == 0) {
    for (const int signal : {SIGINT, SIGSEGV, SIGABRT}) std::signal(signal, SIG_DFL);
    ::alarm(5);
    int code = 99;
    try {
      code = body();
    } catch (...) {
    }
    ::_exit(code);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) : "exit " + std::to_string(WEXITSTATUS(status));
}
