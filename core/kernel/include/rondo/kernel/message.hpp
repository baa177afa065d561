// SPDX-License-Identifier: BSL-1.0
// message.hpp - the optional text of a cancellation, shared by everybody it reaches.
//
// A request may pass through thousands of tasks. The text is therefore allocated once, by cancel(), and counted:
// handing it on cannot fail. A message stays on its loop's thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>

#include <rondo/kernel/ref.hpp>

namespace rondo {

class Message {
 public:
  Message() = default;

  /// An empty text is no message and allocates nothing.
  explicit Message(std::string_view text) {
    if (text.empty()) return;
    void* const memory = ::operator new(sizeof(Body) + text.size());
    body_ = Ref<Body>::adopt(*new (memory) Body(static_cast<std::uint32_t>(text.size())));
    std::memcpy(static_cast<void*>(body_.get() + 1), text.data(), text.size());
  }

  bool empty() const { return !body_; }
  std::string_view text() const {
    return body_ ? std::string_view(reinterpret_cast<const char*>(body_.get() + 1), body_->size) : std::string_view();
  }

 private:
  struct Body : RefCounted<Body> {
    explicit Body(std::uint32_t length) : size(length) {}
    void destroy() noexcept { ::operator delete(this); }
    std::uint32_t size;
  };
  Ref<Body> body_;
};

}  // namespace rondo
