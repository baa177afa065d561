// SPDX-License-Identifier: BSL-1.0
// context.hpp - context variables: values that follow a task, its children and its callbacks (Python's contextvars).
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include <rondo/kernel/kernel.hpp>

namespace rondo {

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
