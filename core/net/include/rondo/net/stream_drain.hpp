// SPDX-License-Identifier: BSL-1.0
// stream_drain.hpp - the await of drain(): most often there is nothing to wait for, and no coroutine is made.
#pragma once

#include <optional>
#include <utility>

#include <rondo/coro.hpp>
#include <rondo/net/stream_core.hpp>
#include <rondo/task.hpp>

namespace rondo {

class DrainAwaiter : public Awaiter {
 public:
  using value_type = void;
  explicit DrainAwaiter(Ref<StreamCore> core) : core_(std::move(core)) {}

  bool await_ready() const { return ready_in_task(core_->drained()); }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return wait_.emplace(*drain_stream(core_).release()).await_suspend(handle);
  }
  void await_resume() {
    if (wait_) wait_->await_resume();
  }
  Outcome<void> outcome();

 private:
  static Coro<> drain_stream(Ref<StreamCore> core);
  Ref<StreamCore> core_;
  std::optional<CoroAwaiter<void>> wait_;
};

/// What drain() gives: nothing is done before it is awaited.
class [[nodiscard("a drain does nothing until it is awaited")]] Drain {
 public:
  explicit Drain(Ref<StreamCore> core) : core_(std::move(core)) {}
  DrainAwaiter operator co_await() && {
    if (!core_) [[unlikely]] throw_empty_handle();  // it was moved from
    return DrainAwaiter(std::move(core_));
  }
  DrainAwaiter operator co_await() const& {
    if (!core_) [[unlikely]] throw_empty_handle();
    return DrainAwaiter(core_);
  }
  /// Where a coroutine is wanted.
  operator Coro<>() && { return await_for<Drain>(std::move(*this)); }

 private:
  Ref<StreamCore> core_;
};

}  // namespace rondo
