// SPDX-License-Identifier: BSL-1.0
// address_test.cpp - addresses in numbers and in words.
#include <rondo/address.hpp>

#include <string>

#include "catch.hpp"

using rondo::Address;

namespace {

/// What a host in words is, written again.
std::string again(const char* host) {
  const Address address = Address::parse(host, 80);
  return address ? address.host() : "none";
}

}  // namespace

TEST_CASE("IPv4 is four numbers up to 255, without leading zeros") {
  CHECK(again("127.0.0.1") == "127.0.0.1");
  CHECK(again("255.255.255.255") == "255.255.255.255");
  for (const char* wrong : {"256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.4 ", "", "a.b.c.d"}) {
    CAPTURE(wrong);
    CHECK(again(wrong) == "none");
  }
}

TEST_CASE("IPv6 is read in every form and written in the one of RFC 5952") {
  CHECK(again("::") == "::");
  CHECK(again("::1") == "::1");
  CHECK(again("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(again("2001:0db8::0001") == "2001:db8::1");
  CHECK(again("1:0:0:2:0:0:0:3") == "1:0:0:2::3");
  CHECK(again("1:2:3:4:5:6:7:8") == "1:2:3:4:5:6:7:8");
  CHECK(again("1:2:3:4:5:6:0:8") == "1:2:3:4:5:6:0:8");
  CHECK(again("1::") == "1::");
  CHECK(again("::ffff:192.0.2.1") == "::ffff:c000:201");
  CHECK(again("fe80::1%2") == "fe80::1%2");
  for (const char* wrong : {":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:", ":1",
                            "::1%", "::1%eth", "1:2:3:4:5:6:7:1.2.3.4", "1::2:3:4:5:6:7:8:9"}) {
    CAPTURE(wrong);
    CHECK(again(wrong) == "none");
  }
}

TEST_CASE("an address says where it is with its port, and a path as it stands") {
  CHECK(Address::loopback(80).str() == "127.0.0.1:80");
  CHECK(Address::parse("::1", 443).str() == "[::1]:443");
  CHECK(Address::unix_path("/run/x.sock").str() == "/run/x.sock");
  CHECK(Address::unix_path("").str() == "unnamed");
  CHECK(Address().str() == "no address");
  CHECK(Address::loopback(80).with_port(81).port() == 81);
}

TEST_CASE("addresses are equal when everything about them is; a copy is independent of the original") {
  Address path = Address::unix_path("/a");
  const Address copy = path;
  path = Address::loopback(1);
  CHECK(copy == Address::unix_path("/a"));
  CHECK_FALSE(path == copy);
  CHECK_FALSE(Address::loopback(1) == Address::loopback(2));
  CHECK_FALSE(Address::parse("::1", 1) == Address::parse("::1%3", 1));
  CHECK(Address() == Address());
}

TEST_CASE("the addresses of zeros stand for every address") {
  CHECK(Address::parse("0.0.0.0", 1).is_any());
  CHECK(Address::parse("::", 1).is_any());
  CHECK_FALSE(Address::loopback(1).is_any());
  CHECK_FALSE(Address().is_any());
  CHECK_FALSE(Address::unix_path("").is_any());
}
