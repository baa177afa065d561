// SPDX-License-Identifier: BSL-1.0
// sim_ports.hpp - who has which address of the simulated machine.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/address.hpp>

namespace rondo::sim {

class NetworkSocket;

enum class Protocol : std::uint8_t { tcp, udp };

/// True for what this machine has: the place to ask once there are several.
bool is_known(const Address& address);
/// What a packet to `address` really goes to: 0.0.0.0 and :: mean this machine.
Address target_of(const Address& address);
/// Where a packet to `target` comes from, if the sender does not say.
Address source_for(const Address& target);

class Ports {
 public:
  struct Claim {
    Address address;
    bool reuse_port;
    NetworkSocket* owner;
  };
  /// 0 or -errno. Port 0 stands for any that is free, and is filled in.
  std::int32_t claim(Protocol protocol, Address& address, bool reuse_port, NetworkSocket& owner);
  void give_back(Protocol protocol, const Address& address, const NetworkSocket& owner);
  /// Those that have this port at `target` or everywhere, in the order in which they came.
  std::vector<Claim> at(Protocol protocol, const Address& target) const;

  /// False for a path that is longer than the system would take.
  static bool fits(std::string_view path);
  /// Takes over a path that was left.
  std::int32_t claim_path(std::string_view path, NetworkSocket& owner);
  /// The owner goes. Without `cleanup` the file stays, and nobody is there; a name without a file goes in any case.
  void give_back_path(std::string_view path, bool cleanup);
  /// Null if nobody has it.
  NetworkSocket* at_path(std::string_view path) const;
  bool is_left(std::string_view path) const;
  /// A name without a file that nobody has, as Linux picks them.
  Address pick_name();

 private:
  struct Key {
    Protocol protocol;
    Address::Family family;
    std::uint16_t port;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static constexpr std::uint16_t first_port = 49152;  // RFC 6335: to 65535
  std::uint16_t pick(Protocol protocol, Address::Family family);

  std::map<Key, std::vector<Claim>> claims_;
  std::map<std::string, NetworkSocket*, std::less<>> paths_;  // null: was left
  std::uint32_t next_name_ = 0;
  std::array<std::uint16_t, 4> next_ = {first_port, first_port, first_port, first_port};  // by protocol and family
};

}  // namespace rondo::sim
