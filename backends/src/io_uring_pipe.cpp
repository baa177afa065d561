// SPDX-License-Identifier: BSL-1.0
// io_uring_pipe.cpp - descriptors that were adopted, and bytes through what is no socket.
//
// The kernel is asked when a pipe is ready; the bytes go by read(2) and write(2). Its own reads and writes would answer
// EAGAIN for a descriptor that does not block, and a write to a pipe without readers would send SIGPIPE to a thread
// that nobody chose.
#include <liburing.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <rondo/backends/io_uring.hpp>

#include "adopted_descriptor.hpp"
#include "uring_flight.hpp"

namespace rondo {

int UringBackend::adopt(int descriptor, Medium medium) {
  take_in(descriptor);
  handle(descriptor).pipe = medium == Medium::pipe;
  if (medium == Medium::listener) begin_listening(descriptor, 0).adopted = true;
  return 0;
}

bool UringBackend::is_pipe(const Output& output) {
  return (output.kind == OperationKind::recv || output.kind == OperationKind::send) && handle(output.handle).pipe;
}

void UringBackend::prepare_pipe(io_uring_sqe& entry, const Output& output) {
  io_uring_prep_poll_add(&entry, output.handle, output.kind == OperationKind::recv ? POLLIN : POLLOUT);
}

void UringBackend::complete_pipe(Flight& flight, std::int32_t polled) {
  const Output output = flight.output;
  if (polled < 0) {
    report(output.id, polled);
  } else if (!move_bytes(flight)) {
    return;
  }
  end(flight);
  if (handle(output.handle).closing) return finish_close(output.handle);
  serve(lane_of(output));
}

/// False if it has to wait again: somebody else was faster, or there is no room for what has arrived.
bool UringBackend::move_bytes(Flight& flight) {
  const bool moved = flight.output.kind == OperationKind::recv ? read_pipe(flight) : write_pipe(flight);
  if (moved || flight.state == Flight::State::starved) return moved;
  if (errno != EAGAIN && errno != EINTR) {
    report(flight.output.id, -errno);
  } else if (flight.cancelled) {
    report(flight.output.id, -ECANCELED);
  } else {
    issue(flight);
    return false;
  }
  return true;
}

bool UringBackend::read_pipe(Flight& flight) {
  const Output& output = flight.output;
  std::byte* const to = output.buffer ? output.buffer : hot_.room();
  if (!to && flight.cancelled) {
    errno = EAGAIN;
    return false;
  }
  if (!to) {
    starve(flight);
    return false;
  }
  const std::size_t room = output.buffer ? output.size : std::min(output.size, hot_.left());
  const ssize_t size = read_some(output.handle, to, std::min(room, flight.limit));
  if (size < 0) return false;
  if (output.buffer || size == 0) {
    report(output.id, static_cast<std::int32_t>(size));
  } else {
    hot_.use(static_cast<std::size_t>(size));
    reports().push_back(Input::received(output.id, to, static_cast<std::size_t>(size)));
  }
  return true;
}

bool UringBackend::write_pipe(Flight& flight) {
  constexpr std::size_t most_slices = 1024;  // that one call takes (UIO_MAXIOV)
  const Output& output = flight.output;
  std::span<const Slice> slices(output.slices, std::min(output.size, most_slices));
  const std::array first = {Slice{slices[0].data, std::min(slices[0].size, flight.limit)}};
  if (flight.limit < SIZE_MAX) slices = first;
  const ssize_t size = write_some(output.handle, slices);
  if (size < 0) return false;
  report(output.id, static_cast<std::int32_t>(size));
  return true;
}

}  // namespace rondo
