// SPDX-License-Identifier: BSL-1.0
// seam.hpp - the one place through which a backend calls the system, so that tests can make a call fail.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace rondo {

/// What a backend asks of the system, or of the library that it stands on.
enum class SystemCall : std::uint8_t {
  open,        // the backend's own descriptors
  wait,        // epoll_wait, event_base_loop, io_uring_enter, ...
  watch,       // epoll_ctl, event_add, ...
  unwatch,     // what takes that back
  wake,        // the write that ends a wait
  socket, set_option, get_option, get_name, bind, listen, connect, accept,
  recv, send, recv_from, send_to, shutdown, close,
  stat, unlink,  // of the path of a Unix socket
  pipe,          // pipe2, socketpair
  spawn,         // posix_spawn
  pidfd,         // pidfd_open
  last_call
};

/// What is to go wrong: an error instead of the call, or fewer bytes than asked for.
struct Fault {
  int error = 0;
  std::size_t limit = SIZE_MAX;
};

/// Asked before each call; given to a backend in its options. Belongs to the loop's thread, but for SystemCall::wake,
/// which comes from any. Calls that give something back (unwatch, close) are announced, and made whatever the answer.
class Seam {
 public:
  virtual ~Seam() = default;
  virtual Fault before(SystemCall call) = 0;

  Fault ask(SystemCall call) {
    const Fault fault = before(call);
    if (call != SystemCall::wake) made_up_ = fault.error != 0;
    return fault;
  }
  /// True if the error of the last call (but for wake) came from here, and the system knows nothing of it.
  bool made_up() const { return made_up_; }

 private:
  bool made_up_ = false;
};

/// Calls `function()`, unless the seam says that it fails; then gives -1 with errno. `seam` may be null.
template <class F>
auto through(Seam* seam, SystemCall call, F function) -> decltype(function()) {
  if (seam) [[unlikely]] {
    if (const Fault fault = seam->ask(call); fault.error != 0) {
      errno = fault.error;
      return -1;
    }
  }
  return function();
}

/// The same for calls that move bytes: `function(size)`, with less than `size` if the seam says so.
template <class F>
auto through(Seam* seam, SystemCall call, std::size_t size, F function) -> decltype(function(size)) {
  if (seam) [[unlikely]] {
    const Fault fault = seam->ask(call);
    if (fault.error != 0) {
      errno = fault.error;
      return -1;
    }
    if (fault.limit < size) size = fault.limit;
  }
  return function(size);
}

}  // namespace rondo
