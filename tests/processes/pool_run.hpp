// SPDX-License-Identifier: BSL-1.0
// pool_run.hpp - a process pool on the backend under test, after which nothing of it is left.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <rondo/executors/process_pool.hpp>

#include "process_run.hpp"

namespace processes {

using PoolBody = Coro<std::string> (*)(ProcessPoolExecutor& pool);

inline Coro<std::string> pooled(ProcessPoolOptions options, PoolBody body) {
  ProcessPoolExecutor pool(std::move(options));
  std::string story = co_await body(pool);
  co_await pool.shutdown();
  if (!pool.pids().empty()) story += ", and workers are left";
  co_return story;
}

/// What `body` tells of a pool, which is shut down after it.
inline std::string on_pool(ProcessPoolOptions options, PoolBody body) { return here(pooled(std::move(options), body)); }
inline std::string on_pool(PoolBody body) { return on_pool({.max_workers = 1}, body); }

/// "(pid 4711)" is told as "(pid N)".
inline std::string without_pids(const std::string& text) {
  return std::regex_replace(text, std::regex("\\(pid [0-9]+\\)"), "(pid N)");
}

/// False for a process that has ended, also if nobody has reaped it.
inline bool runs(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name = text.rfind(") ");
  return name != std::string::npos && text[name + 2] != 'Z' && text[name + 2] != 'X';
}

/// Until `holds()` does; gives up after ten seconds.
inline Coro<bool> until(std::function<bool()> holds) {
  for (int i = 0; i < 10'000 && !holds(); ++i) co_await sleep(1ms);
  co_return holds();
}

/// An empty file, which is removed when this goes.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text = {}, int mode = 0600) : path_("/tmp/rondo-pool-XXXXXX") {
    const int file = ::mkstemp(path_.data());
    if (file < 0 || ::write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw std::runtime_error("the test has no file");
    }
    ::fchmod(file, static_cast<mode_t>(mode));
    ::close(file);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::string path_;
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace processes

/// What workers are asked for. In a namespace with a name, as every compiler writes it the same way.
namespace work {

inline int pid() { return ::getpid(); }
inline int twice(int number) { return 2 * number; }
inline int sleep_ms(int duration) {
  ::usleep(static_cast<useconds_t>(duration) * 1000);
  return duration;
}
inline void loop() {
  for (;;) ::usleep(1000);
}
inline void write_line(const std::string& text) {
  static_cast<void>(!::write(2, (text + "\n").data(), text.size() + 1));
}
/// A line more in the file.
inline void note(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app) << text << "\n";
}
/// Waits until there are so many lines in the file.
inline void await_lines(const std::string& path, int number) {
  for (int i = 0; i < 5000; ++i) {
    std::ifstream file(path);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (std::count(text.begin(), text.end(), '\n') >= number) return;
    sleep_ms(1);
  }
}
inline void await_note(const std::string& path) { await_lines(path, 1); }
/// Waits until so many have done the same.
inline void meet(const std::string& path, int number) {
  note(path, "here");
  await_lines(path, number);
}
inline void note_and_sleep(const std::string& path, const std::string& text, int duration) {
  note(path, text);
  sleep_ms(duration);
}

}  // namespace work
