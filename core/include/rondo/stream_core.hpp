// SPDX-License-Identifier: BSL-1.0
// stream_core.hpp - a connection without its handles: what has arrived and nobody has read, what was written and is not
// sent yet, and the two operations that move bytes.
//
// A read asks the backend for bytes only while a task wants some; they come in the backend's own buffer and are copied
// here, so a connection that waits owns no buffer. A write appends, and one send at a time is under way. What both do
// has nothing to do with the task that asked: a cancelled task leaves, the bytes stay.
#pragma once

#include <string>
#include <string_view>

#include <rondo/combinator.hpp>
#include <rondo/socket.hpp>

namespace rondo {

class StreamCore;
struct StreamWaitTag;

/// A task that waits at a stream.
class StreamWait : public Parking, public Link<StreamWaitTag> {
 public:
  enum class For : std::uint8_t { bytes, room, end };
  StreamWait(StreamCore& core, For what) : Parking(WaitableKind::stream), core_(&core), what_(what) {}
  ~StreamWait() {
    if (linked()) unlink();
  }
  For what() const { return what_; }
  /// "bytes of the stream to 127.0.0.1:80".
  std::string describe() const;

 protected:
  StreamCore* core_;
  For what_;
};

class StreamAwaiter : public Awaiter, private StreamWait {
 public:
  using value_type = void;
  using StreamWait::StreamWait;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }
  void await_resume() { check_delivery(); }

 private:
  void begin(FrameCore& frame);
};

class [[nodiscard("a wait does nothing until it is awaited")]] StreamSuspension {
 public:
  StreamSuspension(StreamCore& core, StreamWait::For what) : core_(&core), what_(what) {}
  StreamAwaiter operator co_await() const { return {*core_, what_}; }

 private:
  StreamCore* core_;
  StreamWait::For what_;
};

/// How much a stream may hold.
struct StreamLimits {
  std::size_t line = 64 * 1024;   // readline() and readuntil(): longer ones are an error
  std::size_t high = 64 * 1024;   // drain() waits while more than this is not sent
  std::size_t low = 16 * 1024;    // and goes on at this

  /// Throws std::invalid_argument if they make no sense together.
  void check() const;
};

/// Counted: a reader, a writer, an operation of its own, and whoever is inside one of their coroutines hold it.
class StreamCore final : public Combinator {
 public:
  static Ref<StreamCore> make(Socket socket, Endpoint endpoint, StreamLimits limits);
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) destroy();
  }
  const Address& local() const { return local_; }
  const Address& remote() const { return remote_; }
  const Socket& socket() const { return socket_; }
  const StreamLimits& limits() const { return limits_; }

  // --- reading ------------------------------------------------------------------------------------------------------

  /// What has arrived and was not taken.
  std::string_view arrived() const { return std::string_view(arrived_).substr(taken_); }
  /// Takes the first `size` bytes of it.
  std::string take(std::size_t size);
  /// The same, into memory of the caller's.
  void take(std::byte* to, std::size_t size);
  /// True when nothing more will arrive.
  bool at_end() const { return end_ || read_error_ != 0; }
  int read_error() const { return read_error_; }
  /// True while the backend has been asked for more.
  bool receiving() const { return receiving_.in_flight() || receiving_.Entry::linked(); }
  /// Suspends until more has arrived, or nothing will.
  StreamSuspension more() { return {*this, StreamWait::For::bytes}; }
  /// Notes an end that a read has met. An error is the end of the connection.
  void note_end(int error);

  /// While it exists, its task is the one that reads.
  class Reading {
   public:
    Reading(StreamCore& core, const char* what);
    ~Reading() { core_.reading_ = false; }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    StreamCore& core_;
  };

  // --- writing ------------------------------------------------------------------------------------------------------

  void write(std::string_view bytes);
  void write_eof();
  void close();
  void abort();
  bool closing() const { return closing_ || over(); }
  /// True when it is closed, by either side or by an error of a write.
  bool over() const { return !socket_.is_open(); }
  int write_error() const { return write_error_; }
  std::size_t unsent() const { return sending_.size() - sent_ + pending_.size(); }
  bool paused() const { return paused_; }
  StreamSuspension room() { return {*this, StreamWait::For::room}; }
  StreamSuspension end() { return {*this, StreamWait::For::end}; }

  void abandon() noexcept override;

 private:
  friend StreamAwaiter;
  class Receiving final : public OwnedOperation {
   public:
    explicit Receiving(StreamCore& core) : core_(&core) {}
    void received(const std::byte* bytes, std::size_t size) noexcept override { core_->keep(bytes, size); }
    void completed() override { core_->received(result()); }

   private:
    StreamCore* core_;
  };
  class Sending final : public OwnedOperation {
   public:
    explicit Sending(StreamCore& core) : OwnedOperation(WaitableKind::lent_operation), core_(&core) {}
    void completed() override { core_->sent(result()); }

   private:
    StreamCore* core_;
  };

  StreamCore(Kernel& kernel, Socket socket, Endpoint endpoint, StreamLimits limits);
  ~StreamCore() = default;
  void destroy() noexcept;
  void start_receiving();
  void keep(const std::byte* bytes, std::size_t size) noexcept;
  void received(std::int32_t result);
  void start_sending();
  Slice rest() const;
  void sent(std::int32_t result);
  void go_on_sending();
  void finish();
  void close_socket();
  bool sending() const { return sending_operation_.in_flight() || sending_operation_.Entry::linked(); }
  void wake(StreamWait::For what);

  std::uint32_t references_ = 1;
  int read_error_ = 0;
  int write_error_ = 0;
  bool end_ = false;        // of what arrives
  bool reading_ = false;    // a task is inside a read
  bool paused_ = false;     // more than limits_.high was unsent, and more than limits_.low still is
  bool eof_asked_ = false;
  bool eof_sent_ = false;
  bool closing_ = false;    // close() or abort() was called
  bool abandoned_ = false;  // the loop has ended
  Kernel* kernel_;
  Socket socket_;
  StreamLimits limits_;
  Address local_;
  Address remote_;
  std::string arrived_;
  std::size_t taken_ = 0;  // of arrived_
  std::string sending_;    // lent to the backend
  std::size_t sent_ = 0;   // of sending_
  std::string pending_;    // written since
  Slice slice_{};
  List<StreamWait, StreamWaitTag> waits_;
  Receiving receiving_;
  Sending sending_operation_;
};

}  // namespace rondo
