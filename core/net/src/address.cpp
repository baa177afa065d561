// SPDX-License-Identifier: BSL-1.0
// address.cpp - addresses to text and back.
#include <rondo/address.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <rondo/net/printable.hpp>

namespace rondo {

void refuse_port(std::int64_t number) {
  throw std::invalid_argument("port must be 0 to 65535, not " + std::to_string(number));
}
void refuse_port(std::uint64_t number) {
  throw std::invalid_argument("port must be 0 to 65535, not " + std::to_string(number));
}

Address Address::ipv4(std::array<std::uint8_t, 4> bytes, Port port) {
  Address address;
  address.family_ = Family::ipv4;
  std::copy(bytes.begin(), bytes.end(), address.bytes_.begin());
  address.port_ = port;
  return address;
}

Address Address::ipv6(std::array<std::uint8_t, 16> bytes, Port port, std::uint32_t scope) {
  Address address;
  address.family_ = Family::ipv6;
  address.bytes_ = bytes;
  address.port_ = port;
  address.scope_ = scope;
  return address;
}

Address Address::unix_path(std::string_view path) {
  if (!path.empty() && path.front() != '\0') refuse_null(path, "the path");
  Address address;
  address.family_ = Family::unix_domain;
  address.path_ = std::make_unique<const std::string>(path);
  return address;
}

Address::Address(const Address& other)
    : bytes_(other.bytes_),
      scope_(other.scope_),
      port_(other.port_),
      family_(other.family_),
      path_(other.path_ ? std::make_unique<const std::string>(*other.path_) : nullptr) {}

Address& Address::operator=(Address other) noexcept {
  bytes_ = other.bytes_;
  scope_ = other.scope_;
  port_ = other.port_;
  family_ = other.family_;
  path_ = std::move(other.path_);
  return *this;
}

bool operator==(const Address& a, const Address& b) {
  return a.family_ == b.family_ && a.bytes_ == b.bytes_ && a.port_ == b.port_ && a.scope_ == b.scope_ &&
         a.path() == b.path();
}

bool Address::is_any() const {
  return (family_ == Family::ipv4 || family_ == Family::ipv6) &&
         std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t byte) { return byte == 0; });
}

Address Address::with_port(Port port) const {
  Address address = *this;
  address.port_ = port;
  return address;
}

// --- to text ---------------------------------------------------------------------------------------------------------

namespace {

std::string hex(unsigned group) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdef"[group & 15]);
    group >>= 4;
  } while (group != 0);
  return text;
}

using Groups = std::array<unsigned, 8>;

/// The longest run of two or more zero groups, the first of equals: what "::" stands for.
std::pair<std::size_t, std::size_t> longest_zeros(const Groups& groups) {
  std::size_t best = 0;
  std::size_t best_size = 1;
  for (std::size_t from = 0; from < 8; ++from) {
    std::size_t size = 0;
    while (from + size < 8 && groups[from + size] == 0) ++size;
    if (size > best_size) {
      best = from;
      best_size = size;
    }
  }
  return {best, best_size > 1 ? best_size : 0};
}

std::string ipv6_text(const std::array<std::uint8_t, 16>& bytes) {
  Groups groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = unsigned{bytes[2 * i]} << 8 | bytes[2 * i + 1];
  const auto [zeros, size] = longest_zeros(groups);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    if (size > 0 && i == zeros) {
      text += "::";
      i += size - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    text += hex(groups[i]);
  }
  return text;
}

/// A name without a file as ss(8) shows it; a path that would look like one gets a front that changes nothing.
std::string unix_text(std::string_view path) {
  if (path.empty()) return "unnamed";
  if (path.front() == '\0') return '@' + printable(path.substr(1));
  return (path.front() == '@' ? "./" : "") + printable(path);
}

}  // namespace

std::string Address::host() const {
  switch (family_) {
    case Family::none:
      break;
    case Family::ipv4:
      return std::to_string(bytes_[0]) + "." + std::to_string(bytes_[1]) + "." + std::to_string(bytes_[2]) + "." +
             std::to_string(bytes_[3]);
    case Family::ipv6:
      return ipv6_text(bytes_) + (scope_ != 0 ? '%' + std::to_string(scope_) : "");
    case Family::unix_domain:
      return std::string(path());
  }
  return {};
}

std::string Address::str() const {
  switch (family_) {
    case Family::none:
      return "no address";
    case Family::ipv4:
      return host() + ":" + std::to_string(port_);
    case Family::ipv6:
      return '[' + host() + "]:" + std::to_string(port_);
    case Family::unix_domain:
      return unix_text(path());
  }
  return {};
}

// --- from text -------------------------------------------------------------------------------------------------------

namespace {

/// Up to `most` digits of `base` at the front of `text`, which is shortened; none if there is no digit.
std::optional<unsigned> take_number(std::string_view& text, unsigned base, std::size_t most) {
  unsigned number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && digits < most; ++digits) {
    const char c = text[digits];
    unsigned digit = base;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
    if (digit >= base) break;
    number = number * base + digit;
  }
  text.remove_prefix(digits);
  if (digits == 0) return std::nullopt;
  return number;
}

bool take(std::string_view& text, std::string_view front) {
  if (text.substr(0, front.size()) != front) return false;
  text.remove_prefix(front.size());
  return true;
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0 && !take(text, ".")) return std::nullopt;
    if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return std::nullopt;
    const auto number = take_number(text, 10, 3);
    if (!number || *number > 255) return std::nullopt;
    bytes[i] = static_cast<std::uint8_t>(*number);
  }
  if (!text.empty()) return std::nullopt;
  return bytes;
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
  Groups groups{};
  std::size_t size = 0;
  std::optional<std::size_t> gap;  // where "::" stands
  if (take(text, "::")) gap = 0;
  while (!text.empty()) {
    if (size <= 6) {
      if (const auto tail = parse_ipv4(text)) {
        groups[size++] = unsigned{(*tail)[0]} << 8 | (*tail)[1];
        groups[size++] = unsigned{(*tail)[2]} << 8 | (*tail)[3];
        break;
      }
    }
    const auto group = take_number(text, 16, 4);
    if (!group || size == 8) return std::nullopt;
    groups[size++] = *group;
    if (text.empty()) break;
    if (take(text, "::")) {
      if (gap) return std::nullopt;
      gap = size;
    } else if (!take(text, ":") || text.empty()) {
      return std::nullopt;
    }
  }
  if (gap ? size == 8 : size != 8) return std::nullopt;
  if (gap) std::rotate(groups.data() + *gap, groups.data() + size, groups.data() + groups.size());
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
    bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  return bytes;
}

}  // namespace

Address Address::parse(std::string_view host, Port port) {
  if (const auto bytes = parse_ipv4(host)) return ipv4(*bytes, port);
  std::uint32_t scope = 0;
  if (const auto percent = host.find('%'); percent != std::string_view::npos) {
    std::string_view number = host.substr(percent + 1);
    const auto parsed = take_number(number, 10, 9);
    if (!parsed || !number.empty()) return Address();
    scope = *parsed;
    host = host.substr(0, percent);
  }
  if (const auto bytes = parse_ipv6(host)) return ipv6(*bytes, port, scope);
  return Address();
}

}  // namespace rondo
