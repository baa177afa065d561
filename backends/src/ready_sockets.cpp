// SPDX-License-Identifier: BSL-1.0
// ready_sockets.cpp - operations that are tried, and tried again when their descriptor is ready.
#include "ready_sockets.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <rondo/kernel/facilities.hpp>

#include "adopted_descriptor.hpp"
#include "descriptor.hpp"
#include "open_socket.hpp"
#include "socket_address.hpp"

namespace rondo {
namespace {

static_assert(sizeof(Slice) == sizeof(iovec) && alignof(Slice) == alignof(iovec));

constexpr std::size_t most_slices = 1024;  // that one call takes (UIO_MAXIOV)


bool sends(OperationKind kind) {
  return kind == OperationKind::connect || kind == OperationKind::send || kind == OperationKind::send_to ||
         kind == OperationKind::shutdown;
}

/// `asked` becomes what was tried: the first slice alone if the seam allows no more.
ssize_t send_to_pipe(int descriptor, const Output& output, std::size_t limit, std::size_t& asked) {
  if (limit >= asked) return write_some(descriptor, {output.slices, std::min(output.size, most_slices)});
  asked = std::min(limit, output.slices[0].size);
  return write_some(descriptor, std::array{Slice{output.slices[0].data, asked}});
}

}  // namespace

void facilities::sockets() noexcept {
  Offered<SocketDesk, ReadinessBackend>::offer([](ReadinessBackend& backend) -> std::unique_ptr<SocketDesk> {
    return std::make_unique<ReadySockets>(backend);
  });
}

bool ReadySockets::has_ended(int descriptor) const {
  return has(descriptor) && what_follows(descriptor) == Behind::end;
}

// --- descriptors -----------------------------------------------------------------------------------------------------

ReadySockets::~ReadySockets() {
  unix_paths_.clear();
  for (std::size_t descriptor = 0; descriptor < sockets_.size(); ++descriptor) {
    if (sockets_[descriptor]) backend_.close_handle(static_cast<int>(descriptor));
  }
}

/// 0, or why it cannot be watched.
int ReadySockets::add(int descriptor, bool trusted) {
  const auto at = static_cast<std::size_t>(descriptor);
  if (sockets_.size() <= at) sockets_.resize(std::max(at + 1, 2 * sockets_.size()));
  sockets_[at] = std::make_unique<Descriptor>();
  sockets_[at]->out.ready = true;
  sockets_[at]->trusted = trusted;
  const int error = backend_.watch(descriptor);
  if (error != 0) sockets_[at].reset();
  return error;
}

/// The descriptor, registered; or -errno, and it is closed.
int ReadySockets::take_in(int descriptor, bool unix_stream) {
  const int error = add(descriptor, backend_.trusts_short_recv(unix_stream));
  if (error == 0) return descriptor;
  unix_paths_.erase(descriptor);
  close_descriptor(seam_, descriptor);
  return -error;
}

int ReadySockets::take_in(OpenSocket made, bool unix_stream) {
  if (made.descriptor < 0) return made.descriptor;
  if (made.path) unix_paths_[made.descriptor] = std::move(made.path);
  return take_in(made.descriptor, unix_stream);
}

int ReadySockets::adopt(int descriptor, Medium medium) {
  if (is_memory_device(descriptor)) {
    const auto at = static_cast<std::size_t>(descriptor);
    if (sockets_.size() <= at) sockets_.resize(at + 1);
    sockets_[at] = std::make_unique<Descriptor>();
    sockets_[at]->in.ready = sockets_[at]->out.ready = true;
    sockets_[at]->watched = false;
  } else if (const int error = add(descriptor, false)) {
    return error;
  }
  sockets_[static_cast<std::size_t>(descriptor)]->pipe = medium == Medium::pipe;
  return 0;
}

void ReadySockets::drop(int descriptor) noexcept {
  auto& known = sockets_[static_cast<std::size_t>(descriptor)];
  if (known->watched) backend_.unwatch(descriptor);
  known.reset();
  unix_paths_.erase(descriptor);
  backend_.close_handle(descriptor);
}

void ReadySockets::on_edge(int descriptor, bool in, bool out, bool special) {
  Descriptor& known = *sockets_[static_cast<std::size_t>(descriptor)];
  known.special = known.special || special;
  if (in) known.in.ready = true;
  if (out) known.out.ready = true;
  if (in && !known.in.waiting.empty()) run(descriptor, Way::in, backend_.inputs_);
  if (out && !known.out.waiting.empty()) run(descriptor, Way::out, backend_.inputs_);
}

/// In their order, as long as there is room for what they receive: the others keep their places, also before those that
/// join them meanwhile.
void ReadySockets::try_again() {
  std::vector<int>& owed = backend_.retries_;
  struct Tried {
    std::vector<int>& owed;
    std::size_t count = 0;
    ~Tried() { owed.erase(owed.begin(), owed.begin() + static_cast<std::ptrdiff_t>(count)); }
  } tried{owed};
  for (const std::size_t all = owed.size(); tried.count < all && backend_.hot_.has_room(); ++tried.count) {
    const int descriptor = owed[tried.count];
    if (!has(descriptor)) continue;
    sockets_[static_cast<std::size_t>(descriptor)]->owed = false;
    on_edge(descriptor, true, true, false);
  }
}

/// Once: who stood there again for each edge would be served more often than others.
void ReadySockets::owe(int descriptor, Descriptor& known) {
  if (known.owed) return;
  backend_.retries_.push_back(descriptor);
  known.owed = true;
}

// --- starting, cancelling --------------------------------------------------------------------------------------------

void ReadySockets::start(const Output& output) {
  if (output.kind < OperationKind::accept || output.kind > OperationKind::shutdown) return start_whole_socket(output);
  if (!has(output.handle)) return refuse(output);
  const Descriptor& known = *sockets_[static_cast<std::size_t>(output.handle)];
  const Way way = sends(output.kind) ? Way::out : Way::in;
  const Direction& direction = way == Way::out ? known.out : known.in;
  const bool can_try = direction.ready || output.kind == OperationKind::shutdown;  // which needs no room
  if (direction.waiting.empty() && can_try && attempt(output.handle, output, backend_.ready_)) return;
  stand_in_line(output, way);
}

void ReadySockets::refuse(const Output& output) { backend_.ready_.push_back(Input::completion(output.id, -EBADF)); }

void ReadySockets::stand_in_line(const Output& output, Way way) {
  Descriptor& known = *sockets_[static_cast<std::size_t>(output.handle)];
  Direction& direction = way == Way::out ? known.out : known.in;
  direction.waiting.push_back(output);
  if (!direction.ready) backend_.await_edge(output.handle, way);
}

/// What makes or ends a socket.
void ReadySockets::start_whole_socket(const Output& output) {
  switch (output.kind) {
    case OperationKind::connect:
      return connect(output);
    case OperationKind::listen:
      return open(output, open_listener(seam_, *output.endpoint));
    case OperationKind::open_datagram:
      return open(output, open_datagram_socket(seam_, *output.endpoint));
    case OperationKind::close:
      return close(output);
    default:
      backend_.ready_.push_back(Input::completion(output.id, -EOPNOTSUPP));
  }
}

void ReadySockets::open(const Output& output, OpenSocket made) {
  backend_.ready_.push_back(Input::completion(output.id, take_in(std::move(made), false)));
}

void ReadySockets::connect(const Output& output) {
  const SocketAddress to = to_system(output.endpoint->remote);
  int result = output.endpoint->remote ? -ENAMETOOLONG : -EDESTADDRREQ;
  if (to.size > 0) {
    OpenSocket made = open_stream(seam_, *output.endpoint);
    result = made.descriptor;
    if (result >= 0 && connect_descriptor(seam_, made.descriptor, to) != 0 && errno != EINPROGRESS) {
      result = -errno;
      made.path.remove();
      close_descriptor(seam_, made.descriptor);
    }
    if (result >= 0) {
      result = take_in(std::move(made), output.endpoint->remote.family() == Address::Family::unix_domain);
    }
  }
  if (result < 0) {
    backend_.ready_.push_back(Input::completion(output.id, result));
    return;
  }
  connecting_[output.id.key()] = result;
  Direction& out = sockets_[static_cast<std::size_t>(result)]->out;
  out.waiting.push_back(output);
  out.ready = false;
  backend_.await_edge(result, Way::out);
}

void ReadySockets::close(const Output& output) {
  if (!has(output.handle)) return refuse(output);
  const Descriptor& known = *sockets_[static_cast<std::size_t>(output.handle)];
  for (const Direction* direction : {&known.in, &known.out}) {
    for (const Output& waiting : direction->waiting) backend_.ready_.push_back(Input::completion(waiting.id, -ECANCELED));
  }
  drop(output.handle);
  backend_.ready_.push_back(Input::completion(output.id, 0));
}

void ReadySockets::cancel(const Output& output) {
  if (output.kind == OperationKind::connect) {
    const auto found = connecting_.find(output.id.key());
    if (found == connecting_.end()) return;  // it has ended, and its completion is on the way
    drop(found->second);
    connecting_.erase(found);
    backend_.ready_.push_back(Input::completion(output.id, -ECANCELED));
    return;
  }
  if (!has(output.handle)) return;
  Descriptor& known = *sockets_[static_cast<std::size_t>(output.handle)];
  auto& waiting = (sends(output.kind) ? known.out : known.in).waiting;
  const auto at =
      std::find_if(waiting.begin(), waiting.end(), [&](const Output& other) { return other.id == output.id; });
  if (at == waiting.end()) return;
  waiting.erase(at);
  backend_.ready_.push_back(Input::completion(output.id, -ECANCELED));
}

// --- trying ----------------------------------------------------------------------------------------------------------

/// Serves a queue as long as its direction is ready.
void ReadySockets::run(int descriptor, Way way, std::vector<Input>& done) {
  Descriptor& known = *sockets_[static_cast<std::size_t>(descriptor)];
  Direction& direction = way == Way::out ? known.out : known.in;
  std::size_t served = 0;
  while (served < direction.waiting.size() && direction.ready) {
    const Output& output = direction.waiting[served];
    const bool connects = output.kind == OperationKind::connect;
    if (!attempt(descriptor, output, done)) break;
    if (connects && !has(descriptor)) return;  // it has failed
    ++served;
  }
  if (served == direction.waiting.size()) return direction.waiting.clear();
  direction.waiting.erase(direction.waiting.begin(), direction.waiting.begin() + static_cast<std::ptrdiff_t>(served));
  if (!direction.ready) backend_.await_edge(descriptor, way);
}

/// True if it has its completion in `done`. False: its direction is not ready any more.
bool ReadySockets::attempt(int descriptor, const Output& output, std::vector<Input>& done) {
  switch (output.kind) {
    case OperationKind::accept:
      return attempt_accept(descriptor, output, done);
    case OperationKind::connect:
      return attempt_connect(descriptor, output, done);
    case OperationKind::recv:
      return attempt_recv(descriptor, output, done);
    case OperationKind::send:
      return attempt_send(descriptor, output, done);
    case OperationKind::recv_from:
      return attempt_recv_from(descriptor, output, done);
    case OperationKind::send_to:
      return attempt_send_to(descriptor, output, done);
    default:  // start() lets no other kind pass
      return attempt_shutdown(descriptor, output, done);
  }
}

/// What an error in errno means: an end of the operation, or that it must wait.
bool ReadySockets::fail(int descriptor, const Output& output, std::vector<Input>& done) {
  const int error = errno;
  if (error == EINTR) return attempt(descriptor, output, done);
  if (error != EAGAIN && error != EWOULDBLOCK) {
    done.push_back(Input::completion(output.id, -error));
    return true;
  }
  Descriptor& known = *sockets_[static_cast<std::size_t>(descriptor)];
  (sends(output.kind) ? known.out : known.in).ready = false;
  if (seam_ && seam_->made_up()) {
    owe(descriptor, known);  // no edge follows
  } else if (output.kind == OperationKind::recv) {
    known.special = false;
  }
  return false;
}

bool ReadySockets::attempt_accept(int descriptor, const Output& output, std::vector<Input>& done) {
  SocketAddress peer;
  const int accepted = through(seam_, SystemCall::accept, [&] {
    return ::accept4(descriptor, peer.data(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (accepted < 0) return fail(descriptor, output, done);
  const int result = take_in(accepted, peer.storage.ss_family == AF_UNIX);
  if (result >= 0 && name_ends(seam_, accepted, *output.endpoint) < 0) {  // gone already: the first recv tells
    output.endpoint->remote = from_system(peer.data(), peer.size);
  }
  done.push_back(Input::completion(output.id, result));
  return true;
}

bool ReadySockets::attempt_connect(int descriptor, const Output& output, std::vector<Input>& done) {
  int error = error_of(seam_, descriptor);
  if (error == 0) error = -name_ends(seam_, descriptor, *output.endpoint);
  if (error == ENOTCONN) {
    sockets_[static_cast<std::size_t>(descriptor)]->out.ready = false;
    return false;
  }
  connecting_.erase(output.id.key());
  done.push_back(Input::completion(output.id, error == 0 ? descriptor : -error));
  if (error != 0) drop(descriptor);
  return true;
}

bool ReadySockets::attempt_recv(int descriptor, const Output& output, std::vector<Input>& done) {
  Descriptor& known = *sockets_[static_cast<std::size_t>(descriptor)];
  if (!backend_.hot_.has_room()) {
    owe(descriptor, known);
    return false;
  }
  std::byte* const to = output.buffer ? output.buffer : backend_.hot_.room();
  std::size_t asked = output.buffer ? output.size : std::min(output.size, backend_.hot_.left());
  const auto size = through(seam_, SystemCall::recv, asked, [&](std::size_t limit) {
    asked = limit;
    return known.pipe ? read_some(descriptor, to, limit) : ::recv(descriptor, to, limit, 0);
  });
  if (size < 0) return fail(descriptor, output, done);
  if (output.buffer || size == 0) {
    backend_.hot_.use_elsewhere(static_cast<std::size_t>(size));
    done.push_back(Input::completion(output.id, static_cast<std::int32_t>(size)));
  } else {
    backend_.hot_.use(static_cast<std::size_t>(size));
    done.push_back(Input::received(output.id, to, static_cast<std::size_t>(size)));
  }
  if (size > 0 && static_cast<std::size_t>(size) < asked) done.back().last = ends_behind_short_recv(descriptor, known);
  return true;
}

/// A short recv has drained the stream, or the system is asked.
bool ReadySockets::ends_behind_short_recv(int descriptor, Descriptor& known) {
  const bool trusted = known.trusted && !known.special;
  const Behind behind = trusted ? Behind::nothing : what_follows(descriptor);
  if (behind == Behind::nothing) known.in.ready = known.special = false;
  return behind == Behind::end;
}

bool ReadySockets::attempt_send(int descriptor, const Output& output, std::vector<Input>& done) {
  Descriptor& known = *sockets_[static_cast<std::size_t>(descriptor)];
  std::size_t asked = 0;
  for (std::size_t i = 0; i < output.size; ++i) asked += output.slices[i].size;
  const auto size = through(seam_, SystemCall::send, asked, [&](std::size_t limit) {
    if (known.pipe) [[unlikely]] return send_to_pipe(descriptor, output, limit, asked);
    if (output.size == 1 || limit < asked) {
      const std::size_t first = output.size > 0 ? std::min(limit, output.slices[0].size) : 0;
      asked = first;
      return ::send(descriptor, first > 0 ? output.slices[0].data : nullptr, first, MSG_NOSIGNAL);
    }
    msghdr message{};
    message.msg_iov = reinterpret_cast<iovec*>(const_cast<Slice*>(output.slices));
    message.msg_iovlen = std::min(output.size, most_slices);
    return ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
  });
  if (size < 0) return fail(descriptor, output, done);
  if (static_cast<std::size_t>(size) < asked && output.size <= most_slices) known.out.ready = false;
  done.push_back(Input::completion(output.id, static_cast<std::int32_t>(size)));
  return true;
}

bool ReadySockets::attempt_shutdown(int descriptor, const Output& output, std::vector<Input>& done) {
  if (through(seam_, SystemCall::shutdown, [&] { return ::shutdown(descriptor, SHUT_WR); }) < 0) {
    return fail(descriptor, output, done);
  }
  done.push_back(Input::completion(output.id, 0));
  return true;
}

bool ReadySockets::attempt_recv_from(int descriptor, const Output& output, std::vector<Input>& done) {
  Datagram& datagram = *output.datagram;
  SocketAddress from;
  iovec piece{datagram.data, datagram.size};
  msghdr message{};
  message.msg_name = from.data();
  message.msg_namelen = from.size;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  const auto receive = [&] { return ::recvmsg(descriptor, &message, 0); };
  const auto size = through(seam_, SystemCall::recv_from, receive);
  if (size < 0) return fail(descriptor, output, done);
  datagram.address = from_system(from.data(), message.msg_namelen);
  datagram.truncated = (message.msg_flags & MSG_TRUNC) != 0;
  done.push_back(Input::completion(output.id, static_cast<std::int32_t>(size)));
  return true;
}

bool ReadySockets::attempt_send_to(int descriptor, const Output& output, std::vector<Input>& done) {
  const Datagram& datagram = *output.datagram;
  const SocketAddress to = to_system(datagram.address);
  if (datagram.address && to.size == 0) {
    done.push_back(Input::completion(output.id, -ENAMETOOLONG));
    return true;
  }
  const auto size = through(seam_, SystemCall::send_to, [&] {
    return ::sendto(descriptor, datagram.data, datagram.size, MSG_NOSIGNAL, to.size > 0 ? to.data() : nullptr, to.size);
  });
  if (size < 0) return fail(descriptor, output, done);
  done.push_back(Input::completion(output.id, static_cast<std::int32_t>(size)));
  return true;
}

}  // namespace rondo
