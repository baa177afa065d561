// SPDX-License-Identifier: BSL-1.0
// io_uring_socket.cpp - the io_uring backend's sockets: bytes in and out, connections made, closing.
//
// What takes no time is an ordinary system call (socket, bind, getpeername, shutdown, close); what may take time goes
// to the kernel through the ring.
#include <liburing.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <rondo/backends/io_uring.hpp>

#include "descriptor.hpp"
#include "open_socket.hpp"
#include "uring_buffers.hpp"
#include "uring_flight.hpp"
#include "uring_ring.hpp"

namespace rondo {
namespace {

static_assert(sizeof(Slice) == sizeof(iovec) && alignof(Slice) == alignof(iovec));

constexpr std::size_t most_bytes = 1 << 30;   // that one operation moves: the result is 32 bits wide
constexpr std::size_t most_slices = 1024;     // that one call takes (UIO_MAXIOV)

SystemCall call_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::recv:
      return SystemCall::recv;
    case OperationKind::send:
      return SystemCall::send;
    case OperationKind::recv_from:
      return SystemCall::recv_from;
    case OperationKind::send_to:
      return SystemCall::send_to;
    case OperationKind::accept:
      return SystemCall::accept;
    case OperationKind::connect:
      return SystemCall::connect;
    default:
      return SystemCall::shutdown;
  }
}

unsigned length(std::size_t size) { return static_cast<unsigned>(std::min(size, most_bytes)); }

/// The bytes of a send.
std::int64_t asked(const Output& output) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < output.size; ++i) sum += static_cast<std::int64_t>(output.slices[i].size);
  return sum;
}

/// What the seam has to say. The kernel would wait and try again after EAGAIN and EINTR, so they are no faults.
Fault fault_of(Seam* seam, OperationKind kind) {
  if (!seam) return {};
  Fault fault = seam->before(call_of(kind));
  if (fault.error == EAGAIN || fault.error == EINTR) fault.error = 0;
  return fault;
}

}  // namespace

void UringBackend::start_socket(const Output& output) {
  switch (output.kind) {
    case OperationKind::connect:
      return start_connect(output);
    case OperationKind::listen:
      return start_listen(output);
    case OperationKind::open_datagram:
      return report(output.id, take_in(keep_path(open_datagram_socket(seam(), *output.endpoint))));
    default:
      break;
  }
  if (!is_open(output.handle)) return report(output.id, -EBADF);
  if (output.kind == OperationKind::close) return start_close(output);
  const Fault fault = fault_of(seam(), output.kind);
  if (fault.error != 0) return report(output.id, -fault.error);
  if (output.kind == OperationKind::accept) return start_accept(output);
  if (output.kind == OperationKind::send_to && output.datagram->address &&
      to_system(output.datagram->address).size == 0) {
    return report(output.id, -ENAMETOOLONG);
  }
  Flight& flight = take_flight(output);
  flight.limit = fault.limit;
  enter_lane(lane_of(output), flight);
}

void UringBackend::cancel_socket(const Output& output) {
  Flight* const flight = find(output.id);
  if (flight) cancel(*flight);
}

bool UringBackend::is_open(int descriptor) const {
  const auto at = static_cast<std::size_t>(descriptor);
  return at < handles_.size() && handles_[at].open && !handles_[at].closing;
}

UringBackend::Handle& UringBackend::handle(int descriptor) { return handles_[static_cast<std::size_t>(descriptor)]; }

/// Also one that is being closed.
bool UringBackend::has_ended(std::int32_t handle) const {
  return is_socket(handle) && what_follows(handle) == Behind::end;
}

bool UringBackend::is_socket(int descriptor) const {
  const auto at = static_cast<std::size_t>(descriptor);
  return at < handles_.size() && handles_[at].open;
}

/// The descriptor, or the error that it is; of a connection also before it is adopted.
int UringBackend::keep_path(OpenSocket made) {
  if (made.path) unix_paths_[made.descriptor] = std::move(made.path);
  return made.descriptor;
}

/// The descriptor, or the error that it is.
int UringBackend::take_in(int descriptor) {
  if (descriptor < 0) return descriptor;
  lose(descriptor);
  const auto at = static_cast<std::size_t>(descriptor);
  if (at >= handles_.size()) handles_.resize(at + 1);
  handles_[at] = Handle();
  handles_[at].open = true;
  handles_[at].tcp = is_tcp(descriptor);
  return descriptor;
}

// --- bytes -----------------------------------------------------------------------------------------------------------

