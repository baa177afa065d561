// SPDX-License-Identifier: BSL-1.0
// sim_datagram.hpp - UDP and Unix datagrams of a simulated network.
#pragma once

#include <cstddef>
#include <deque>
#include <string>

#include <rondo/endpoint.hpp>

#include "sim_world.hpp"

namespace rondo::sim {

class SimDatagramSocket final : public NetworkSocket {
 public:
  SimDatagramSocket(World& world, SocketOptions options);
  ~SimDatagramSocket() override;
  /// 0 or -errno; fills the port in. `remote`: the one peer, or none.
  std::int32_t claim(Address& local, const Address& remote);
  /// The same for a path; an empty one is filled in, none at all stays unnamed.
  std::int32_t claim_path(Address& local, const Address& remote);
  void start(const Output& output) override;
  void close() override;
  SimDatagramSocket* as_datagram() override { return this; }

  const Address& remote() const { return remote_; }
  /// UDP: lost if there is no room for it.
  void arrive(std::string bytes, const Address& from);

 private:
  struct Message {
    std::string bytes;
    Address from;
  };
  bool try_receive(const Output& output);
  std::int32_t send(const Datagram& datagram);
  std::int32_t send_to_path(const Datagram& datagram);
  bool is_unix() const { return local_.family() == Address::Family::unix_domain; }

  SocketOptions options_;
  std::size_t capacity_;  // bytes that may wait to be received
  std::size_t queued_ = 0;
  Address local_;
  Address remote_;
  std::deque<Message> messages_;
  Instant last_arrival_{};  // Unix: what is sent later arrives later, too
  Line receivers_;
};

void start_open_datagram(World& world, const Output& output);

}  // namespace rondo::sim
