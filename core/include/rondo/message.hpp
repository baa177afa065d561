// SPDX-License-Identifier: BSL-1.0
// message.hpp - the optional text of a cancellation, shared by everybody it reaches.
//
// A request may pass through thousands of tasks. The text is therefore allocated once, by cancel(), and counted:
// handing it on cannot fail. The count is not atomic; a message stays on its loop's thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace rondo {

class Message {
 public:
  Message() = default;

  /// An empty text is no message and allocates nothing.
  explicit Message(std::string_view text) {
    if (text.empty()) return;
    body_ = static_cast<Body*>(::operator new(sizeof(Body) + text.size()));
    new (body_) Body{1, static_cast<std::uint32_t>(text.size())};
    std::memcpy(body_ + 1, text.data(), text.size());
  }
  Message(const Message& other) noexcept : body_(other.body_) {
    if (body_) ++body_->references;
  }
  Message(Message&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  Message& operator=(Message other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~Message() {
    if (body_ && --body_->references == 0) ::operator delete(body_);
  }

  bool empty() const { return body_ == nullptr; }
  std::string_view text() const {
    return body_ ? std::string_view(reinterpret_cast<const char*>(body_ + 1), body_->size) : std::string_view();
  }

 private:
  struct Body {
    std::uint32_t references;
    std::uint32_t size;
  };
  Body* body_ = nullptr;
};

}  // namespace rondo