void UringBackend::prepare_entry(io_uring_sqe& entry, Flight& flight) {
  const Output& output = flight.output;
  if (is_pipe(output)) return prepare_pipe(entry, output);
  switch (output.kind) {
    case OperationKind::readable:
      return io_uring_prep_poll_add(&entry, output.handle, POLLIN);
    case OperationKind::writable:
      return io_uring_prep_poll_add(&entry, output.handle, POLLOUT);
    case OperationKind::connect: {
      const SocketAddress& to = flight.message->address;
      return io_uring_prep_connect(&entry, output.handle, to.data(), to.size);
    }
    case OperationKind::recv:
      return prepare_recv(entry, flight);
    case OperationKind::send:
      return prepare_send(entry, flight);
    default:
      return prepare_datagram(entry, flight);
  }
}

void UringBackend::prepare_recv(io_uring_sqe& entry, Flight& flight) {
  const Output& output = flight.output;
  std::size_t size = std::min(output.size, flight.limit);
  if (!output.buffer) size = std::min<std::size_t>(size, buffers_->size());
  io_uring_prep_recv(&entry, output.handle, output.buffer, length(size), 0);
  if (handle(output.handle).drained) entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
  if (output.buffer) return;
  entry.flags |= IOSQE_BUFFER_SELECT;
  entry.buf_group = 0;
}

void UringBackend::prepare_send(io_uring_sqe& entry, Flight& flight) {
  const Output& output = flight.output;
  if (output.size <= 1 || flight.limit < most_bytes) {
    const Slice first = output.size > 0 ? output.slices[0] : Slice{nullptr, 0};
    const auto size = length(std::min(first.size, flight.limit));
    return io_uring_prep_send(&entry, output.handle, first.data, size, MSG_NOSIGNAL);
  }
  UringMessage& message = flight.fresh_message();
  message.header = {};
  message.header.msg_iov = reinterpret_cast<iovec*>(const_cast<Slice*>(output.slices));
  message.header.msg_iovlen = std::min(output.size, most_slices);
  io_uring_prep_sendmsg(&entry, output.handle, &message.header, MSG_NOSIGNAL);
}

void UringBackend::prepare_datagram(io_uring_sqe& entry, Flight& flight) {
  const Output& output = flight.output;
  if (flight.polls) return io_uring_prep_poll_add(&entry, output.handle, POLLOUT);
  const Datagram& datagram = *output.datagram;
  UringMessage& message = flight.fresh_message();
  message.piece = {datagram.data, datagram.size};
  message.header = {};
  message.header.msg_iov = &message.piece;
  message.header.msg_iovlen = 1;
  const bool sends = output.kind == OperationKind::send_to;
  message.address = sends ? to_system(datagram.address) : SocketAddress();
  if (message.address.size > 0) {
    message.header.msg_name = message.address.data();
    message.header.msg_namelen = message.address.size;
  }
  if (sends) return io_uring_prep_sendmsg(&entry, output.handle, &message.header, MSG_NOSIGNAL | MSG_DONTWAIT);
  io_uring_prep_recvmsg(&entry, output.handle, &message.header, 0);
}

/// A datagram that finds no room is sent anew when there is. The kernel must not wait by itself: its second try would
/// send a Unix socket an empty one, since the first has used the bytes up (Linux 6.18).
bool UringBackend::sends_again(Flight& flight, std::int32_t result) {
  if (flight.output.kind != OperationKind::send_to || flight.cancelled) return false;
  if (flight.polls ? result < 0 : result != -EAGAIN) return false;
  flight.polls = !flight.polls;
  issue(flight);
  return true;
}

/// What a cancellation makes of it.
std::int32_t UringBackend::result_of_transfer(const Flight& flight, std::int32_t result) {
  if (!flight.cancelled) return result;
  if (result == -EINTR || result == -ENOBUFS || result == -EAGAIN || flight.polls) return -ECANCELED;
  const bool cut = flight.output.kind == OperationKind::send && result >= 0 && result < asked(flight.output);
  return cut && handle(flight.output.handle).closing ? -ECANCELED : result;  // the rest will never be sent
}

