// SPDX-License-Identifier: BSL-1.0
// sim_datagram.cpp - see sim_datagram.hpp.
#include "sim_datagram.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace rondo::sim {
namespace {

constexpr std::size_t default_capacity = 208 * 1024;    // as Linux
constexpr std::size_t largest = 65535 - 20 - 8;       // what IPv4 and UDP leave of a packet
constexpr std::uint32_t loss = 8;                     // one of so many is lost

/// Who hears what comes to `target`: rather one that is connected to the sender than one that is bound to the address,
/// rather that than one that is bound to all; null if nobody does.
SimDatagramSocket* find_receiver(World& world, const Address& target, const Address& from) {
  std::vector<SimDatagramSocket*> found;
  int best = 0;
  for (const Ports::Claim& claim : world.ports.at(Protocol::udp, target)) {
    SimDatagramSocket* const socket = claim.owner->as_datagram();
    if (!socket || (socket->remote() && !(socket->remote() == from))) continue;
    const int fit = (socket->remote() ? 2 : 0) + (claim.address.is_any() ? 1 : 2);
    if (fit < best) continue;
    if (fit > best) found.clear();
    best = fit;
    found.push_back(socket);
  }
  if (found.empty()) return nullptr;
  return found[world.choices.choose("net.listener", static_cast<std::uint32_t>(found.size()))];
}

/// Who hears what is sent to a path; null with the error if nobody does.
SimDatagramSocket* find_at_path(World& world, const Address& target, const Address& from, std::int32_t& error) {
  const std::string_view path = target.path();
  error = Ports::fits(path) ? -ECONNREFUSED : -ENAMETOOLONG;
  if (path.empty()) error = -EINVAL;
  NetworkSocket* const owner = world.ports.at_path(path);
  if (!owner) {
    if (error == -ECONNREFUSED && path.front() != '\0' && !world.ports.is_left(path)) error = -ENOENT;
    return nullptr;
  }
  SimDatagramSocket* const socket = owner->as_datagram();
  if (!socket) error = -EPROTOTYPE;
  if (!socket || !socket->remote() || socket->remote() == from) return socket;
  error = -EPERM;  // it talks to somebody else
  return nullptr;
}

SimDatagramSocket* receiver_of(World& world, const Address& target, const Address& from) {
  std::int32_t error = 0;
  if (target.family() == Address::Family::unix_domain) return find_at_path(world, target, from, error);
  return find_receiver(world, target, from);
}

class Flight final : public TimelineEvent {
 public:
  Flight(World& world, std::string bytes, Address from, Address target)
      : world_(world), bytes_(std::move(bytes)), from_(std::move(from)), target_(std::move(target)) {}
  void happen() override {
    SimDatagramSocket* const receiver = receiver_of(world_, target_, from_);
    if (receiver) receiver->arrive(std::move(bytes_), from_);
  }

 private:
  World& world_;
  std::string bytes_;
  Address from_;
  Address target_;
};

}  // namespace

SimDatagramSocket::SimDatagramSocket(World& world, SocketOptions options)
    : NetworkSocket(world),
      options_(options),
      capacity_(options.receive_buffer > 0 ? static_cast<std::size_t>(options.receive_buffer) : default_capacity) {}

SimDatagramSocket::~SimDatagramSocket() {
  if (!is_unix()) {
    if (local_) world_.ports.give_back(Protocol::udp, local_, *this);
  } else if (!local_.path().empty()) {
    world_.ports.give_back_path(local_.path(), options_.cleanup_socket);
  }
}

std::int32_t SimDatagramSocket::claim(Address& local, const Address& remote) {
  const std::int32_t error = world_.ports.claim(Protocol::udp, local, options_.reuse_port, *this);
  if (error != 0) return error;
  local_ = local;
  remote_ = remote;
  return 0;
}

std::int32_t SimDatagramSocket::claim_path(Address& local, const Address& remote) {
  std::int32_t error = 0;
  if (remote && !find_at_path(world_, remote, local, error)) return error;
  if (!local) {
    local = Address::unix_path("");
  } else {
    if (local.path().empty()) local = world_.ports.pick_name();
    if (const std::int32_t taken = world_.ports.claim_path(local.path(), *this)) return taken;
  }
  local_ = local;
  remote_ = remote;
  return 0;
}

