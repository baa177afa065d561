// SPDX-License-Identifier: BSL-1.0
// poll_backend.hpp - a backend on poll(2): a whole one, and small enough to be the model for one of your own.
//
// It can wait for descriptors, sleep, and take calls from other threads. Whatever else a loop may ask for (sockets,
// jobs, signals, names) ends with -ENOTSUP, and features() says so beforehand. docs/the-loop.md has the rules, C1 to
// C12; comments name the one that a line keeps. tests/backends/poll_conformance_test.cpp runs the suite on it.
//
// Two facts about poll(2). It looks at every descriptor at each call: one wait more makes every reap() longer, and
// there can be no more of them than the process may have descriptors (RLIMIT_NOFILE; else reap() throws). And it goes
// by numbers: the wait for a descriptor that is closed meanwhile ends with -EBADF, but if the number has been given to
// another file, it is now a wait for that one. Cancel first, then close.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>

class PollBackend final : public rondo::Backend {
 public:
  PollBackend() { polled_.push_back({wakeup_.descriptor, POLLIN, 0}); }

  std::string_view name() const override { return "poll"; }

  /// What is not named here is false, and a loop on this backend does not ask for it by itself.
  rondo::Features features() const noexcept override {
    rondo::Features some;
    some.descriptors = true;
    return some;
  }

  /// A steady clock never goes back (C6).
  rondo::Instant now() noexcept override { return rondo::Instant(std::chrono::steady_clock::now() - start_); }

  /// An Inbox is all that other threads may touch: it wakes the loop if that has fallen asleep.
  rondo::Poster& poster() noexcept override { return inbox_; }

  /// What is found goes to ready_ first, and is given out when nothing can fail any more: an exception loses nothing.
  std::span<const rondo::Input> reap(rondo::Instant deadline) override {
    inputs_.clear();
    const bool sleeps = ready_.empty() && deadline > now() && inbox_.fall_asleep();
    const bool any = poll(sleeps ? deadline : rondo::Instant::min());
    inbox_.take(ready_);  // from here on the loop is awake, and posting costs no system call
    if (any) collect();
    std::swap(inputs_, ready_);
    return inputs_;
  }

  /// Nothing ends in here (C12). Without memory for an operation it could never end, and its task would hang; so that
  /// ends the process: noexcept.
  void submit(std::span<const rondo::Output> outputs) noexcept override {
    for (const rondo::Output& output : outputs) {
      if (output.verb == rondo::Output::Verb::cancel) {
        cancel(output.id);
      } else if (const int error = start(output); error != 0) {
        ready_.push_back(rondo::Input::completion(output.id, -error));
      }
    }
  }

 private:
  /// What a thread writes to, to end a poll().
  struct Wakeup {
    Wakeup() : descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
      if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    ~Wakeup() { ::close(descriptor); }
    Wakeup(const Wakeup&) = delete;
    Wakeup& operator=(const Wakeup&) = delete;
    static void wake(void* self) noexcept {
      const eventfd_t one = 1;
      while (::write(static_cast<Wakeup*>(self)->descriptor, &one, sizeof one) < 0 && errno == EINTR) {
      }
    }
    void clear() const {
      eventfd_t count = 0;
      static_cast<void>(::eventfd_read(descriptor, &count));
    }
    int descriptor;
  };

  /// 0, or why it cannot begin.
  int start(const rondo::Output& output) {
    const bool reads = output.kind == rondo::OperationKind::readable;
    if (!reads && output.kind != rondo::OperationKind::writable) return ENOTSUP;
    struct stat status {};
    if (::fstat(output.handle, &status) != 0) return errno;  // EBADF; poll() would pass over a negative number
    if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return EPERM;  // always ready: the other backends refuse it
    waits_.push_back(output.id);
    polled_.push_back({output.handle, static_cast<short>(reads ? POLLIN : POLLOUT), 0});
    return 0;
  }

  /// One completion (C1): a wait that is not in the list any more has ended, and its completion is on the way.
  void cancel(rondo::OperationId id) {
    const auto found = std::find(waits_.begin(), waits_.end(), id);
    if (found == waits_.end()) return;
    polled_.erase(polled_.begin() + 1 + (found - waits_.begin()));
    waits_.erase(found);
    ready_.push_back(rondo::Input::completion(id, -ECANCELED));
  }

  /// True if something was found. A signal ends the wait early, which is allowed.
  bool poll(rondo::Instant deadline) {
    const rondo::Instant time = now();
    const auto left = deadline > time ? (deadline - time).count() : 0;
    const timespec limit{left / 1'000'000'000, left % 1'000'000'000};
    const timespec* const timeout = deadline == rondo::no_deadline ? nullptr : &limit;
    const int count = ::ppoll(polled_.data(), polled_.size(), timeout, nullptr);
    if (count < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "ppoll");
    return count > 0;
  }

  /// Ends the waits that poll() has found something for, in the order in which they began; the others close ranks.
  void collect() {
    ready_.reserve(ready_.size() + waits_.size());  // may throw; the rest does not
    if (polled_[0].revents != 0) wakeup_.clear();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waits_.size(); ++i) {
      const short found = polled_[i + 1].revents;  // POLLHUP and POLLERR: the next call does not block, it says what is
      if (found != 0) {
        ready_.push_back(rondo::Input::completion(waits_[i], (found & POLLNVAL) != 0 ? -EBADF : 0));
      } else {
        waits_[kept] = waits_[i];
        polled_[++kept] = polled_[i + 1];
      }
    }
    waits_.resize(kept);
    polled_.resize(kept + 1);
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Wakeup wakeup_;
  rondo::Inbox inbox_{&Wakeup::wake, &wakeup_};
  std::vector<rondo::OperationId> waits_;  // in the order in which they began
  std::vector<pollfd> polled_;             // the wakeup, then one for each wait
  std::vector<rondo::Input> ready_;        // to be given out
  std::vector<rondo::Input> inputs_;       // given out by the last reap(); valid until the next
};
