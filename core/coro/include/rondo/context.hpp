// SPDX-License-Identifier: BSL-1.0
// context.hpp - context variables: values that follow a task, its children and its callbacks (Python's contextvars).
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <rondo/call.hpp>
#include <rondo/kernel/context_scope.hpp>
#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// A variable with one value per context. Must outlive every context that has a value for it (make it a global).
/// Source: contextvars.ContextVar.
template <class T>
class ContextVar {
 public:
  /// What reset() needs: the value before the set(). For one use. Source: contextvars.Token.
  class Token {
   public:
    Token(Token&& other) noexcept
        : var(std::exchange(other.var, nullptr)), old(std::move(other.old)), where(std::move(other.where)) {}
    Token& operator=(Token other) noexcept {
      std::swap(var, other.var);
      std::swap(old, other.old);
      std::swap(where, other.where);
      return *this;
    }

   private:
    friend ContextVar;
    Token(const ContextVar* v, std::shared_ptr<const void> o) : var(v), old(std::move(o)), where(ContextIdentity::here()) {}
    mutable const ContextVar* var;  // null once it was used
    mutable std::shared_ptr<const void> old;
    ContextIdentity where;
  };

  ContextVar() = default;
  explicit ContextVar(T fallback) : fallback_(std::move(fallback)) {}
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  /// The value in the current context, else the default; throws std::out_of_range when there is neither. Where nothing
  /// of a loop runs (before run(), in a destructor of a global) there is no context, and the default alone.
  T get() const {
    const Context* const context = context_here();
    const auto held = context ? context->find(this) : nullptr;
    if (held) return *static_cast<const T*>(held.get());
    if (fallback_) return *fallback_;
    throw std::out_of_range("the ContextVar has no value in this context and no default");
  }

  /// Sets the value for the current context alone: tasks made before do not see it, tasks made later do. RuntimeError
  /// where no task, callback or job runs.
  Token set(T value) const {
    Context& context = current_context();
    Token token(this, context.find(this));
    context.assign(this, std::make_shared<const T>(std::move(value)));
    return token;
  }

  /// Undoes the set() that gave `token`. RuntimeError for one that was used; std::invalid_argument for that of another
  /// variable, and for one that was made in another context.
  void reset(const Token& token) const {
    if (!token.var) throw RuntimeError("this Token has been used already");
    if (token.var != this) throw std::invalid_argument("this Token was made by another ContextVar");
    Context& context = current_context();
    if (!(token.where == ContextIdentity::here())) {
      throw std::invalid_argument("this Token was made in another context: a task resets what it has set itself");
    }
    token.var = nullptr;
    context.assign(this, std::move(token.old));
  }

 private:
  std::optional<T> fallback_;
};

/// A context with the values of now, to run functions and tasks in: ctx.run(f), create_task(f(), {.context = &ctx}).
/// Empty where nothing of a loop runs. Source: contextvars.copy_context.
inline Context copy_context() {
  const Context* const here = context_here();
  return here ? here->copy() : Context().copy();
}

template <class F>
decltype(auto) Context::run(F&& function) {
  refuse_coroutine<std::invoke_result_t<F>>();
  const ContextScope scope(*this);
  return std::forward<F>(function)();
}

}  // namespace rondo
