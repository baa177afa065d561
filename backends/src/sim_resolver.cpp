// SPDX-License-Identifier: BSL-1.0
// sim_resolver.cpp - see sim_resolver.hpp.
#include "sim_resolver.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include <rondo/resolve_error.hpp>

namespace rondo::sim {
namespace {

struct Service {
  char name[12];
  std::uint16_t port;
};
constexpr Service services[] = {
    {"ftp", 21},      {"ssh", 22},         {"telnet", 23},  {"smtp", 25},         {"domain", 53},    {"http", 80},
    {"pop3", 110},    {"ntp", 123},        {"imap2", 143},  {"imap", 143},        {"ldap", 389},     {"https", 443},
    {"imaps", 993},   {"submission", 587}, {"mysql", 3306}, {"postgresql", 5432}, {"amqp", 5672},    {"redis", 6379},
    {"http-alt", 8080},
};

std::optional<std::uint16_t> port_of(const std::string& service) {
  if (service.empty()) return std::uint16_t{0};
  std::uint16_t port = 0;
  const char* const end = service.data() + service.size();
  const auto parsed = std::from_chars(service.data(), end, port);
  if (parsed.ec == std::errc() && parsed.ptr == end) return port;
  for (const Service& known : services) {
    if (known.name == service) return known.port;
  }
  return std::nullopt;
}

std::vector<Address> addresses_of(const std::vector<Name>& names, const Lookup& lookup) {
  const Address localhost = Address::loopback(0);
  const Address localhost6 = Address::parse("::1", 0);
  if (lookup.host.empty() && lookup.passive) return {Address::ipv4({}, 0), Address::ipv6({}, 0)};
  if (lookup.host.empty()) return {localhost, localhost6};
  if (Address address = Address::parse(lookup.host, 0)) return {std::move(address)};
  const auto known =
      std::find_if(names.begin(), names.end(), [&](const Name& name) { return name.host == lookup.host; });
  if (known != names.end()) return known->addresses;
  if (lookup.host == "localhost") return {localhost, localhost6};
  return {};
}

std::int32_t look_up(const std::vector<Name>& names, Lookup& lookup) {
  const auto port = port_of(lookup.service);
  if (!port) return -static_cast<std::int32_t>(ResolveError::Reason::unknown_service);
  const std::vector<Address> addresses = addresses_of(names, lookup);
  if (addresses.empty()) return -static_cast<std::int32_t>(ResolveError::Reason::host_not_found);
  lookup.addresses.clear();
  for (const Address& address : addresses) {
    if (lookup.family != Address::Family::none && lookup.family != address.family()) continue;
    lookup.addresses.push_back(address.with_port(*port));
  }
  return lookup.addresses.empty() ? -static_cast<std::int32_t>(ResolveError::Reason::no_address) : 0;
}

/// The name server answers.
class Reply final : public TimelineEvent {
 public:
  Reply(World& world, const std::vector<Name>& names, const Output& output)
      : world_(world), names_(names), output_(output) {}
  void happen() override { world_.desk.finish(output_, look_up(names_, *output_.lookup)); }

 private:
  World& world_;
  const std::vector<Name>& names_;
  Output output_;
};

}  // namespace

void start_lookup(World& world, const std::vector<Name>& names, const Output& output) {
  Waiting& waiting = world.desk.wait(output);
  const Instant when = after(world.timeline.now(), world.choices.delay("net.resolve"));
  waiting.due = world.timeline.add(when, std::make_unique<Reply>(world, names, output));
}

}  // namespace rondo::sim
