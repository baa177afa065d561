// SPDX-License-Identifier: BSL-1.0
// story.cpp - see story.hpp.
#include <rondo/kernel/story.hpp>

#include <rondo/kernel/text.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

void Story::add(Place place) {
  if (!body_ || body_->references() > 1) body_ = Ref<Body>::adopt(body_ ? *new Body(*body_) : *new Body);
  auto& places = body_->places;
  if (places.size() < 2 * kept) {
    places.push_back(place);
  } else {
    places[kept + (body_->count - kept) % kept] = place;
  }
  ++body_->count;
}

AwaitStack Story::places() const {
  AwaitStack stack;
  if (!body_) return stack;
  const auto& places = body_->places;
  const bool all = body_->count <= 2 * kept;
  if (!all) stack.left_out = body_->count - 2 * kept;
  for (std::size_t i = 0; i < places.size(); ++i) {
    stack.push_back(places[all || i < kept ? i : kept + (body_->count + i) % kept]);  // the ring from its oldest on
  }
  return stack;
}

void append(std::string& text, const AwaitStack& stack) {
  for (std::size_t i = 0; i < stack.size(); ++i) {
    if (i == Story::kept && stack.left_out > 0) append(text, {" < ... (", stack.left_out, " more)"});
    append(text, {i == 0 ? "" : " < ", stack[i]});
    const std::string function = function_of(stack[i]);
    if (!function.empty()) append(text, {" (", function, ")"});
  }
}

std::string describe(const AwaitStack& stack) { return text_of({stack}); }

}  // namespace rondo
