// SPDX-License-Identifier: BSL-1.0
// socket.cpp - the life of one operation on a socket, and of the socket.
#include <rondo/socket.hpp>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>

#include <rondo/kernel/facilities.hpp>
#include <rondo/kernel/text.hpp>
#include <rondo/net/spawn.hpp>

namespace rondo {

// --- one operation ---------------------------------------------------------------------------------------------------

Outcome<std::size_t> SocketAwaiter::outcome() {
  return caught_outcome([this] { return await_resume(); });
}

void SocketAwaiter::begin(FrameCore& frame) {
  Kernel& kernel = *thread_slot.kernel;
  kernel.operations().start(*this, output_);
  kernel.suspend(frame, static_cast<Parking&>(*this));
}

static void close_handles(std::span<const std::int32_t> handles) {
  for (const std::int32_t handle : handles) {
    if (handle >= 0) Socket(handle).close();
  }
}

/// Killed, and reaped when it is dead.
static void discard_child(const Spawn& spawn, std::int32_t process) {
  close_handles(spawn.ends);
  OperationTable& operations = running_kernel("spawn").operations();
  for (const OperationKind kind : {OperationKind::kill, OperationKind::child}) {
    Output output;
    output.kind = kind;
    output.handle = process;
    output.size = kill_signal;
    operations.reserve_detached();
    operations.start_detached(output);
  }
}

/// What a successful operation has made, and nobody will have. False if it makes nothing.
static bool discard_made(const Output& output, std::int32_t result) {
  if (makes_handle(output.kind)) {
    Socket(result).close();
  } else if (output.kind == OperationKind::pipe) {
    close_handles(std::array{output.pipe_ends->read, output.pipe_ends->write});
  } else if (output.kind == OperationKind::spawn) {
    discard_child(*output.spawn, result);
  } else {
    return false;
  }
  return true;
}

/// Without its result.
void SocketAwaiter::leave() noexcept {
  if (!task()) return;  // never awaited
  const bool ended = !in_flight();
  task()->kernel().operations().abandon(*this);
  if (result() >= 0 && ended) discard_made(output_, result());
}

static const char* adopt_details(int error) {
  switch (error) {
    case EPERM:
      return " (a file or directory never makes anybody wait: read it in run_in_executor)";
    case EEXIST:
      return " (it is a socket of this loop's already)";
    case ENOTCONN:
      return " (it is a socket that is neither connected nor listening)";
    default:
      return "";
  }
}

/// What the system's words for an error leave open.
static std::string details(const Output& output, int error) {
  if (output.kind == OperationKind::adopt) return adopt_details(error);
  if (error != ENAMETOOLONG) return {};
  std::string_view path;
  if (output.kind == OperationKind::send_to) path = output.datagram->address.path();
  if (output.kind >= OperationKind::connect && output.kind <= OperationKind::open_datagram) {
    path = output.endpoint->local.path();
    if (path.size() <= Address::longest_path) path = output.endpoint->remote.path();
  }
  if (path.size() <= Address::longest_path) return {};
  const std::string limit = std::to_string(Address::longest_path);
  return " (a path of " + std::to_string(path.size()) + " bytes; the limit is " + limit + ")";
}

void SocketAwaiter::raise_or_postpone() {
  TaskCore& task = current();
  const std::uint8_t deliveries = task.take_deliveries();
  if (deliveries == 0) throw_system_error(-result(), rondo::describe(output_) + details(output_, -result()));
  const Message message = task.delivered_message(deliveries);
  if (result() < 0) throw CancelledError(message);
  if (discard_made(output_, result())) throw CancelledError(message);
  task.postpone_cancel(message);
}

void throw_system_error(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// --- sockets ---------------------------------------------------------------------------------------------------------

/// A send_all() that is under way. It and the socket know where the other is, since either may end first.
class Socket::Sending {
 public:
  explicit Sending(const Socket& socket) : socket_(&socket) {
    if (socket.sending_) {
      throw RuntimeError("send_all: another task is sending all of something on socket " +
                         std::to_string(socket.handle_) + "; one at a time can");
    }
    socket.sending_ = this;
  }
  ~Sending() {
    if (socket_) socket_->sending_ = nullptr;
  }
  Sending(const Sending&) = delete;
  Sending& operator=(const Sending&) = delete;
  /// The socket has moved, or is closed: then null.
  void follow(const Socket* socket) { socket_ = socket; }
  const Socket& socket() const {
    if (!socket_) throw RuntimeError("send_all: the socket was closed before all was sent");
    return *socket_;
  }

 private:
  const Socket* socket_;
};

Socket::Socket(int handle) : kernel_(&running_kernel("Socket")), handle_(handle) {
  kernel_->operations().reserve_detached();
  kernel_->residents().push_back(*this);
}

Socket::Socket(Socket&& other) noexcept { take_over(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  take_over(other);
  return *this;
}

void Socket::take_over(Socket& other) noexcept {
  kernel_ = other.kernel_;
  handle_ = std::exchange(other.handle_, -1);
  if (handle_ < 0) return;
  other.unlink();
  kernel_->residents().push_back(*this);
  sending_ = std::exchange(other.sending_, nullptr);
  if (sending_) sending_->follow(this);
}

inline Output Socket::closing() noexcept {
  unlink();
  if (sending_) std::exchange(sending_, nullptr)->follow(nullptr);
  Output closing;
  closing.kind = OperationKind::close;
  closing.handle = std::exchange(handle_, -1);
  return closing;
}

void refuse_foreign_thread(const char* what, const Socket& socket) {
  refuse_foreign_thread(what, text_of({"socket ", socket.handle()}));
}

void Socket::close() noexcept {
  if (handle_ < 0) return;
  const Output output = closing();
  if (kernel_->leaks_here()) [[unlikely]] return kernel_->report_leak(text_of({"socket ", output.handle}));
  kernel_->operations().start_detached(output);
}

void Socket::close(OwnedOperation& told) noexcept { kernel_->operations().start_reserved(told, closing()); }

inline Output Socket::output(OperationKind kind) const {
  if (handle_ < 0) throw RuntimeError("the socket is closed, or was never opened");
  kernel_->check_thread("Socket", *this);
  Output output;
  output.kind = kind;
  output.handle = handle_;
  return output;
}

SocketOperation Socket::recv(std::span<std::byte> buffer) const {
  if (buffer.empty()) throw std::invalid_argument("recv: the buffer is empty; it must have room for a byte");
  Output output = this->output(OperationKind::recv);
  output.buffer = buffer.data();
  output.size = buffer.size();
  return SocketOperation(output);
}

static void refuse_empty(bool empty) {
  if (empty) throw std::invalid_argument("send: there is nothing to send; it must be a byte or more");
}

SliceOperation Socket::send(const Slice& bytes) const {
  refuse_empty(bytes.size == 0);
  Output output = this->output(OperationKind::send);
  output.size = 1;
  return SliceOperation(output, bytes);
}

SocketOperation Socket::send(std::span<const Slice> pieces) const {
  // Empty ones in front: the system looks at so many pieces, and would say 0 for a thousand of them.
  while (!pieces.empty() && pieces.front().size == 0) pieces = pieces.subspan(1);
  refuse_empty(pieces.empty());
  Output output = this->output(OperationKind::send);
  output.slices = pieces.data();
  output.size = pieces.size();
  return SocketOperation(output);
}

Coro<> Socket::send_all(std::span<const std::byte> bytes) const& {
  if (bytes.empty()) co_return;
  const Sending sending(*this);
  while (!bytes.empty()) {
    const Slice rest{bytes.data(), bytes.size()};
    bytes = bytes.subspan(co_await unnoted(sending.socket().send(rest)));
  }
}

SocketOperation Socket::recv_from(Datagram& datagram) const {
  Output output = this->output(OperationKind::recv_from);
  output.datagram = &datagram;
  return SocketOperation(output);
}

SocketOperation Socket::send_to(Datagram& datagram) const {
  Output output = this->output(OperationKind::send_to);
  output.datagram = &datagram;
  return SocketOperation(output);
}

Coro<Socket> Socket::accept(Endpoint* endpoint) const& {
  Endpoint unused;
  Output output = this->output(OperationKind::accept);
  output.endpoint = endpoint ? endpoint : &unused;
  co_return Socket(static_cast<int>(co_await unnoted(SocketOperation(output))));
}

Coro<> Socket::shutdown_write() const& {
  static_cast<void>(co_await unnoted(SocketOperation(output(OperationKind::shutdown))));
}

// --- the same on a temporary, which the coroutine keeps --------------------------------------------------------------

namespace {

// A parameter would live as long as a handle of the task, a variable goes at the end.
Coro<> send_all_of(Socket socket, std::span<const std::byte> bytes) {
  const Socket kept(std::move(socket));
  co_await unnoted(kept.send_all(bytes));
}
Coro<Socket> accept_from(Socket socket, Endpoint* endpoint) {
  const Socket kept(std::move(socket));
  co_return co_await unnoted(kept.accept(endpoint));
}
Coro<> shut_down(Socket socket) {
  const Socket kept(std::move(socket));
  co_await unnoted(kept.shutdown_write());
}

}  // namespace

Coro<> Socket::send_all(std::span<const std::byte> bytes) && { return send_all_of(std::move(*this), bytes); }
Coro<Socket> Socket::accept(Endpoint* endpoint) && { return accept_from(std::move(*this), endpoint); }
Coro<> Socket::shutdown_write() && { return shut_down(std::move(*this)); }

// --- making them -----------------------------------------------------------------------------------------------------

namespace {

/// Linux would listen at a name of its own choice, which nobody has asked for.
void refuse_unnamed(const Address& address, const char* what) {
  if (address.family() != Address::Family::unix_domain || !address.path().empty()) return;
  throw std::invalid_argument(std::string(what) + ": the path of the Unix socket is empty");
}

Coro<Socket> make_socket(OperationKind kind, Endpoint* endpoint) {
  if (kind == OperationKind::connect) refuse_unnamed(endpoint->remote, "connect");
  if (kind == OperationKind::listen) refuse_unnamed(endpoint->local, "listen");
  facilities::sockets();
  Output output;
  output.kind = kind;
  output.endpoint = endpoint;
  co_return Socket(static_cast<int>(co_await unnoted(SocketOperation(output))));
}

}  // namespace

Coro<Socket> connect_socket(Endpoint& endpoint) { return make_socket(OperationKind::connect, &endpoint); }
Coro<Socket> listen_socket(Endpoint& endpoint) { return make_socket(OperationKind::listen, &endpoint); }
Coro<Socket> datagram_socket(Endpoint& endpoint) { return make_socket(OperationKind::open_datagram, &endpoint); }

}  // namespace rondo
