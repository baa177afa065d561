// SPDX-License-Identifier: BSL-1.0
// context.hpp - the values of context variables that a task, a callback or a job sees (Python's contextvars.Context).
//
// A Context is an immutable table behind one counted pointer, so handing it to a new task copies a pointer; set()
// makes a new table for the task that called it. Values are shared, the tables stay on their loop's thread; a job that
// goes to another thread gets a copy of the table.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <rondo/kernel/ref.hpp>

namespace rondo {

class Context {
 public:
  /// The value under `key`, or null. O(number of variables set).
  std::shared_ptr<const void> find(const void* key) const;

  /// Replaces this context by one in which `key` has `value`; null removes it. Other holders see no change.
  void assign(const void* key, std::shared_ptr<const void> value);

  /// The same values in a table of its own, to be handed to another thread.
  Context detached() const;

 private:
  struct Table : RefCounted<Table> {
    void destroy() noexcept;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> entries;
  };
  Ref<Table> table_;
};

}  // namespace rondo
