// SPDX-License-Identifier: BSL-1.0
// entry.hpp - what can stand in the ready queue: tasks, and hooks, which call a function when their turn comes.
#pragma once

#include <cstdint>

#include <rondo/kernel/link.hpp>

namespace rondo {

/// Tasks come first: see Entry::is_task().
enum class EntryKind : std::uint8_t {
  task,       // resume a coroutine
  routine,    // step a task written by hand
  call,       // a hook with a user's callback
  operation,  // a hook for what a backend has completed
  hook,       // any other: a deadline, the end of a future that somebody watches
  fence,      // the end of a batch
};

struct ReadyTag;

/// Something that can stand in the ready queue, or at a future until that is done.
class Entry : public Link<ReadyTag> {
 public:
  explicit Entry(EntryKind kind) : entry_kind_(kind) {}
  EntryKind entry_kind() const { return entry_kind_; }
  bool is_task() const { return entry_kind_ <= EntryKind::routine; }

 private:
  EntryKind entry_kind_;
};

using EntryList = List<Entry, ReadyTag>;

/// Any entry but a task. Its function is called in its turn, by Kernel::step alone.
class Hook : public Entry {
 public:
  using Function = void (*)(Hook&);
  explicit Hook(Function function, EntryKind kind = EntryKind::hook) : Entry(kind), function_(function) {}
  void run() { function_(*this); }
  /// Takes it out of where it stands, if it stands anywhere: its function is not called.
  void withdraw() {
    if (linked()) unlink();
  }

 private:
  Function function_;
};

/// The function of a hook that is a base of T: calls a member of that.
template <class T, auto member>
void call_member(Hook& hook) {
  (static_cast<T&>(hook).*member)();
}

/// A hook, or a timer, that calls a member of what it is part of, or points to.
template <class Owner, void (Owner::*member)(), class Base = Hook>
class MemberHook final : public Base {
 public:
  explicit MemberHook(Owner& owner) : Base(&call), owner_(&owner) {}
  ~MemberHook() { this->withdraw(); }

 private:
  static void call(Hook& hook) { (static_cast<MemberHook&>(hook).owner_->*member)(); }
  Owner* owner_;
};

}  // namespace rondo
