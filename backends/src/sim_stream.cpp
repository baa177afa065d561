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

class Arrival final : public Event {
 public:
  Arrival(std::shared_ptr<Connection> connection, std::size_t side, Connection::Sent what)
      : connection_(std::move(connection)), side_(side), what_(what) {}
  void happen() override { connection_->arrive(side_, what_); }

 private:
  std::shared_ptr<Connection> connection_;
  std::size_t side_;
  Connection::Sent what_;
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

Connection::Connection(World& world, Kind kind, const SocketOptions& first, const SocketOptions& second)
    : world_(world), kind_(kind) {
  ends_[0].capacity = std::min(size_of(first.receive_buffer), size_of(second.send_buffer));
  ends_[1].capacity = std::min(size_of(second.receive_buffer), size_of(first.send_buffer));
}

// --- travelling ------------------------------------------------------------------------------------------------------

void Connection::travel(std::size_t from, Sent what) {
  End& to = ends_[other(from)];
  to.last_arrival = std::max(to.last_arrival, world_.carry());
  world_.timeline.add(to.last_arrival, std::make_unique<Arrival>(weak_from_this().lock(), other(from), what));
}

void Connection::arrive(std::size_t side, Sent what) {
  End& end = ends_[side];
  switch (what) {
    case Sent::bytes:
      keep_arrived(side);
      break;
    case Sent::closed:
      end.gone = true;
      [[fallthrough]];
    case Sent::fin:
      end.fin = true;
      break;
    case Sent::reset:
      note_reset(end);
      break;
  }
  serve(side);
}

void Connection::keep_arrived(std::size_t side) {
  End& end = ends_[side];
  const std::string bytes = std::move(end.flying.front());
  end.flying.pop_front();
  end.flying_size -= bytes.size();
  if (end.reset) return;
  if (end.open) {
    end.arrived += bytes;
  } else if (kind_ == Kind::tcp) {  // nobody will ever read this
    end.reset = true;
    travel(side, Sent::reset);
  }
}

void Connection::note_reset(End& end) {
  if (end.reset) return;
  end.reset = true;
  end.error = kind_ == Kind::tcp && end.fin && !end.shut ? EPIPE : ECONNRESET;
  if (kind_ == Kind::unix) end.fin = end.gone = true;
}

/// What waits at one end, and what waits for room there.
void Connection::serve(std::size_t side) {
  Line& line = ends_[side].receivers;
  while (!line.empty() && try_receive(side, line.front()->output)) {
  }
  serve_senders(side);
  serve_senders(other(side));
}

void Connection::serve_senders(std::size_t side) {
  Line& line = ends_[side].senders;
  while (!line.empty() && try_send(side, line.front()->output)) {
  }
}

// --- receiving -------------------------------------------------------------------------------------------------------

void Connection::End::forget_taken() {
  if (taken == arrived.size()) {
    arrived.clear();
    taken = 0;
  } else if (taken > default_buffer && taken > arrived.size() / 2) {
    arrived.erase(0, taken);
    taken = 0;
  }
}

void Connection::End::take(std::byte* to, std::size_t size) {
  std::memcpy(to, arrived.data() + taken, size);
  taken += size;
  forget_taken();
}

std::string Connection::End::take(std::size_t size) {
  if (taken == 0 && size == arrived.size()) return std::exchange(arrived, {});
  std::string bytes = arrived.substr(taken, size);
  taken += size;
  forget_taken();
  return bytes;
}

void Connection::receive(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (!end.receivers.empty() || !try_receive(side, output)) return world_.desk.wait_in(end.receivers, output);
  serve_senders(other(side));
}

bool Connection::try_receive(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (end.unread() == 0 || output.size == 0) {
    const auto result = output.size == 0 ? 0 : end_of_receiving(kind_, end);
    if (result) world_.desk.finish(output, *result);
    return result.has_value();
  }
  const std::size_t size = world_.choices.some_of("net.recv", std::min(end.unread(), output.size));
  if (output.buffer) {
    end.take(output.buffer, size);
    world_.desk.finish(output, static_cast<std::int32_t>(size));
  } else {
    world_.desk.finish(output, end.take(size));
  }
  return true;
}

/// What a receive gives when there are no bytes; nothing while some may come.
std::optional<std::int32_t> Connection::end_of_receiving(Kind kind, End& end) {
  if (kind == Kind::tcp && end.fin) return 0;
  if (end.error != 0) return -std::exchange(end.error, 0);
  if (end.fin || end.reset) return 0;
  return std::nullopt;
}

// --- sending ---------------------------------------------------------------------------------------------------------

void Connection::send(std::size_t side, const Output& output) {
  End& end = ends_[side];
  if (!end.senders.empty() || !try_send(side, output)) world_.desk.wait_in(end.senders, output);
}

bool Connection::try_send(std::size_t side, const Output& output) {
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
std::optional<std::int32_t> Connection::end_of_sending(Kind kind, End& end) {
  if (kind == Kind::tcp && end.error != 0) return -std::exchange(end.error, 0);
  if (end.shut || end.reset || end.gone) return -EPIPE;
  return std::nullopt;
}

// --- ending ----------------------------------------------------------------------------------------------------------

std::int32_t Connection::shutdown(std::size_t side) {
  End& end = ends_[side];
  if (end.reset && kind_ == Kind::tcp) return -ENOTCONN;
  if (end.shut) return 0;
  end.shut = true;
  travel(side, Sent::fin);
  serve_senders(side);
  return 0;
}

void Connection::close(std::size_t side) {
  End& end = ends_[side];
  const bool unread = end.unread() > 0 || (kind_ == Kind::unix && end.flying_size > 0);
  world_.desk.finish_all(end.receivers, -ECANCELED);
  world_.desk.finish_all(end.senders, -ECANCELED);
  if (unread) return abort(side);
  end.open = false;
  if (end.reset) return;
  if (kind_ == Kind::unix) {
    travel(side, Sent::closed);
  } else if (!end.shut) {
    travel(side, Sent::fin);
  }
  end.shut = true;
}

void Connection::abort(std::size_t side) {
  End& end = ends_[side];
  end.open = false;
  end.taken = 0;
  end.arrived.clear();
  if (std::exchange(end.reset, true)) return;
  travel(side, Sent::reset);
}

// --- sockets ---------------------------------------------------------------------------------------------------------

StreamSocket::~StreamSocket() {
  if (claimed_) world_.ports.give_back(Protocol::tcp, claimed_, *this);
}

std::int32_t StreamSocket::claim(Address& local, bool reuse_port) {
  const std::int32_t error = world_.ports.claim(Protocol::tcp, local, reuse_port, *this);
  if (error == 0) claimed_ = local;
  return error;
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
