// SPDX-License-Identifier: BSL-1.0
// sim_ports.cpp - see sim_ports.hpp.
#include "sim_ports.hpp"

#include <algorithm>
#include <cerrno>

namespace rondo::sim {
namespace {

Address loopback(Address::Family family, std::uint16_t port) {
  if (family == Address::Family::ipv4) return Address::loopback(port);
  return Address::ipv6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, port);
}

bool covers(const Address& claimed, const Address& address) {
  return claimed.is_any() || claimed.bytes() == address.bytes();
}

}  // namespace

bool is_known(const Address& address) {
  if (address.is_any()) return true;
  if (address.family() == Address::Family::ipv4) return address.bytes()[0] == 127 || address.bytes()[0] == 10;
  return address.bytes() == loopback(Address::Family::ipv6, 0).bytes();
}

Address target_of(const Address& address) {
  return address.is_any() ? loopback(address.family(), address.port()) : address;
}

Address source_for(const Address& target) {
  if (is_known(target) && target.bytes()[0] == 10) return target.with_port(0);
  return loopback(target.family(), 0);
}

std::int32_t Ports::claim(Protocol protocol, Address& address, bool reuse_port, NetworkSocket& owner) {
  if (!is_known(address)) return -EADDRNOTAVAIL;
  Address claimed = address;
  if (address.port() == 0) {
    const std::uint16_t port = pick(protocol, address.family());
    if (port == 0) return -EADDRINUSE;
    claimed = address.with_port(port);
  }
  auto& claims = claims_[{protocol, claimed.family(), claimed.port()}];  // empty only until the push below
  for (const Claim& other : claims) {
    const bool same = covers(other.address, claimed) || covers(claimed, other.address);
    if (same && !(reuse_port && other.reuse_port)) return -EADDRINUSE;
  }
  claims.push_back({claimed, reuse_port, &owner});
  address = std::move(claimed);
  return 0;
}

/// 0 if all are in use.
std::uint16_t Ports::pick(Protocol protocol, Address::Family family) {
  auto& next = next_.at((protocol == Protocol::udp ? 2U : 0U) + (family == Address::Family::ipv6 ? 1U : 0U));
  for (std::uint32_t tries = first_port; tries <= UINT16_MAX; ++tries) {
    const std::uint16_t port = next;
    next = port == UINT16_MAX ? first_port : static_cast<std::uint16_t>(port + 1);
    if (!claims_.contains({protocol, family, port})) return port;
  }
  return 0;
}

void Ports::give_back(Protocol protocol, const Address& address, const NetworkSocket& owner) {
  const auto at = claims_.find({protocol, address.family(), address.port()});
  if (at == claims_.end()) return;
  std::erase_if(at->second, [&](const Claim& claim) { return claim.owner == &owner; });
  if (at->second.empty()) claims_.erase(at);
}

std::vector<Ports::Claim> Ports::at(Protocol protocol, const Address& target) const {
  std::vector<Claim> found;
  const auto at = claims_.find({protocol, target.family(), target.port()});
  if (at == claims_.end()) return found;
  for (const Claim& claim : at->second) {
    if (covers(claim.address, target)) found.push_back(claim);
  }
  return found;
}

bool Ports::fits(std::string_view path) { return path.size() <= Address::longest_path; }

std::int32_t Ports::claim_path(std::string_view path, NetworkSocket& owner) {
  if (!fits(path)) return -ENAMETOOLONG;
  const auto [at, fresh] = paths_.emplace(path, &owner);
  if (!fresh && at->second) return -EADDRINUSE;
  at->second = &owner;
  return 0;
}

void Ports::give_back_path(std::string_view path, bool cleanup) {
  const auto at = paths_.find(path);
  if (at == paths_.end()) return;
  at->second = nullptr;
  if (cleanup || path.front() == '\0') paths_.erase(at);
}

bool Ports::is_left(std::string_view path) const {
  const auto at = paths_.find(path);
  return at != paths_.end() && !at->second;
}

Address Ports::pick_name() {
  for (;;) {
    std::string name(6, '\0');  // and five digits
    std::uint32_t number = next_name_++;
    for (std::size_t at = 5; at > 0; --at, number /= 16) name[at] = "0123456789abcdef"[number % 16];
    if (!paths_.contains(name)) return Address::unix_path(name);
  }
}

NetworkSocket* Ports::at_path(std::string_view path) const {
  const auto at = paths_.find(path);
  return at == paths_.end() ? nullptr : at->second;
}

}  // namespace rondo::sim
