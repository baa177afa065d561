// SPDX-License-Identifier: BSL-1.0
// sim_stream.cpp - see sim_stream.hpp.
#include "sim_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace rondo::sim {
namespace {

constexpr std::size_t default_buffer = 64 * 1024;

std::size_t size_of(int buffer) { return buffer > 0 ? static_cast<std::size_t>(buffer) : default_buffer; }

class Arrival final : public TimelineEvent {
 public:
  Arrival(std::shared_ptr<SimConnection> connection, std::size_t side, SimConnection::Sent what)
      : connection_(std::move(connection)), side_(side), what_(what) {}
  void happen() override { connection_->arrive(side_, what_); }

 private:
  std::shared_ptr<SimConnection> connection_;
  std::size_t side_;
  SimConnection::Sent what_;
};

std::size_t size_of(std::span<const Slice> slices) {
  std::size_t size = 0;
  for (const Slice& slice : slices) size += slice.size;
  return size;
}

std::string front_of(std::span<const Slice> slices, std::size_t size) {
  std::string bytes;
  bytes.reserve(size);
  for (const Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.data), std::min(slice.size, size - bytes.size()));
  }
  return bytes;
}

}  // namespace

SimConnection::SimConnection(World& world, Kind kind, const SocketOptions& first, const SocketOptions& second)
    : world_(world), kind_(kind) {
  ends_[0].capacity = std::min(size_of(first.receive_buffer), size_of(second.send_buffer));
  ends_[1].capacity = std::min(size_of(second.receive_buffer), size_of(first.send_buffer));
}

// --- travelling ------------------------------------------------------------------------------------------------------

void SimConnection::travel(std::size_t from, Sent what) {
  End& to = ends_[other(from)];
  to.last_arrival = std::max(to.last_arrival, world_.carry());
  world_.timeline.add(to.last_arrival, std::make_unique<Arrival>(weak_from_this().lock(), other(from), what));
}

/// The kernel of a TCP end throws away what it has not sent yet, and an end behind it.
void SimConnection::send_reset(std::size_t from) {
  End& to = ends_[other(from)];
  if (kind_ == Kind::tcp && !to.flying.empty()) {
    to.cut = true;
    to.flying.clear();
    to.flying_size = 0;
  }
  travel(from, Sent::reset);
}

void SimConnection::arrive(std::size_t side, Sent what) {
  End& end = ends_[side];
  if (end.cut && what != Sent::reset) return;
  switch (what) {
    case Sent::bytes:
      keep_arrived(side);
      break;
    case Sent::closed:
      if (!end.reset()) fire<machines::sim_end::Event::gone>(end);
      break;
    case Sent::fin:
      if (!end.reset()) fire<machines::sim_end::Event::fin>(end);
      break;
    case Sent::reset:
      note_reset(end);
      break;
  }
  serve(side);
}

void SimConnection::keep_arrived(std::size_t side) {
  End& end = ends_[side];
  const std::string bytes = std::move(end.flying.front());
  end.flying.pop_front();
  end.flying_size -= bytes.size();
  if (end.reset()) return;
  if (end.state != machines::sim_end::State::closed) {
    end.arrived += bytes;
  } else if (kind_ == Kind::tcp) {  // nobody will ever read this
    fire<machines::sim_end::Event::reset>(end);
    send_reset(side);
  }
}

void SimConnection::note_reset(End& end) {
  if (end.reset()) return;
  end.error = kind_ == Kind::tcp && end.state == machines::sim_end::State::peer_ended ? EPIPE : ECONNRESET;
  fire<machines::sim_end::Event::reset>(end);
}

/// What waits at one end, and what waits for room there.
void SimConnection::serve(std::size_t side) {
  Line& line = ends_[side].receivers;
  while (!line.empty() && try_receive(side, line.front()->output)) {
  }
  serve_senders(side);
  serve_senders(other(side));
}

void SimConnection::serve_senders(std::size_t side) {
  Line& line = ends_[side].senders;
  while (!line.empty() && try_send(side, line.front()->output)) {
  }
}

// --- receiving -------------------------------------------------------------------------------------------------------

void SimConnection::End::forget_taken() {
  if (taken == arrived.size()) {
    arrived.clear();
    taken = 0;
  } else if (taken > default_buffer && taken > arrived.size() / 2) {
    arrived.erase(0, taken);
    taken = 0;
  }
}

void SimConnection::End::take(std::byte* to, std::size_t size) {
  std::memcpy(to, arrived.data() + taken, size);
  taken += size;
  forget_taken();
}

std::string SimConnection::End::take(std::size_t size) {
  if (taken == 0 && size == arrived.size()) return std::exchange(arrived, {});
  std::string bytes = arrived.substr(taken, size);
  taken += size;
  forget_taken();
  return bytes;
}

void SimConnection::receive(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (!end.receivers.empty() || !try_receive(side, output)) return world_.desk.wait_in(end.receivers, output);
  serve_senders(other(side));
}

