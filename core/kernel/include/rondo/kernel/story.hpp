// SPDX-License-Identifier: BSL-1.0
// story.hpp - how an error came up: the places of the awaits that it passed, innermost first.
//
// An error may pass through any number of tasks, each of which goes on with the story of the one that it awaited. So a
// story is shared until somebody adds to it, and of a long one only the beginning and the end are kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <rondo/kernel/ref.hpp>
#include <rondo/place.hpp>

namespace rondo {

/// What await_stack() gives: all places, or of more than 64 the first 32 and the last 32.
struct AwaitStack : std::vector<Place> {
  std::size_t left_out = 0;  // places between those two halves
};

/// "a.cpp:1 (f) < b.cpp:2 (main)", innermost first, with "... (9,936 more)" for what was left out.
void append(std::string& text, const AwaitStack& stack);
std::string describe(const AwaitStack& stack);

class Story {
 public:
  static constexpr std::size_t kept = 32;  // places at each end

  /// May throw std::bad_alloc, and then has changed nothing.
  void add(Place place);
  AwaitStack places() const;
  bool empty() const { return !body_; }

 private:
  struct Body : RefCounted<Body> {
    void destroy() noexcept { delete this; }
    std::size_t count = 0;      // of all that were added
    std::vector<Place> places;  // the first, then a ring of the last
  };
  Ref<Body> body_;
};

}  // namespace rondo
