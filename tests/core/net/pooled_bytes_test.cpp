// SPDX-License-Identifier: BSL-1.0
// pooled_bytes_test.cpp - bytes that wait to be sent: in order, and in memory of the loop's while there are any.
#include <rondo/net/pooled_bytes.hpp>

#include <string>

#include <rondo/loop.hpp>

#include "catch.hpp"

using namespace rondo;

namespace {

std::string text_of(const PooledBytes& bytes) {
  return bytes.empty() ? std::string() : std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace

TEST_CASE("bytes come out in the order in which they were appended") {
  Loop loop;
  PooledBytes bytes(loop.kernel());
  CHECK(bytes.empty());
  bytes.append("one, ");
  bytes.append("two");
  CHECK(text_of(bytes) == "one, two");
  bytes.consume(5);
  CHECK(text_of(bytes) == "two");
  bytes.append(", three");
  CHECK(text_of(bytes) == "two, three");
}

TEST_CASE("bytes that do not fit any more move, without those that have gone") {
  Loop loop;
  PooledBytes bytes(loop.kernel());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    bytes.append(piece);
    expected += piece;
    if (i % 3 == 0) {
      bytes.consume(2);
      expected.erase(0, 2);
    }
  }
  CHECK(text_of(bytes) == expected);
}

TEST_CASE("memory is held only while there are bytes, and given to whoever asks next") {
  Loop loop;
  PooledBytes first(loop.kernel());
  PooledBytes second(loop.kernel());
  const std::size_t before = loop.kernel().pool().live();
  first.append("text");
  const std::byte* const memory = first.data();
  CHECK(loop.kernel().pool().live() == before + 1);
  first.consume(4);
  CHECK(loop.kernel().pool().live() == before);
  second.append("more");
  CHECK(second.data() == memory);
  second.swap(first);
  CHECK(text_of(first) == "more");
  CHECK(second.empty());
  first.clear();
  CHECK(loop.kernel().pool().live() == before);
}