bool SimConnection::try_receive(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (end.unread() == 0 || output.size == 0) {
    const auto result = output.size == 0 ? 0 : end_of_receiving(kind_, end);
    if (result) world_.desk.finish(output, *result);
    return result.has_value();
  }
  const std::size_t size = world_.choices.some_of("net.recv", std::min(end.unread(), output.size));
  const bool clean = end.fin() && (kind_ == Kind::tcp || end.error == 0);
  const bool last = clean && size == end.unread();
  if (output.buffer) {
    end.take(output.buffer, size);
    world_.desk.finish_receive(output, size, last);
  } else {
    world_.desk.finish_receive(output, end.take(size), last);
  }
  return true;
}

/// What a receive gives when there are no bytes; nothing while some may come.
std::optional<std::int32_t> SimConnection::end_of_receiving(Kind kind, End& end) {
  if (kind == Kind::tcp && end.fin()) return 0;
  if (end.error != 0) return -std::exchange(end.error, 0);
  if (end.fin() || end.reset()) return 0;
  return std::nullopt;
}

// --- sending ---------------------------------------------------------------------------------------------------------

void SimConnection::send(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (!end.senders.empty() || !try_send(side, output)) world_.desk.wait_in(end.senders, output);
}

bool SimConnection::try_send(std::size_t side, const Output& output) {
  if (const auto error = end_of_sending(kind_, ends_[side])) {
    world_.desk.finish(output, *error);
    return true;
  }
  End& peer = ends_[other(side)];
  const std::span<const Slice> slices(output.slices, output.size);
  const std::size_t all = size_of(slices);
  if (all == 0) {
    world_.desk.finish(output, 0);
    return true;
  }
  if (peer.room() == 0) return false;
  const std::size_t size = world_.choices.some_of("net.send", std::min(all, peer.room()));
  peer.flying.push_back(front_of(slices, size));
  peer.flying_size += size;
  travel(side, Sent::bytes);
  world_.desk.finish(output, static_cast<std::int32_t>(size));
  return true;
}

/// The error of a send that has nobody to send to.
std::optional<std::int32_t> SimConnection::end_of_sending(Kind kind, End& end) {
  if (kind == Kind::tcp && end.error != 0) return -std::exchange(end.error, 0);
  if (end.shut() || end.reset() || end.state == machines::sim_end::State::deserted) return -EPIPE;
  return std::nullopt;
}

// --- ending ----------------------------------------------------------------------------------------------------------

std::int32_t SimConnection::shutdown(std::size_t side) {
  End& end = ends_[side];
  if (end.reset() || end.state == machines::sim_end::State::ended) return kind_ == Kind::tcp ? -ENOTCONN : 0;
  if (end.shut()) return 0;
  fire<machines::sim_end::Event::shut>(end);
  travel(side, Sent::fin);
  serve_senders(side);
  return 0;
}

void SimConnection::close(std::size_t side) {
  End& end = ends_[side];
  const bool unread = end.unread() > 0 || (kind_ == Kind::unix_domain && end.flying_size > 0);
  world_.desk.finish_all(end.receivers, -ECANCELED);
  world_.desk.finish_all(end.senders, -ECANCELED);
  if (unread) return abort(side);
  if (end.reset()) return;
  if (kind_ == Kind::unix_domain) {
    travel(side, Sent::closed);
  } else if (!end.shut()) {
    travel(side, Sent::fin);
  }
  fire<machines::sim_end::Event::close>(end);
}

void SimConnection::abort(std::size_t side) {
  End& end = ends_[side];
  end.taken = 0;
  end.arrived.clear();
  if (end.reset()) return;
  fire<machines::sim_end::Event::reset>(end);
  send_reset(side);
}

// --- sockets ---------------------------------------------------------------------------------------------------------

StreamSocket::~StreamSocket() {
  if (!claimed_) return;
  if (claimed_.family() == Address::Family::unix_domain) {
    world_.ports.give_back_path(claimed_.path(), cleanup_);
  } else {
    world_.ports.give_back(Protocol::tcp, claimed_, *this);
  }
}

std::int32_t StreamSocket::claim(Address& local, const SocketOptions& options) {
  const std::int32_t error = local.family() == Address::Family::unix_domain
                                 ? world_.ports.claim_path(local.path(), *this)
                                 : world_.ports.claim(Protocol::tcp, local, options.reuse_port, *this);
  if (error != 0) return error;
  claimed_ = local;
  cleanup_ = options.cleanup_socket;
  return 0;
}

void StreamSocket::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::recv:
      return connection_->receive(side_, output);
    case OperationKind::send:
      return connection_->send(side_, output);
    case OperationKind::shutdown:
      return world_.desk.finish(output, connection_->shutdown(side_));
    case OperationKind::accept:
      return world_.desk.finish(output, -EINVAL);
    default:
      return world_.desk.finish(output, -EOPNOTSUPP);
  }
}

}  // namespace rondo::sim
