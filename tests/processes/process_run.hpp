// SPDX-License-Identifier: BSL-1.0
// process_run.hpp - a run on the backend under test, after which no descriptor and no child of its own is left.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <rondo/rondo.hpp>

#include "backends/network.hpp"
#include "catch.hpp"
#include "open_descriptors.hpp"
#include "test_backend.hpp"

namespace processes {

using namespace rondo;
using namespace std::chrono_literals;
using network::a_moment;
using network::bytes_of;
using network::pattern;
using network::watched;

inline bool is_open(int descriptor) { return ::fcntl(descriptor, F_GETFD) >= 0; }
inline bool blocks(int descriptor) { return (::fcntl(descriptor, F_GETFL) & O_NONBLOCK) == 0; }

/// False for a process that has ended and was reaped.
inline bool exists(int process) { return ::access(("/proc/" + std::to_string(process)).c_str(), F_OK) == 0; }

/// "none", or what is wrong: a child that runs, or one that ended and was not reaped.
inline std::string children() {
  int status = 0;
  const pid_t child = ::waitpid(-1, &status, WNOHANG);
  if (child < 0 && errno == ECHILD) return "none";
  return child > 0 ? "a zombie" : "one that runs";
}

/// Checks when it goes that there are as many descriptors as at its start, and no children.
class Census {
 public:
  Census() = default;
  Census(const Census&) = delete;
  Census& operator=(const Census&) = delete;
  ~Census() {
    CHECK(open_descriptors() == descriptors_);
    CHECK(children() == "none");
  }

 private:
  std::size_t descriptors_ = open_descriptors();
};

/// Runs `main` on the backend under test, and fails if it hangs or leaves something behind.
template <class T>
T here(Coro<T> main, Seam* seam = nullptr) {
  const Census census;
  const auto backend = make_test_backend(seam);
  return rondo::run(*backend, watched(std::move(main)));
}

/// Fails the calls of one kind with an error: `times` of them, after the first `skipped`; counts them all.
class Failing final : public Seam {
 public:
  Failing(SystemCall what, int error, int times = 1, int skipped = 0)
      : what_(what), error_(error), left_(times), skip_(skipped) {}
  Fault before(SystemCall call) override {
    if (call != what_) return {};
    ++calls_;
    if (skip_ > 0) return --skip_, Fault{};
    if (left_ == 0) return {};
    --left_;
    return {error_, SIZE_MAX};
  }
  int calls() const { return calls_; }

 private:
  SystemCall what_;
  int error_;
  int left_;
  int skip_;
  int calls_ = 0;
};

/// What a call that must fail says: the text of its exception.
template <class A>
Coro<std::string> refusal(A awaited) {
  const auto outcome = co_await as_outcome(std::move(awaited));
  if (!outcome.error()) co_return outcome.has_value() ? "not refused" : "cancelled";
  co_return describe(outcome.error());
}

}  // namespace processes
