// SPDX-License-Identifier: BSL-1.0
// io_uring_listener.cpp - the io_uring backend's listeners.
//
// One accept in the kernel brings connection after connection; those that nobody has asked for yet wait in the backend,
// a bounded number of them. Then, and when the kernel has an error to tell, that accept ends, and the next operation
// that finds no connection begins another.
#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <rondo/backends/io_uring.hpp>

#include "open_socket.hpp"
#include "uring_flight.hpp"
#include "uring_ring.hpp"

namespace rondo {
namespace {

/// Connections that may wait here, however small the backlog is: a burst is taken as it comes.
constexpr int least_waiting = 256;

}  // namespace

void UringBackend::start_listen(const Output& output) {
  const int descriptor = take_in(keep_path(open_listener(seam(), *output.endpoint)));
  if (descriptor >= 0) begin_listening(descriptor, output.endpoint->backlog);
  report(output.id, descriptor);
}

UringBackend::Listener& UringBackend::begin_listening(int descriptor, int backlog) {
  auto& listener = handle(descriptor).listener;
  listener = std::make_unique<Listener>();
  listener->most = static_cast<std::size_t>(std::max(backlog, least_waiting));
  return *listener;
}

void UringBackend::start_accept(const Output& output) {
  Handle& socket = handle(output.handle);
  if (!socket.listener) return report(output.id, -EINVAL);
  Listener& listener = *socket.listener;
  if (!listener.accepted.empty()) {
    const int connection = listener.accepted.front();
    listener.accepted.pop_front();
    return hand_over(output, connection);
  }
  enter_lane(socket.in, take_flight(output));
  if (!listener.armed) accept_more(output.handle);
}

void UringBackend::accept_more(int descriptor) {
  handle(descriptor).listener->armed = true;
  ++accepting_;
  io_uring_sqe& entry = ring_->entry();
  if (multishot_accept_ && !handle(descriptor).listener->adopted) {  // another process may serve those that wait
    io_uring_prep_multishot_accept(&entry, descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } else {
    io_uring_prep_accept(&entry, descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  entry.user_data = internal_name(Internal::accept, descriptor);
}

void UringBackend::stop_accepting(int descriptor) {
  Listener& listener = *handle(descriptor).listener;
  if (!listener.armed || listener.stopping) return;
  listener.stopping = true;
  cancel_in_kernel(internal_name(Internal::accept, descriptor));
}

/// The system forgets it at once, although the accept that is in the kernel has not ended yet. But an adopted listener
/// may be that of other processes, too.
void UringBackend::stop_listening(int descriptor) {
  if (!handle(descriptor).listener->adopted) ::shutdown(descriptor, SHUT_RDWR);
  stop_accepting(descriptor);
}

void UringBackend::accepted(int descriptor, std::int32_t result, bool more) {
  Handle& socket = handle(descriptor);
  Listener& listener = *socket.listener;
  const bool was_stopping = listener.stopping;
  if (!more) {
    --accepting_;
    listener.armed = listener.stopping = false;
  }
  if (result >= 0) {
    listener.accepted.push_back(result);
    if (socket.closing) return more ? void() : finish_close(descriptor);
    if (!socket.in.empty()) return hand_over_first(descriptor);
    if (listener.accepted.size() >= listener.most) stop_accepting(descriptor);
    return;
  }
  if (socket.closing) return finish_close(descriptor);
  if (result == -EINVAL && multishot_accept_) {
    multishot_accept_ = false;  // Linux 5.18 and before
  } else if (!was_stopping && result != -EAGAIN && result != -EINTR && !socket.in.empty()) {
    Flight& first = flights_[socket.in.first];
    report(first.output.id, result);
    end(first);
  }
  if (!listener.armed && !socket.in.empty()) accept_more(descriptor);
}

/// The connection that came first goes to the operation that came first.
void UringBackend::hand_over_first(int descriptor) {
  Handle& socket = handle(descriptor);
  Listener& listener = *socket.listener;
  Flight& first = flights_[socket.in.first];
  const Output output = first.output;
  const int connection = listener.accepted.front();
  listener.accepted.pop_front();
  end(first);
  if (!listener.armed && !socket.in.empty()) accept_more(descriptor);
  hand_over(output, connection);
}

void UringBackend::hand_over(const Output& output, int connection) {
  static_cast<void>(name_ends(seam(), connection, *output.endpoint));  // it may be gone already: the first recv tells
  report(output.id, take_in(connection));
}

}  // namespace rondo
