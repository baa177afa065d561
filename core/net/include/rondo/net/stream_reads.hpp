// SPDX-License-Identifier: BSL-1.0
// stream_reads.hpp - the reads that need no coroutine of their own: what has arrived is taken at once, else one wait
// follows.
#pragma once

#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <utility>

#include <rondo/net/stream_core.hpp>
#include <rondo/task.hpp>

namespace rondo {

/// While it is alive and has begun, its task is the one that reads.
class ReadTurn {
 public:
  explicit ReadTurn(Ref<StreamCore> core) : stream_(std::move(core)) {}
  ReadTurn(const ReadTurn&) = delete;
  ReadTurn& operator=(const ReadTurn&) = delete;
  ~ReadTurn() { end(); }
  void begin(const char* what) {
    stream_->begin_reading(what);
    begun_ = true;
  }
  void end() noexcept {
    if (std::exchange(begun_, false)) stream_->end_reading();
  }
  StreamCore& core() const { return *stream_; }

 private:
  Ref<StreamCore> stream_;
  bool begun_ = false;
};

/// Of read(most). Leaves the stream's line before it lets the stream go.
class ReadSomeAwaiter : public ParkedAwaiter<ReadSomeAwaiter, std::string>, private ReadTurn, private StreamWait {
 public:
  ReadSomeAwaiter(Ref<StreamCore> core, std::size_t most)
      : ReadTurn(std::move(core)), StreamWait(ReadTurn::core(), For::bytes), most_(most) {}

  bool await_ready() {
    require_task();
    ReadTurn::begin("read");
    return most_ == 0 || core_->at_end() || !core_->arrived().empty();
  }
  Parking& park() {
    core_->wait_for_bytes(*this);
    return *this;
  }
  void resumed() noexcept { ReadTurn::end(); }
  std::string take();

 private:
  std::size_t most_;
};

/// Of read_into(buffer).
class ReadIntoAwaiter : public Awaiter {
 public:
  using value_type = std::size_t;
  ReadIntoAwaiter(Ref<StreamCore> core, std::span<std::byte> buffer) : turn_(std::move(core)), buffer_(buffer) {}
  ~ReadIntoAwaiter() {
    if (way_ == Way::in_line) in_line_.~StreamAwaiter();
    if (way_ == Way::straight) straight_.~StraightAwaiter();
  }

  bool await_ready() {
    require_task();
    turn_.begin("read_into");
    return buffer_.empty() || core().at_end() || !core().arrived().empty();
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    if (core().receiving()) {  // for a read that was cancelled: its bytes come first
      ::new (&in_line_) StreamAwaiter(core(), StreamWait::For::bytes);
      way_ = Way::in_line;
      in_line_.await_suspend(handle);
    } else {
      ::new (&straight_) StraightAwaiter(core().receive(buffer_), core());
      way_ = Way::straight;
      straight_.await_suspend(handle);
    }
  }
  std::size_t await_resume();
  Outcome<std::size_t> outcome();

 private:
  enum class Way : std::uint8_t { none, in_line, straight };
  StreamCore& core() const { return turn_.core(); }
  ReadTurn turn_;
  std::span<std::byte> buffer_;
  Way way_ = Way::none;
  union {  // a variant costs each program as much time to compile as all of the streams
    StreamAwaiter in_line_;
    StraightAwaiter straight_;
  };
};

/// What such a read gives: nothing is done before it is awaited.
template <class A, class Argument>
class [[nodiscard("a read does nothing until it is awaited")]] StreamRead {
 public:
  StreamRead(Ref<StreamCore> core, Argument argument) : core_(std::move(core)), argument_(argument) {}
  A operator co_await() && {
    if (!core_) [[unlikely]] throw_empty_handle();  // it was moved from
    return A(std::move(core_), argument_);
  }
  A operator co_await() const& {
    if (!core_) [[unlikely]] throw_empty_handle();
    return A(core_, argument_);
  }
  /// Where a coroutine is wanted.
  operator Coro<typename A::value_type>() && { return await_for<StreamRead>(std::move(*this)); }

 private:
  Ref<StreamCore> core_;
  Argument argument_;
};
using ReadSome = StreamRead<ReadSomeAwaiter, std::size_t>;
using ReadInto = StreamRead<ReadIntoAwaiter, std::span<std::byte>>;

}  // namespace rondo
