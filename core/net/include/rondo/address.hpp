// SPDX-License-Identifier: BSL-1.0
// address.hpp - where a socket is: an IPv4 or IPv6 address with a port, or a path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <rondo/port.hpp>

namespace rondo {

/// A plain value. Names are not addresses: see getaddrinfo().
class Address {
 public:
  enum class Family : std::uint8_t { none, ipv4, ipv6, unix_domain };

  /// No address at all.
  Address() = default;
  static Address ipv4(std::array<std::uint8_t, 4> bytes, Port port);
  /// `scope`: the number of the interface, for link-local addresses.
  static Address ipv6(std::array<std::uint8_t, 16> bytes, Port port, std::uint32_t scope = 0);
  /// 127.0.0.1
  static Address loopback(Port port) { return ipv4({127, 0, 0, 1}, port); }
  /// A socket in the file system; a path that begins with '\0' is a name without a file (Linux), an empty one that of a
  /// socket without a name. std::invalid_argument for a '\0' inside the path of a file. One that is longer than
  /// longest_path is refused where it is used: the system has no place for it.
  static Address unix_path(std::string_view path);
  static constexpr std::size_t longest_path = 107;  // Linux: sockaddr_un without the zero at its end
  /// Reads "192.0.2.1" and "2001:db8::1", and nothing else around them; none if it is neither.
  static Address parse(std::string_view host, Port port);

  Address(const Address& other);
  Address(Address&&) noexcept = default;
  Address& operator=(Address other) noexcept;
  ~Address() = default;

  Family family() const { return family_; }
  explicit operator bool() const { return family_ != Family::none; }
  std::uint16_t port() const { return port_; }
  std::uint32_t scope() const { return scope_; }
  /// Network order; of an IPv4 address the first four count.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string_view path() const { return path_ ? std::string_view(*path_) : std::string_view(); }
  /// True for 0.0.0.0 and ::, which stand for every address of the machine.
  bool is_any() const;
  Address with_port(Port port) const;

  /// "192.0.2.1", "2001:db8::1" (RFC 5952), or the path.
  std::string host() const;
  /// "192.0.2.1:80", "[2001:db8::1]:80", or the path, printable; "@name" for one without a file; "no address".
  std::string str() const;

  friend bool operator==(const Address& a, const Address& b);

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
  Family family_ = Family::none;
  std::unique_ptr<const std::string> path_;
};

}  // namespace rondo
