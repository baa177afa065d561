// SPDX-License-Identifier: BSL-1.0
// offered.hpp - a part that only some programs have: the function of its facility says how it is made.
#pragma once

#include <atomic>
#include <memory>

namespace rondo {

/// The Part of one Owner, made when it is first needed. A program without a call of the part's function in
/// kernel/facilities.hpp, which offers it, links nothing of it.
template <class Part, class Owner>
class Offered {
 public:
  using Make = std::unique_ptr<Part> (*)(Owner& owner);

  /// How it is made. From any thread.
  static void offer(Make make) noexcept { make_.store(make, std::memory_order_relaxed); }

  /// Null if the program has never asked for the facility.
  Part* get(Owner& owner) {
    if (part_) [[likely]] return part_.get();
    if (const Make make = make_.load(std::memory_order_relaxed)) part_ = make(owner);
    return part_.get();
  }
  /// Null if nobody has needed it.
  Part* find() const noexcept { return part_.get(); }
  void end() noexcept { part_.reset(); }

 private:
  static inline constinit std::atomic<Make> make_ = nullptr;

  std::unique_ptr<Part> part_;
};

}  // namespace rondo
