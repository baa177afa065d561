// SPDX-License-Identifier: BSL-1.0
// context.hpp - context variables: values that follow a task, its children and its callbacks (Python's contextvars).
//
// A Context is an immutable table behind one counted pointer, so handing it to a new task copies a pointer; set()
// makes a new table for the task that called it. Values are shared, the tables stay on their loop's thread; a job that
// goes to another thread gets a copy of the table.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace rondo {

class Context {
 public:
  Context() = default;
  Context(const Context& other) noexcept : table_(other.table_) {
    if (table_) ++table_->references;
  }
  Context(Context&& other) noexcept : table_(std::exchange(other.table_, nullptr)) {}
  Context& operator=(Context other) noexcept {
    std::swap(table_, other.table_);
    return *this;
  }
  ~Context() {
    if (table_) drop();
  }

  /// The value under `key`, or null. O(number of variables set).
  std::shared_ptr<const void> find(const void* key) const;

  /// Replaces this context by one in which `key` has `value`; null removes it. Other holders see no change.
  void assign(const void* key, std::shared_ptr<const void> value);

  /// The same values in a table of its own, to be handed to another thread.
  Context detached() const;

 private:
  struct Table {
    std::uint32_t references = 1;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> entries;
  };
  void drop() noexcept;
  Table* table_ = nullptr;
};

/// The context of the code that runs now: its task's, its callback's or its job's.
/// Throws RuntimeError where no loop and no job runs.
Context& current_context();

/// A variable with one value per context. Must outlive every context that has a value for it (make it a global).
/// Source: contextvars.ContextVar.
template <class T>
class ContextVar {
 public:
  /// What reset() needs: the value before the set().
  class Token {
    friend ContextVar;
    const ContextVar* var;
    std::shared_ptr<const void> old;
    Token(const ContextVar* v, std::shared_ptr<const void> o) : var(v), old(std::move(o)) {}
  };

  ContextVar() = default;
  explicit ContextVar(T fallback) : fallback_(std::move(fallback)) {}
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  /// The value in the current context, else the default; throws std::out_of_range when there is neither.
  T get() const {
    if (auto held = current_context().find(this)) return *static_cast<const T*>(held.get());
    if (fallback_) return *fallback_;
    throw std::out_of_range("the ContextVar has no value in this context and no default");
  }

  /// Sets the value for the current context alone: tasks made before do not see it, tasks made later do.
  Token set(T value) const {
    Context& context = current_context();
    Token token(this, context.find(this));
    context.assign(this, std::make_shared<const T>(std::move(value)));
    return token;
  }

  /// Undoes the set() that gave `token`.
  void reset(Token token) const {
    if (token.var != this) throw std::invalid_argument("this Token was made by another ContextVar");
    current_context().assign(this, std::move(token.old));
  }

 private:
  std::optional<T> fallback_;
};

}  // namespace rondo
