// SPDX-License-Identifier: BSL-1.0
// sim_resolver_test.cpp - lookups in the simulated network.
#include "sim_world.hpp"

#include <cerrno>

#include <rondo/resolve_error.hpp>

#include "catch.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

std::string reason(ResolveError::Reason why) { return std::to_string(-static_cast<int>(why)); }

}  // namespace

TEST_CASE("a lookup finds localhost, names that were given, and addresses in numbers; the family filters") {
  const std::vector<sim::Name> names = {{"db", {v4(10, 0, 0, 5, 0), v6_loopback(0)}}};
  SimWorld world({.names = &names});
  const auto found = [&](Lookup lookup) {
    auto& looking = world.resolve(std::move(lookup));
    world.run();
    std::string text;
    for (const Address& address : looking.lookup.addresses) text += address.str() + " ";
    return looking.result == 0 ? text : std::to_string(looking.result);
  };
  const auto v4_only = Address::Family::ipv4;
  const auto v6_only = Address::Family::ipv6;
  CHECK(found({"localhost", "80", {}, false, false, {}}) == "127.0.0.1:80 [::1]:80 ");
  CHECK(found({"db", "postgresql", {}, false, false, {}}) == "10.0.0.5:5432 [::1]:5432 ");
  CHECK(found({"db", "1", v4_only, false, false, {}}) == "10.0.0.5:1 ");
  CHECK(found({"10.9.8.7", "http", {}, false, false, {}}) == "10.9.8.7:80 ");
  CHECK(found({"", "", {}, false, false, {}}) == "127.0.0.1:0 [::1]:0 ");
  CHECK(found({"", "443", {}, false, true, {}}) == "0.0.0.0:443 [::]:443 ");
  CHECK(found({"", "443", v6_only, false, true, {}}) == "[::]:443 ");
  CHECK(found({"10.9.8.7", "1", v6_only, false, false, {}}) == reason(ResolveError::Reason::no_address));
  CHECK(found({"nobody", "1", {}, false, false, {}}) == reason(ResolveError::Reason::host_not_found));
  CHECK(found({"db", "65536", {}, false, false, {}}) == reason(ResolveError::Reason::unknown_service));
  CHECK(found({"db", "nothing", {}, false, false, {}}) == reason(ResolveError::Reason::unknown_service));
}

TEST_CASE("a lookup takes the oracle's time, and a cancelled one takes none") {
  const sim::Tape tape = {{"net.resolve", 8, 7}};
  SimWorld world({.replay = &tape});
  auto& looking = world.resolve({"localhost", "80", {}, false, false, {}});
  CHECK(world.reap(world.backend.now() + 500ms) == 0);
  world.cancel(looking);
  CHECK(world.result_of(looking) == -ECANCELED);
  CHECK(world.backend.stuck());
  CHECK(world.backend.now() == Instant() + 500ms);
}
