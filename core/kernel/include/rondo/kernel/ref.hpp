// SPDX-License-Identifier: BSL-1.0
// ref.hpp - counted pointers, and what they count. The counts are not atomic: they stay on their loop's thread.
#pragma once

#include <cstdint>
#include <utility>

namespace rondo {

/// Base of a class T with `void destroy() noexcept`, for the last reference. Whoever makes a T holds the first one.
template <class T>
class RefCounted {
 public:
  void retain() { ++references_; }
  void release() {
    if (--references_ == 0) static_cast<T*>(this)->destroy();
  }
  std::uint32_t references() const { return references_; }

 protected:
  RefCounted() = default;
  RefCounted(const RefCounted&) noexcept {}  // a copy has a count of its own
  ~RefCounted() = default;
  std::uint32_t references_ = 1;
};

/// A counted pointer.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T& counted) noexcept : counted_(&counted) { counted.retain(); }
  /// Takes over a reference that is counted already.
  static Ref adopt(T& counted) noexcept {
    Ref ref;
    ref.counted_ = &counted;
    return ref;
  }
  Ref(const Ref& other) noexcept : counted_(other.counted_) {
    if (counted_) counted_->retain();
  }
  Ref(Ref&& other) noexcept : counted_(other.detach()) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(counted_, other.counted_);
    return *this;
  }
  ~Ref() {
    if (counted_) counted_->release();
  }
  explicit operator bool() const { return counted_ != nullptr; }
  T& operator*() const { return *counted_; }
  T* operator->() const { return counted_; }
  T* get() const { return counted_; }
  /// Gives the counted pointer away.
  T* detach() noexcept { return std::exchange(counted_, nullptr); }

 private:
  T* counted_ = nullptr;
};

}  // namespace rondo