void UringBackend::complete_transfer(Flight& flight, const io_uring_cqe& completion) {
  if (is_pipe(flight.output)) return complete_pipe(flight, completion.res);
  const Output output = flight.output;
  const bool lent = completion.flags & IORING_CQE_F_BUFFER;
  const std::byte* const bytes =
      lent ? buffers_->lend(static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT)) : nullptr;
  if (sends_again(flight, completion.res)) return;
  if (completion.res == -ENOBUFS && output.kind == OperationKind::recv && !output.buffer && !flight.cancelled) {
    return starve(flight);
  }
  const std::int32_t result = result_of_transfer(flight, completion.res);
  Handle& socket = handle(output.handle);
  bool last = false;
  if (output.kind == OperationKind::recv) {
    const auto size = static_cast<std::size_t>(std::max(result, 0));
    lent ? hot_.use(size) : hot_.use_elsewhere(size);  // the next turn takes the rest
    socket.drained = !(completion.flags & IORING_CQE_F_SOCK_NONEMPTY);
    const bool asks = result > 0 && !(socket.tcp && socket.drained);  // a TCP stream says that something follows
    last = asks && what_follows(output.handle) == Behind::end;
  }
  if (output.kind == OperationKind::recv_from && result >= 0) {
    const UringMessage& message = *flight.message;
    output.datagram->address = from_system(message.address.data(), message.header.msg_namelen);
    output.datagram->truncated = (message.header.msg_flags & MSG_TRUNC) != 0;
  }
  if (bytes && result > 0) {
    reports().push_back(Input::received(output.id, bytes, static_cast<std::size_t>(result)));
  } else {
    report(output.id, result);
  }
  reports().back().last = last;
  end(flight);
  if (socket.closing) return finish_close(output.handle);
  serve(lane_of(output));
}

void UringBackend::shut_down(Flight& flight) {
  const int result = ::shutdown(flight.output.handle, SHUT_WR) < 0 ? -errno : 0;
  report(flight.output.id, result);
  end(flight);
}

// --- connections that we make ----------------------------------------------------------------------------------------

void UringBackend::start_connect(const Output& output) {
  const SocketAddress to = to_system(output.endpoint->remote);
  int result = -fault_of(seam(), output.kind).error;
  if (to.size == 0) result = output.endpoint->remote ? -ENAMETOOLONG : -EDESTADDRREQ;
  if (result == 0) result = keep_path(open_stream(seam(), *output.endpoint));
  if (result < 0) return report(output.id, result);
  Flight& flight = take_flight(output);
  flight.output.handle = result;
  flight.fresh_message().address = to;
  issue(flight);
}

void UringBackend::complete_connect(Flight& flight, std::int32_t result) {
  const int descriptor = flight.output.handle;
  if (result == 0) result = name_ends(seam(), descriptor, *flight.output.endpoint);
  if (flight.cancelled && result == -EINTR) result = -ECANCELED;
  if (result < 0) {
    unix_paths_.erase(descriptor);
    close_descriptor(seam(), descriptor);
  }
  report(flight.output.id, result < 0 ? result : take_in(descriptor));
  end(flight);
}

// --- closing ---------------------------------------------------------------------------------------------------------

void UringBackend::start_close(const Output& output) {
  Handle& socket = handle(output.handle);
  socket.closing = true;
  socket.close = output.id;
  unix_paths_.erase(output.handle);  // although operations of it may still be in the kernel
  if (socket.listener) stop_listening(output.handle);
  cancel_lane(socket.in);
  cancel_lane(socket.out);
  const auto at = static_cast<std::size_t>(output.handle);
  if (at < watches_.size()) {  // of whoever had this number before
    cancel_watch(watches_[at].in);
    cancel_watch(watches_[at].out);
  }
  finish_close(output.handle);
}

/// The first may be in the kernel, and ends when that says so.
void UringBackend::cancel_lane(Lane& lane) {
  for (std::uint32_t at = lane.first; at != nobody;) {
    Flight& flight = flights_[at];
    at = flight.next;
    cancel(flight);
  }
}

void UringBackend::cancel_watch(Lane& lane) {
  while (!lane.empty()) {
    const Output output = flights_[lane.last].output;
    cancel_readiness(output);
  }
}

/// Closes it when nothing that the kernel has is about it any more.
void UringBackend::finish_close(int descriptor) {
  Handle& socket = handle(descriptor);
  if (!socket.in.empty() || !socket.out.empty() || (socket.listener && socket.listener->armed)) return;
  const OperationId id = socket.close;
  drop(descriptor);
  report(id, 0);
}

void UringBackend::drop(int descriptor) noexcept {
  Handle& socket = handle(descriptor);
  if (socket.listener) {
    if (!socket.closing) stop_listening(descriptor);
    for (const int connection : socket.listener->accepted) close_descriptor(seam(), connection);
  }
  socket = Handle();
  unix_paths_.erase(descriptor);
  close_handle(descriptor);
}

}  // namespace rondo
