// SPDX-License-Identifier: BSL-1.0
// context.hpp - the values of context variables that a task, a callback or a job sees (Python's contextvars.Context).
//
// A Context is an immutable table behind one counted pointer, so handing it to a new task copies a pointer; set()
// makes a new table for the task that called it. A context that the user names (copy_context(), {.context = &ctx}) is a
// cell that holds such a table: all who run in it see what one of them sets, and whoever inherits from it gets the
// table. Values are shared, the tables stay on their loop's thread; a job that goes to another thread gets a copy of
// the table.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <rondo/kernel/ref.hpp>

namespace rondo {

/// Copies of one that copy_context() gave, or that a task was told to run in, are handles to the same values. Belongs
/// to the thread of the loop that it is used in. Source: contextvars.Context.
class Context {
 public:
  Context() = default;

  /// The value under `key`, or null. O(number of variables set).
  std::shared_ptr<const void> find(const void* key) const;

  /// From now on `key` has `value` here; null removes it.
  void assign(const void* key, std::shared_ptr<const void> value);

  /// The same values in a table of its own, to be handed to another thread.
  Context detached() const;

  /// What a new task gets that was told nothing: the values of now.
  Context inherited() const {
    if (table_ && table_->cell) [[unlikely]] return Context(table_->values);
    return *this;
  }
  /// This one itself, as a cell: what runs in it changes it.
  const Context& shared();
  /// A new cell with the values of now.
  Context copy() const;

  /// Calls `function` in this context: what it sets stays here, and is not seen outside. In the caller's task and step;
  /// the function must not be a coroutine, which would run later. Source: contextvars.Context.run.
  template <class F>
  decltype(auto) run(F&& function);

  /// True if both are handles to the same values, and a change through one is seen through the other.
  bool is(const Context& other) const { return table_ && table_->cell && table_.get() == other.table_.get(); }

 private:
  struct Table : RefCounted<Table> {
    void destroy() noexcept;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> entries;
    Ref<Table> values;  // of a cell, which has no entries
    bool cell = false;
  };
  explicit Context(Ref<Table> table) : table_(std::move(table)) {}
  const Table* values() const { return table_ && table_->cell ? table_->values.get() : table_.get(); }
  Ref<Table> table_;
};

}  // namespace rondo
