// SPDX-License-Identifier: BSL-1.0
// address_test.cpp - addresses in numbers and in words.
#include <rondo/address.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

#include "catch.hpp"

using rondo::Address;
using rondo::Port;
using namespace std::string_view_literals;

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

// --- what is no address ----------------------------------------------------------------------------------------------

TEST_CASE("a host is read to its end: a null byte, a sign or a blank in it makes it no address in numbers") {
  for (const std::string_view wrong : {"127.0.0.1\0"sv, "127.0.0.1\0.x"sv, "+127.0.0.1"sv, "127.0.0.-1"sv,
                                       " 127.0.0.1"sv, "::1\0"sv, "::+1"sv, "::1 "sv, "fe80::1%+2"sv, "fe80::1%2\0"sv}) {
    CAPTURE(std::string(wrong));
    CHECK_FALSE(Address::parse(wrong, 80));
  }
}

TEST_CASE("a port that is not 0 to 65535 is refused as it stands, of whatever type it is") {
  CHECK(Address::loopback(65535).port() == 65535);
  CHECK_THROWS_WITH(Address::loopback(70000), "port must be 0 to 65535, not 70000");
  CHECK_THROWS_WITH(Address::parse("::1", -1), "port must be 0 to 65535, not -1");
  CHECK_THROWS_WITH(Address::ipv4({1, 2, 3, 4}, 65536U), "port must be 0 to 65535, not 65536");
  CHECK_THROWS_WITH(Address::ipv6({}, 1LL << 40), "port must be 0 to 65535, not 1099511627776");
  CHECK_THROWS_WITH(Address::loopback(1).with_port(~std::uint64_t{0}),
                    "port must be 0 to 65535, not 18446744073709551615");
  CHECK_THROWS_AS(Address::loopback(70000), std::invalid_argument);
}

TEST_CASE("a port may be an enumerator, and is a constant where its number is one") {
  enum Service : int { web = 80, wrong = 80'000 };
  CHECK(Address::loopback(web).port() == 80);
  CHECK_THROWS_WITH(Address::loopback(wrong), "port must be 0 to 65535, not 80000");
  static_assert(std::uint16_t{Port(443)} == 443);
  static_assert(!std::is_convertible_v<bool, Port>);
}

TEST_CASE("a path with a null byte inside is refused; one in front stands for a name without a file") {
  CHECK_THROWS_WITH(Address::unix_path("/run/a\0b"sv), "embedded null byte in the path '/run/a\\x00b'");
  CHECK_THROWS_AS(Address::unix_path("/run/a\0"sv), std::invalid_argument);
  CHECK(Address::unix_path("\0a\0b"sv).path() == "\0a\0b"sv);
}

TEST_CASE("a name without a file is printed whole behind an @, and what is not printable in hexadecimal") {
  CHECK(Address::unix_path("\0name"sv).str() == "@name");
  CHECK(Address::unix_path("\0a\0b\n\x7f"sv).str() == "@a\\x00b\\x0a\\x7f");
  CHECK(Address::unix_path("\0"sv).str() == "@");
}

TEST_CASE("a path that looks like a name without a file is told apart, and no line of an error is broken by a path") {
  CHECK(Address::unix_path("@name").str() == "./@name");
  CHECK(Address::unix_path("/tmp/a\nb\x1b[0m").str() == "/tmp/a\\x0ab\\x1b[0m");
  CHECK(Address::unix_path("a\\b").str() == "a\\\\b");
  CHECK(Address::unix_path("/home/jos\xc3\xa9").str() == "/home/jos\xc3\xa9");
}
