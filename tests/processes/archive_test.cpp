// SPDX-License-Identifier: BSL-1.0
// archive_test.cpp - values as bytes, and back.
#include <rondo/executors/archive.hpp>

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

#include "catch.hpp"

using namespace std::chrono_literals;
using rondo::Archive;

namespace {

template <class T>
T there_and_back(const T& value) {
  std::string bytes;
  Archive<T>::save(bytes, value);
  return Archive<T>::load(bytes);
}

struct Point {
  int x = 0;
  std::string name;
  template <class A>
  void serialize(A& archive) {
    archive(x, name);
  }
  bool operator==(const Point&) const = default;
};

/// Knows nothing of cereal, and cannot be made of nothing.
struct Colour {
  explicit Colour(unsigned red_) : red(red_) {}
  unsigned red;
};

template <class T>
std::string refusal_of(std::string_view bytes) {
  try {
    static_cast<void>(Archive<T>::load(bytes));
    return "not refused";
  } catch (const std::exception& error) {
    return error.what();
  }
}

}  // namespace

template <>
struct rondo::Archive<Colour> {
  static void save(std::string& bytes, const Colour& colour) { bytes += std::to_string(colour.red); }
  static Colour load(std::string_view bytes) { return Colour(static_cast<unsigned>(std::stoul(std::string(bytes)))); }
};

TEST_CASE("numbers, enumerations and strings come back as they were") {
  enum class Size : std::uint8_t { small = 3 };
  CHECK(there_and_back(true));
  CHECK(there_and_back(-7) == -7);
  CHECK(there_and_back(std::numeric_limits<std::uint64_t>::max()) == std::numeric_limits<std::uint64_t>::max());
  CHECK(there_and_back(0.1) == 0.1);
  CHECK(there_and_back('x') == 'x');
  CHECK(there_and_back(Size::small) == Size::small);
  CHECK(there_and_back(std::string()).empty());
  const std::string zeros("a\0b\n", 4);
  CHECK(there_and_back(zeros) == zeros);
}

TEST_CASE("containers of the standard library come back as they were") {
  CHECK(there_and_back(std::vector<int>{}).empty());
  CHECK(there_and_back(std::vector<std::string>{"a", "", "c"}) == std::vector<std::string>{"a", "", "c"});
  CHECK(there_and_back(std::vector<bool>{true, false, true}) == std::vector<bool>{true, false, true});
  CHECK(there_and_back(std::map<std::string, int>{
            {"a", 1},
            {"b", 2}
  }) == std::map<std::string, int>{{"a", 1}, {"b", 2}});
  CHECK(there_and_back(std::unordered_map<int, int>{
            {1, 2}
  }) == std::unordered_map<int, int>{{1, 2}});
  CHECK(there_and_back(std::set<int>{3, 1}) == std::set<int>{1, 3});
  CHECK(there_and_back(std::array<int, 3>{1, 2, 3}) == std::array<int, 3>{1, 2, 3});
}

TEST_CASE("optional, variant, pair, tuple and durations come back as they were") {
  CHECK(there_and_back(std::optional<int>(4)) == std::optional<int>(4));
  CHECK(there_and_back(std::optional<int>()) == std::nullopt);
  using Either = std::variant<int, std::string>;
  CHECK(there_and_back(Either("text")) == Either("text"));
  CHECK(there_and_back(std::pair(1, std::string("one"))) == std::pair(1, std::string("one")));
  CHECK(there_and_back(std::tuple(1, 2.5, std::string("x"))) == std::tuple(1, 2.5, std::string("x")));
  CHECK(there_and_back(std::tuple<>()) == std::tuple<>());
  CHECK(there_and_back(1500ms) == 1500ms);
}

TEST_CASE("a type with serialize() crosses, and so do containers of it") {
  CHECK(there_and_back(Point{3, "three"}) == Point{3, "three"});
  CHECK(there_and_back(std::vector<Point>{
            {1, "a"},
            {2, "b"}
  }) == std::vector<Point>{{1, "a"}, {2, "b"}});
}

TEST_CASE("an Archive of one's own is asked instead, and needs no default constructor") {
  CHECK(there_and_back(Colour(77)).red == 77);
}

TEST_CASE("bytes that end too early make no value") {
  std::string bytes;
  Archive<std::string>::save(bytes, "a text");
  CHECK(refusal_of<std::string>(bytes) == "not refused");
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size << " bytes");
    CHECK(refusal_of<std::string>(bytes.substr(0, size)) != "not refused");
  }
}

TEST_CASE("bytes that are left behind a value are told") {
  std::string bytes;
  Archive<int>::save(bytes, 1);
  CHECK(refusal_of<int>(bytes + "ab") == "2 bytes are left of what should be one value");
}

TEST_CASE("several values lie one behind another, each by itself") {
  std::string bytes;
  rondo::append_archived(bytes, 7);
  rondo::append_archived(bytes, std::string("seven"));
  rondo::append_archived(bytes, Colour(8));
  rondo::append_archived(bytes, std::vector<int>{});
  std::string_view rest = bytes;
  CHECK(rondo::take_archived<int>(rest) == 7);
  CHECK(rondo::take_archived<std::string>(rest) == "seven");
  CHECK(rondo::take_archived<Colour>(rest).red == 8);
  CHECK(rondo::take_archived<std::vector<int>>(rest).empty());
  CHECK(rest.empty());
  CHECK_THROWS_WITH(rondo::take_archived<int>(rest), "the bytes of a value are missing");
}

TEST_CASE("a value whose length is a lie is missing") {
  std::string bytes;
  rondo::append_archived(bytes, std::string("text"));
  bytes.pop_back();
  std::string_view rest = bytes;
  CHECK_THROWS_WITH(rondo::take_archived<std::string>(rest), "the bytes of a value are missing");
  std::string huge(8, '\xff');
  rest = huge;
  CHECK_THROWS_WITH(rondo::take_archived<std::string>(rest), "the bytes of a value are missing");
}

TEST_CASE("a string that is longer than memory makes no value") {
  std::string bytes;
  const std::uint64_t lie = UINT64_MAX;
  bytes.assign(reinterpret_cast<const char*>(&lie), sizeof lie);
  CHECK(refusal_of<std::string>(bytes) != "not refused");
}