void SimDatagramSocket::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::recv_from:
      if (!receivers_.empty() || !try_receive(output)) world_.desk.wait_in(receivers_, output);
      return;
    case OperationKind::send_to:
      return world_.desk.finish(output, send(*output.datagram));
    case OperationKind::shutdown:
      return world_.desk.finish(output, remote_ ? 0 : -ENOTCONN);
    default:
      return world_.desk.finish(output, -EOPNOTSUPP);
  }
}

void SimDatagramSocket::close() { world_.desk.finish_all(receivers_, -ECANCELED); }

bool SimDatagramSocket::try_receive(const Output& output) {
  if (messages_.empty()) return false;
  Message message = std::move(messages_.front());
  messages_.pop_front();
  queued_ -= message.bytes.size();
  Datagram& datagram = *output.datagram;
  const std::size_t size = std::min(datagram.size, message.bytes.size());
  if (size > 0) std::memcpy(datagram.data, message.bytes.data(), size);
  datagram.truncated = size < message.bytes.size();
  datagram.address = std::move(message.from);
  world_.desk.finish(output, static_cast<std::int32_t>(size));
  return true;
}

void SimDatagramSocket::arrive(std::string bytes, const Address& from) {
  if (!is_unix() && !messages_.empty() && queued_ + bytes.size() > capacity_) return;
  queued_ += bytes.size();
  messages_.push_back({std::move(bytes), from});
  while (!receivers_.empty() && try_receive(receivers_.front()->output)) {
  }
}

std::int32_t SimDatagramSocket::send(const Datagram& datagram) {
  if (!datagram.address && !remote_) return is_unix() ? -ENOTCONN : -EDESTADDRREQ;
  if (is_unix()) return send_to_path(datagram);
  const Address target = target_of(datagram.address ? datagram.address : remote_);
  if (target.family() != local_.family()) return -EAFNOSUPPORT;
  if (target.port() == 0) return -EINVAL;
  if (datagram.size > largest) return -EMSGSIZE;
  const auto sent = static_cast<std::int32_t>(datagram.size);
  if (!is_known(target) || world_.choices.choose("net.loss", loss) == loss - 1) return sent;
  const Address from = local_.is_any() ? source_for(target).with_port(local_.port()) : local_;
  std::string bytes(reinterpret_cast<const char*>(datagram.data), datagram.size);
  world_.timeline.add(world_.carry(), std::make_unique<Flight>(world_, std::move(bytes), from, target));
  return sent;
}

std::int32_t SimDatagramSocket::send_to_path(const Datagram& datagram) {
  const Address& target = datagram.address ? datagram.address : remote_;
  if (target.family() != Address::Family::unix_domain) return -EINVAL;
  std::int32_t error = 0;
  SimDatagramSocket* const receiver = find_at_path(world_, target, local_, error);
  if (!receiver) return error;
  if (datagram.size > capacity_) return -EMSGSIZE;
  receiver->last_arrival_ = std::max(receiver->last_arrival_, world_.carry());
  std::string bytes(reinterpret_cast<const char*>(datagram.data), datagram.size);
  world_.timeline.add(receiver->last_arrival_, std::make_unique<Flight>(world_, std::move(bytes), local_, target));
  return static_cast<std::int32_t>(datagram.size);
}

void start_open_datagram(World& world, const Output& output) {
  Endpoint& endpoint = *output.endpoint;
  const Address::Family family = (endpoint.local ? endpoint.local : endpoint.remote).family();
  if (family == Address::Family::none) return world.desk.finish(output, -EINVAL);
  if (endpoint.remote && endpoint.remote.family() != family) return world.desk.finish(output, -EAFNOSUPPORT);
  if (family == Address::Family::unix_domain) {
    auto socket = std::make_unique<SimDatagramSocket>(world, endpoint.options);
    const std::int32_t error = socket->claim_path(endpoint.local, endpoint.remote);
    return world.desk.finish(output, error != 0 ? error : world.sockets.add(std::move(socket)));
  }
  const Address remote = endpoint.remote ? target_of(endpoint.remote) : Address();
  Address local = endpoint.local ? endpoint.local : source_for(remote);
  if (remote && local.is_any()) local = source_for(remote).with_port(local.port());  // as connect() does
  auto socket = std::make_unique<SimDatagramSocket>(world, endpoint.options);
  if (const std::int32_t error = socket->claim(local, remote)) return world.desk.finish(output, error);
  endpoint.local = local;
  endpoint.remote = remote;
  world.desk.finish(output, world.sockets.add(std::move(socket)));
}

}  // namespace rondo::sim
