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

#include <rondo/awaiter.hpp>
#include <rondo/coro.hpp>
#include <rondo/endpoint.hpp>

namespace rondo {

struct SocketListTag;

/// One operation of a socket, in the frame of the task that awaits it.
class SocketAwaiter : public Awaiter, protected Operation {
 public:
  using value_type = std::size_t;
  explicit SocketAwaiter(const Output& output) : Operation(Use::await, WaitableKind::lent_operation), output_(output) {}
  ~SocketAwaiter() {
    if (!taken_) leave();
  }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> handle) {
    begin(frame_of(handle));
  }
  std::size_t await_resume() {
    const std::int32_t number = result();
    taken_ = true;
    if (number < 0 || current().deliveries() != 0) [[unlikely]] end_unusual();
    return static_cast<std::size_t>(number);
  }
  Outcome<std::size_t> outcome();

 private:
  void begin(FrameCore& frame);
  void leave() noexcept;
  void end_unusual();
  Output output_;
  bool taken_ = false;  // whoever awaited this has the result
};

class [[nodiscard("an operation does nothing until it is awaited")]] SocketOperation {
 public:
  explicit SocketOperation(const Output& output) : output_(output) {}
  SocketAwaiter operator co_await() const { return SocketAwaiter(output_); }

 private:
  Output output_;
};

/// A socket of the running loop: closed when this goes, or with the loop. Movable. Belongs to the loop's thread. Any
/// number of tasks may wait for one socket; those that wait for the same direction are served in the order they came.
/// Errors of the world are std::system_error, whose text names the socket and what it was about to do.
class Socket : public Link<SocketListTag> {
 public:
  Socket() = default;
  /// Takes over a handle that the running loop's backend gave out.
  explicit Socket(int handle);
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { close(); }

  int handle() const { return handle_; }
  bool is_open() const { return handle_ >= 0; }

  /// Waits until something has arrived, and takes up to `buffer.size()` bytes of it, at least one; 0 is the end of the
  /// stream. The buffer must live until the await has ended. Source: loop.sock_recv_into.
  SocketOperation recv(std::span<std::byte> buffer) const;
  /// Sends some of `bytes`, at least one, and says how many: see send_all().
  SocketOperation send(const Slice& bytes) const { return send(std::span(&bytes, 1)); }
  /// The same for several pieces, as if they were one.
  SocketOperation send(std::span<const Slice> pieces) const;
  /// Sends all of it. What was sent before a cancellation is not told. Source: loop.sock_sendall.
  Coro<> send_all(std::span<const std::byte> bytes) const;
  /// One datagram into `datagram`, or out of it. Source: loop.sock_recvfrom_into, loop.sock_sendto.
  SocketOperation recv_from(Datagram& datagram) const;
  SocketOperation send_to(Datagram& datagram) const;
  /// The next connection of a listener; `endpoint` is told who the two ends are. std::errc::too_many_files_open when
  /// the process has no descriptor left: the connection waits. Source: loop.sock_accept.
  Coro<Socket> accept(Endpoint* endpoint = nullptr) const;
  /// Nothing more will be sent; what the peer still sends can be received.
  Coro<> shutdown_write() const;
  /// Tasks that wait for it get std::errc::operation_canceled. Cannot fail; nothing if it is closed.
  void close() noexcept;

 private:
  Output output(OperationKind kind) const;
  void adopt(Socket& other) noexcept;

  Kernel* kernel_ = nullptr;
  int handle_ = -1;
};

/// A stream to `endpoint.remote`, from `endpoint.local` if that is given. Fills in both ends. Source:
/// loop.sock_connect.
Coro<Socket> connect_socket(Endpoint& endpoint);
/// A listener at `endpoint.local`; fills in the port if that is 0.
Coro<Socket> listen_socket(Endpoint& endpoint);
/// A datagram socket at `endpoint.local`, of `endpoint.remote` if that is given.
Coro<Socket> datagram_socket(Endpoint& endpoint);

/// "cannot <what>: <words of the error>"; `error` is an errno.
[[noreturn]] void throw_system_error(int error, const std::string& what);

}  // namespace rondo
