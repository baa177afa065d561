// SPDX-License-Identifier: BSL-1.0
// resident.hpp - what must hear that its loop ends: gathers, streams, sockets, generators.
//
// A future that is completed by others lives on without a handle, and holds what it waits for; a socket has a handle of
// the backend. No completion will come once the loop ends, so the kernel tells each resident, oldest first.
#pragma once

#include <rondo/kernel/link.hpp>

namespace rondo {

struct ResidentTag;

class Resident : public Link<ResidentTag> {
 public:
  /// The loop ends: leaves the list, lets go of what it waits for, and gives up the references that it holds to itself.
  void abandon() noexcept { abandon_(*this); }

 protected:
  using Abandon = void (*)(Resident&) noexcept;
  explicit Resident(Abandon function) : abandon_(function) {}
  ~Resident() = default;
  static bool is_told_by(const Resident& resident, Abandon function) { return resident.abandon_ == function; }
  Abandon abandon_;
};

/// Base of a class T with `void abandon() noexcept`.
template <class T>
class ResidentOf : public Resident {
 public:
  /// `resident` as a T, null if it is something else.
  static T* from(Resident& resident) {
    if (!Resident::is_told_by(resident, &tell)) return nullptr;
    return static_cast<T*>(static_cast<ResidentOf*>(&resident));
  }

 protected:
  ResidentOf() : Resident(&tell) {}
  ~ResidentOf() = default;

 private:
  static void tell(Resident& resident) noexcept { static_cast<T&>(static_cast<ResidentOf&>(resident)).abandon(); }
};

}  // namespace rondo
