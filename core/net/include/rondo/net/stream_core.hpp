// SPDX-License-Identifier: BSL-1.0
// stream_core.hpp - a connection without its handles: what has arrived and nobody has read, what was written and is not
// sent yet, and the two operations that move bytes.
//
// A read asks the backend for bytes only while a task wants some; they come in the backend's own buffer and are copied
// here, so a connection that waits owns no buffer. A write appends, and one send at a time is under way. What both do
// has nothing to do with the task that asked: a cancelled task leaves, the bytes stay. Where either side is in its life
// is a machine: machines/reading.hpp, machines/writing.hpp.
#pragma once

#include <string>
#include <string_view>

#include <rondo/machines/reading.hpp>
#include <rondo/machines/writing.hpp>
#include <rondo/net/pooled_bytes.hpp>
#include <rondo/socket.hpp>

namespace rondo {

class StreamCore;
struct StreamWaitTag;
[[noreturn]] void refuse_foreign_thread(const char* what, const StreamCore& stream);

/// A task that waits at a stream.
class StreamWait : public Parking, public Link<StreamWaitTag> {
 public:
  enum class For : std::uint8_t { bytes, room, end };
  StreamWait(StreamCore& core, For what) : Parking(&waits), core_(&core), what_(what) {}
  ~StreamWait() {
    if (linked()) unlink();
  }
  For what() const { return what_; }

 protected:
  static WaitWords waits(const Parking& parking);
  StreamCore* core_;
  For what_;
};

class StreamAwaiter : public ParkedAwaiter<StreamAwaiter>, private StreamWait {
 public:
  using StreamWait::StreamWait;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }

 private:
  void begin(FrameCore& frame);
};
using StreamSuspension = Awaits<StreamAwaiter, StreamCore&, StreamWait::For>;

/// A receive into memory of the caller's, which tells the stream of its end.
class StraightAwaiter final : public SocketAwaiter {
 public:
  StraightAwaiter(const Output& output, StreamCore& core) : SocketAwaiter(output), core_(&core) {}
  std::size_t await_resume();
  Outcome<std::size_t> outcome();

 private:
  StreamCore* core_;
};

/// How much a stream may hold, and how long it lingers.
struct StreamLimits {
  std::size_t line = 64 * 1024;   // readline() and readuntil(): longer ones are an error
  std::size_t high = 64 * 1024;   // drain() waits while more than this is not sent
  std::size_t low = 16 * 1024;    // and goes on at this
  /// After close(), or after a write that failed: how long the peer may be silent before the socket is closed; ten
  /// times as long if it sends a little now and then. 0: it is closed as soon as all is sent, and the peer may lose
  /// what is on its way if it is still sending.
  Delay linger = std::chrono::seconds(2);

  /// Throws std::invalid_argument if they make no sense together.
  void check() const;
};

/// Counted: a reader, a writer, an operation of its own, and whoever is inside one of their coroutines hold it.
class StreamCore final : public ResidentOf<StreamCore>, public RefCounted<StreamCore> {
 public:
  static Ref<StreamCore> make(Socket socket, Endpoint endpoint, StreamLimits limits);
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  const Address& local() const { return local_; }
  const Address& remote() const { return remote_; }
  /// Who is at the other end, for errors.
  std::string peer() const { return pipe_ ? "a pipe" : remote_.str(); }
  const Socket& socket() const { return socket_; }
  const StreamLimits& limits() const { return limits_; }
  /// In debug mode: RuntimeError on a thread that is not the loop's.
  void check_thread(const char* what) const { kernel_->check_thread(what, *this); }
  /// In debug mode, on such a thread: it stays open, and that is reported.
  bool is_left_here() const noexcept;

  // --- reading ------------------------------------------------------------------------------------------------------

  /// What has arrived and was not taken.
  std::string_view arrived() const { return std::string_view(arrived_).substr(taken_); }
  /// Takes the first `size` bytes of it.
  std::string take(std::size_t size);
  /// The same, into memory of the caller's.
  void take(std::byte* to, std::size_t size);
  /// True when nothing more will arrive.
  bool at_end() const { return reading_ != machines::reading::State::open; }
  /// The same, after a look at the backend where no receive would tell.
  bool at_end_now() {
    if (!at_end() && arrived().empty() && !receiving()) look_for_end();
    return at_end();
  }
  /// What a reader is told at the end; 0 if that is just the end.
  int read_error() const { return read_error_; }
  /// True while the backend has been asked for more.
  bool receiving() const { return receiving_.under_way(); }
  /// Suspends until more has arrived, or nothing will.
  StreamSuspension more() { return StreamSuspension(*this, StreamWait::For::bytes); }
  /// The same for a wait of the caller's own.
  void wait_for_bytes(StreamWait& wait);
  /// A receive into `buffer`, past what has arrived: there must be nothing, and no receive under way.
  Output receive(std::span<std::byte> buffer) const { return receive(buffer.data(), buffer.size()); }
  /// Notes an end that a receive has met, with 0 or the reason. An error is the end of the connection.
  void note_end(int error);

