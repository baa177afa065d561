// SPDX-License-Identifier: BSL-1.0
// socket.cpp - the life of one operation on a socket, and of the socket.
#include <rondo/socket.hpp>

#include <rondo/dump.hpp>

namespace rondo {

// --- one operation ---------------------------------------------------------------------------------------------------

void SocketAwaiter::begin(FrameCore& frame) {
  Kernel& kernel = *here.kernel;
  kernel.operations().start(*this, output_);
  kernel.suspend(frame, static_cast<Parking&>(*this));
}

/// Without its result.
void SocketAwaiter::leave() noexcept {
  if (!task()) return;  // never awaited
  if (in_flight()) task()->kernel().operations().abandon(*this);
  if (Entry::linked()) Entry::unlink();
  if (makes_handle(output_.kind) && result() >= 0 && !in_flight()) Socket(result()).close();
}

void SocketAwaiter::end_unusual() {
  TaskCore& task = current();
  const std::uint8_t deliveries = task.take_deliveries();
  if (deliveries == 0) throw_system_error(-result(), describe(output_));
  const Message message = task.delivered_message(deliveries);
  if (result() < 0) throw CancelledError(message);
  if (makes_handle(output_.kind)) {
    Socket(result()).close();
    throw CancelledError(message);
  }
  task.postpone_cancel(message);
}

Outcome<std::size_t> SocketAwaiter::outcome() {
  try {
    return Outcome<std::size_t>::of_value(await_resume());
  } catch (const CancelledError& error) {
    return Outcome<std::size_t>::of_cancelled(error.shared_message());
  } catch (...) {
    return Outcome<std::size_t>::of_error(std::current_exception());
  }
}

void throw_system_error(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// --- sockets ---------------------------------------------------------------------------------------------------------

Socket::Socket(int handle) : kernel_(&running_kernel("Socket")), handle_(handle) {
  kernel_->operations().reserve_detached();
  kernel_->sockets().push_back(*this);
}

Socket::Socket(Socket&& other) noexcept : Link() { adopt(other); }

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  adopt(other);
  return *this;
}

void Socket::adopt(Socket& other) noexcept {
  kernel_ = other.kernel_;
  handle_ = std::exchange(other.handle_, -1);
  if (handle_ < 0) return;
  other.unlink();
  kernel_->sockets().push_back(*this);
}

void Socket::close() noexcept {
  if (handle_ < 0) return;
  unlink();
  Output closing;
  closing.kind = OperationKind::close;
  closing.handle = std::exchange(handle_, -1);
  kernel_->operations().start_detached(closing);
}

inline Output Socket::output(OperationKind kind) const {
  if (handle_ < 0) throw RuntimeError("the socket is closed, or was never opened");
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

SocketOperation Socket::send(std::span<const Slice> pieces) const {
  Output output = this->output(OperationKind::send);
  output.slices = pieces.data();
  output.size = pieces.size();
  return SocketOperation(output);
}

Coro<> Socket::send_all(std::span<const std::byte> bytes) const {
  while (!bytes.empty()) {
    const Slice rest{bytes.data(), bytes.size()};
    bytes = bytes.subspan(co_await send(rest));
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

Coro<Socket> Socket::accept(Endpoint* endpoint) const {
  Endpoint unused;
  Output output = this->output(OperationKind::accept);
  output.endpoint = endpoint ? endpoint : &unused;
  co_return Socket(static_cast<int>(co_await SocketOperation(output)));
}

Coro<> Socket::shutdown_write() const { static_cast<void>(co_await SocketOperation(output(OperationKind::shutdown))); }

// --- making them -----------------------------------------------------------------------------------------------------

namespace {

Coro<Socket> make_socket(OperationKind kind, Endpoint* endpoint) {
  Output output;
  output.kind = kind;
  output.endpoint = endpoint;
  co_return Socket(static_cast<int>(co_await SocketOperation(output)));
}

}  // namespace

Coro<Socket> connect_socket(Endpoint& endpoint) { return make_socket(OperationKind::connect, &endpoint); }
Coro<Socket> listen_socket(Endpoint& endpoint) { return make_socket(OperationKind::listen, &endpoint); }
Coro<Socket> datagram_socket(Endpoint& endpoint) { return make_socket(OperationKind::open_datagram, &endpoint); }

}  // namespace rondo
