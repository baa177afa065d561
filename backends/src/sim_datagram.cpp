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

constexpr std::size_t default_buffer = 208 * 1024;    // as Linux
constexpr std::size_t largest = 65535 - 20 - 8;       // what IPv4 and UDP leave of a packet
constexpr std::uint32_t loss = 8;                     // one of so many is lost

/// Who hears what comes to `target`: rather one that is connected to the sender than one that is bound to the address,
/// rather that than one that is bound to all; null if nobody does.
DatagramSocket* find_receiver(World& world, const Address& target, const Address& from) {
  std::vector<DatagramSocket*> found;
  int best = 0;
  for (const Ports::Claim& claim : world.ports.at(Protocol::udp, target)) {
    DatagramSocket* const socket = claim.owner->as_datagram();
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

class Flight final : public Event {
 public:
  Flight(World& world, std::string bytes, Address from, Address target)
      : world_(world), bytes_(std::move(bytes)), from_(std::move(from)), target_(std::move(target)) {}
  void happen() override {
    DatagramSocket* const receiver = find_receiver(world_, target_, from_);
    if (receiver) receiver->arrive(std::move(bytes_), from_);
  }

 private:
  World& world_;
  std::string bytes_;
  Address from_;
  Address target_;
};

}  // namespace

DatagramSocket::DatagramSocket(World& world, SocketOptions options)
    : NetworkSocket(world),
      options_(options),
      capacity_(options.receive_buffer > 0 ? static_cast<std::size_t>(options.receive_buffer) : default_buffer) {}

DatagramSocket::~DatagramSocket() {
  if (local_) world_.ports.give_back(Protocol::udp, local_, *this);
}

std::int32_t DatagramSocket::claim(Address& local, const Address& remote) {
  const std::int32_t error = world_.ports.claim(Protocol::udp, local, options_.reuse_port, *this);
  if (error != 0) return error;
  local_ = local;
  remote_ = remote;
  return 0;
}

void DatagramSocket::start(const Output& output) {
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

void DatagramSocket::close() { world_.desk.finish_all(receivers_, -ECANCELED); }

bool DatagramSocket::try_receive(const Output& output) {
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

void DatagramSocket::arrive(std::string bytes, const Address& from) {
  if (!messages_.empty() && queued_ + bytes.size() > capacity_) return;
  queued_ += bytes.size();
  messages_.push_back({std::move(bytes), from});
  while (!receivers_.empty() && try_receive(receivers_.front()->output)) {
  }
}

std::int32_t DatagramSocket::send(const Datagram& datagram) {
  if (!datagram.address && !remote_) return -EDESTADDRREQ;
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

void start_open_datagram(World& world, const Output& output) {
  Endpoint& endpoint = *output.endpoint;
  const Address::Family family = (endpoint.local ? endpoint.local : endpoint.remote).family();
  if (family == Address::Family::none) return world.desk.finish(output, -EINVAL);
  if (family == Address::Family::unix) return world.desk.finish(output, -EOPNOTSUPP);
  if (endpoint.remote && endpoint.remote.family() != family) return world.desk.finish(output, -EAFNOSUPPORT);
  const Address remote = endpoint.remote ? target_of(endpoint.remote) : Address();
  Address local = endpoint.local ? endpoint.local : source_for(remote);
  if (remote && local.is_any()) local = source_for(remote).with_port(local.port());  // as connect() does
  auto socket = std::make_unique<DatagramSocket>(world, endpoint.options);
  if (const std::int32_t error = socket->claim(local, remote)) return world.desk.finish(output, error);
  endpoint.local = local;
  endpoint.remote = remote;
  world.desk.finish(output, world.sockets.add(std::move(socket)));
}

}  // namespace rondo::sim
