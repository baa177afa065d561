// SPDX-License-Identifier: BSL-1.0
// uring_flight.hpp - what the io_uring backend remembers of operations, sockets and descriptors.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>

#include <rondo/backends/io_uring.hpp>

#include "descriptor.hpp"
#include "socket_address.hpp"

namespace rondo {

/// What the kernel writes to or reads from while an operation is in flight: it must not move.
struct UringMessage {
  msghdr header{};
  iovec piece{};
  SocketAddress address;
};

/// An operation, in the place that its slot gives it. A message stays for the slot's next operation.
struct UringBackend::Flight {
  enum class State : std::uint8_t {
    done,
    queued,   // behind others of its lane
    issued,   // the kernel has it, or will with the next enter
    starved,  // no buffer was left for what has arrived
  };
  Output output;
  State state = State::done;
  bool cancelled = false;  // the kernel was asked for its end
  bool in_lane = false;
  bool polls = false;  // for room to send a datagram
  std::uint32_t next = nobody;
  std::uint32_t before = nobody;
  std::size_t limit = SIZE_MAX;  // bytes that the seam allows
  std::unique_ptr<UringMessage> message;

  std::uint64_t name() const { return output.id.key(); }
  UringMessage& fresh_message() {
    if (!message) message = std::make_unique<UringMessage>();
    return *message;
  }
};

/// The kernel accepts on its own; what it has accepted waits here until somebody asks.
struct UringBackend::Listener {
  std::deque<int> accepted;
  std::size_t most = 1;    // that may wait here
  bool armed = false;      // an accept is in the kernel
  bool stopping = false;   // and was asked to end
  bool adopted = false;
};

struct UringBackend::Handle {
  bool open = false;
  bool closing = false;
  bool tcp = false;
  bool pipe = false;     // no socket
  bool drained = false;  // the last receive left nothing behind: the next one need not try before it polls
  OperationId close;
  Lane in;
  Lane out;
  std::unique_ptr<Listener> listener;
};

/// Waits for readiness of a descriptor, whoever's it is.
struct UringBackend::Watch {
  Lane in;
  Lane out;
  FileBehind file;
};

}  // namespace rondo