  /// From here to end_reading() the task is the one that reads. RuntimeError, naming `what`, if another one does.
  void begin_reading(const char* what) {
    if (read_by_task_) [[unlikely]] refuse_reading(what);
    read_by_task_ = true;
  }
  void end_reading() noexcept { read_by_task_ = false; }
  /// The same as long as it exists.
  class Reading {
   public:
    Reading(StreamCore& core, const char* what) : core_(core) { core.begin_reading(what); }
    ~Reading() { core_.end_reading(); }
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
  /// True when close() or abort() was called.
  bool closed() const;
  /// The same, or the connection is lost.
  bool closing() const { return writing_ != machines::writing::State::open && (closed() || over()); }
  /// True when nothing will be sent any more: it is closed, by either side, or a write has failed.
  bool over() const;
  machines::reading::State reading() const { return reading_; }
  machines::writing::State writing() const { return writing_; }
  int write_error() const { return write_error_; }
  std::size_t unsent() const { return sending_.size() + pending_.size(); }
  bool paused() const { return paused_; }
  /// Nothing keeps a task that has written from going on.
  bool drained() const { return !paused_ && write_error_ == 0 && read_error_ == 0 && !closing(); }
  StreamSuspension room() { return StreamSuspension(*this, StreamWait::For::room); }
  StreamSuspension end() { return StreamSuspension(*this, StreamWait::For::end); }

  void abandon() noexcept;

 private:
  friend StreamAwaiter;
  friend StraightAwaiter;
  friend Firing;
  friend RefCounted<StreamCore>;
  class Receiving final : public OwnedOperation {
   public:
    explicit Receiving(StreamCore& core) : core_(&core) {}
    void received(const std::byte* bytes, std::size_t size) noexcept override { core_->append(bytes, size); }
    void completed() override { core_->received(result(), last()); }

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

  /// The peer has been silent for too long.
  class Silence final : public Timer {
   public:
    explicit Silence(StreamCore& core) : Timer(&expire), core_(&core) {}

   private:
    static void expire(Hook& hook) { static_cast<Silence&>(hook).core_->silent(); }
    StreamCore* core_;
  };

  StreamCore(Kernel& kernel, Socket socket, Endpoint endpoint, StreamLimits limits);
  ~StreamCore() = default;
  void destroy() noexcept;
  machines::reading::State& state_in(const decltype(machines::reading::diagram)&) { return reading_; }
  machines::writing::State& state_in(const decltype(machines::writing::diagram)&) { return writing_; }
  void perform(machines::reading::Do effect);
  void perform(machines::writing::Do effect);
  void wake(StreamWait::For what);
  bool sending() const { return sending_operation_.under_way(); }
  bool salvages() const;
  bool must_linger() const;

  Output receive(std::byte* buffer, std::size_t size) const;
  void start_receiving();
  void look_for_end();
  void append(const std::byte* bytes, std::size_t size) noexcept;
  void received(std::int32_t result, bool last);
  void discarded(std::int32_t result, bool last);
  void go_on_salvaging();
  void silent();
  void wait_for_peer();

  [[noreturn]] void refuse_reading(const char* what) const;
  void refuse_write() const;
  void start_sending();
  void sent(std::int32_t result);
  void send_failed(int error);
  void advance();
  void shut_down();
  void linger();
  void take_in();
  void release_socket();
  void forget_unsent();

  int read_error_ = 0;
  int write_error_ = 0;
  machines::reading::State reading_ = machines::reading::State::open;
  machines::writing::State writing_ = machines::writing::State::open;
  bool read_by_task_ = false;  // a task is inside a read
  bool paused_ = false;        // more than limits_.high was unsent, and more than limits_.low still is
  bool cut_ = false;           // no memory was left for bytes that had arrived
  bool pipe_;                  // no socket: it cannot be shut down, only closed
  Kernel* kernel_;
  Socket socket_;
  StreamLimits limits_;
  Address local_;
  Address remote_;
  std::string arrived_;
  std::size_t taken_ = 0;  // of arrived_
  std::size_t thrown_away_ = 0;
  Instant lingers_until_{};
  PooledBytes sending_;  // lent to the backend
  PooledBytes pending_;  // written since
  std::uint64_t written_ = 0;
  Slice slice_{};
  List<StreamWait, StreamWaitTag> waits_;
  Receiving receiving_;
  Sending sending_operation_;
  Silence silence_;
  Ref<StreamCore> self_;  // while it lingers: nobody else may hold it then
};

}  // namespace rondo
