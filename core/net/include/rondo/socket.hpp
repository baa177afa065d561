// SPDX-License-Identifier: BSL-1.0
// socket.hpp - sockets as the backend has them: bytes and datagrams, without buffers of the library's own.
//
// asyncio's loop.sock_* functions. Streams (stream.hpp) stand on this and are what most programs want.
//
// Memory that is given to an operation belongs to the backend until the operation has ended. So a task that is
// cancelled while it waits here goes on only when its operation has ended, too: at once on every backend, but not in
// the same batch. If the operation was faster, nothing is lost: recv, send, recv_from and send_to give their result as
// if nothing had happened, and CancelledError comes out of the task's next await; a connection that was made or
// accepted too late is closed, and CancelledError comes out at once.
#pragma once

#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <rondo/coro.hpp>
#include <rondo/endpoint.hpp>
#include <rondo/net/operation_words.hpp>

namespace rondo {

/// One operation of a socket, in the frame of the task that awaits it.
class SocketAwaiter : public Awaiter, protected Operation {
 public:
  using value_type = std::size_t;
  explicit SocketAwaiter(const Output& output)
      : Operation(&operation_words, WaitableKind::lent_operation), output_(output) {}
  ~SocketAwaiter() {
    if (!taken_) leave();
  }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }
  std::size_t await_resume() {
    const std::int32_t number = result();
    taken_ = true;
    if (number < 0 || current().deliveries() != 0) [[unlikely]] raise_or_postpone();
    return static_cast<std::size_t>(number);
  }
  Outcome<std::size_t> outcome();

 protected:
  /// Before it begins: what a send is to take.
  void lend(const Slice& piece) { output_.slices = &piece; }

 private:
  void begin(FrameCore& frame);
  void leave() noexcept;
  void raise_or_postpone();
  Output output_;
  bool taken_ = false;  // whoever awaited this has the result
};
using SocketOperation = Awaits<SocketAwaiter, Output>;

/// A send of one piece, whose description it keeps.
class SliceAwaiter final : public SocketAwaiter {
 public:
  SliceAwaiter(const Output& output, const Slice& piece) : SocketAwaiter(output), piece_(piece) { lend(piece_); }

 private:
  Slice piece_;
};
using SliceOperation = Awaits<SliceAwaiter, Output, Slice>;

[[noreturn]] void refuse_foreign_thread(const char* what, const class Socket& socket);

/// A socket of the running loop: closed when this goes, or with the loop. Movable. Belongs to the loop's thread. Any
/// number of tasks may wait for one socket; those that wait for the same direction are served in the order they came.
/// Errors of the world are std::system_error, whose text names the socket and what it was about to do.
///
/// What is called on it does not begin before it is awaited: until then the socket must stay where it is, and open.
/// What has begun bears a move. What is called on a temporary socket, or on std::move(socket), takes the socket over
/// where it gives a Coro<>, and closes it at its end; a SocketOperation of one must be awaited in the same expression.
class Socket : public ResidentOf<Socket> {
 public:
  Socket() = default;
  /// Takes over a handle that the running loop's backend gave out.
  explicit Socket(int handle);
  /// Takes over a descriptor of the program's own: a socket, a pipe, a terminal, another device. It becomes
  /// non-blocking until it is closed, which whoever shares the open file with it (a shell its terminal) sees, too. Its
  /// handle is its number. For a pipe, recv() and send() read and write, a reader that is gone is EPIPE and no SIGPIPE,
  /// and the other operations fail. `endpoint` is told what it is, and must live until the await has ended.
  /// std::system_error if it is not open, or is a regular file or a directory (which never makes anybody wait: use
  /// run_in_executor), or is a socket of this loop's; then it is still the caller's. A cancellation closes it, unless
  /// it comes before the first step or together with a refusal: use a task of its own with care.
  static Coro<Socket> adopt(int descriptor, Endpoint* endpoint = nullptr);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  int handle() const { return handle_; }
  bool is_open() const { return handle_ >= 0; }

  /// Waits until something has arrived, and takes up to `buffer.size()` bytes of it, at least one; 0 is the end of the
  /// stream. The buffer must live until the await has ended. Source: loop.sock_recv_into.
  SocketOperation recv(std::span<std::byte> buffer) const;
  /// Sends some of `bytes`, at least one, and says how many: see send_all(). std::invalid_argument if there are none: a
  /// datagram of no bytes is send_to()'s. The bytes must live until the await has ended.
  SliceOperation send(const Slice& bytes) const;
  /// The same for several pieces, as if they were one; empty ones among them do no harm. The pieces must live as long
  /// as their bytes.
  SocketOperation send(std::span<const Slice> pieces) const;
  /// Sends all of it. What was sent before a cancellation is not told. One at a time: a second one gets RuntimeError at
  /// its first step, and the first goes on. The bytes must live until the await has ended. Source: loop.sock_sendall.
  Coro<> send_all(std::span<const std::byte> bytes) const&;
  Coro<> send_all(std::span<const std::byte> bytes) &&;
  /// One datagram into `datagram`, or out of it: it must live until the await has ended. Of a socket with one peer, an
  /// address in it is the system's to judge; DatagramSocket refuses another one. Source: loop.sock_recvfrom_into,
  /// loop.sock_sendto.
  SocketOperation recv_from(Datagram& datagram) const;
  SocketOperation send_to(Datagram& datagram) const;
  /// The next connection of a listener; `endpoint` is told who the two ends are, and must live until the await has
  /// ended. std::errc::too_many_files_open when the process has no descriptor left: the connection waits. Source:
  /// loop.sock_accept.
  Coro<Socket> accept(Endpoint* endpoint = nullptr) const&;
  Coro<Socket> accept(Endpoint* endpoint = nullptr) &&;
  /// Nothing more will be sent; what the peer still sends can be received.
  Coro<> shutdown_write() const&;
  Coro<> shutdown_write() &&;
  /// Tasks that wait for it get std::errc::operation_canceled. Cannot fail; nothing if it is closed. In debug mode, on
  /// a thread that is not the loop's, the descriptor is leaked, and the loop's exception handler is told.
  void close() noexcept;
  /// The same; `told` ends when the system has the handle, its address and its path back. The socket must be open.
  void close(OwnedOperation& told) noexcept;

 private:
  friend ResidentOf<Socket>;
  void abandon() noexcept { close(); }
  class Sending;
  Output output(OperationKind kind) const;
  Output closing() noexcept;
  void take_over(Socket& other) noexcept;

  Kernel* kernel_ = nullptr;
  mutable Sending* sending_ = nullptr;  // the send_all() that is under way, in its own frame
  int handle_ = -1;
};

/// A stream to `endpoint.remote`, from `endpoint.local` if that is given. Fills in both ends. The endpoint must live
/// until the await has ended, here and in the next two. std::invalid_argument for an empty path. Source:
/// loop.sock_connect.
Coro<Socket> connect_socket(Endpoint& endpoint);
/// A listener at `endpoint.local`; fills in the port if that is 0. std::invalid_argument for an empty path.
Coro<Socket> listen_socket(Endpoint& endpoint);
/// A datagram socket at `endpoint.local`, of `endpoint.remote` if that is given.
Coro<Socket> datagram_socket(Endpoint& endpoint);

/// "cannot <what>: <words of the error>"; `error` is an errno.
[[noreturn]] void throw_system_error(int error, const std::string& what);

}  // namespace rondo
