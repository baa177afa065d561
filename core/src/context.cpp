// SPDX-License-Identifier: BSL-1.0
// context.cpp - the tables behind contexts.
#include <rondo/context.hpp>

#include <algorithm>

#include <rondo/error.hpp>
#include <rondo/kernel.hpp>

namespace rondo {

std::shared_ptr<const void> Context::find(const void* key) const {
  if (!table_) return nullptr;
  for (const auto& [held, value] : table_->entries) {
    if (held == key) return value;
  }
  return nullptr;
}

void Context::assign(const void* key, std::shared_ptr<const void> value) {
  auto fresh = std::make_unique<Table>();
  if (table_) fresh->entries = table_->entries;
  auto& entries = fresh->entries;
  std::erase_if(entries, [key](const auto& entry) { return entry.first == key; });
  if (value) entries.emplace_back(key, std::move(value));
  Context next;
  next.table_ = fresh.release();
  *this = std::move(next);
}

Context Context::detached() const {
  Context copy;
  if (table_) {
    copy.table_ = new Table;
    copy.table_->entries = table_->entries;
  }
  return copy;
}

void Context::drop() noexcept {
  if (--table_->references == 0) delete table_;
}

Context& current_context() {
  Context* context = context_here();
  if (!context) throw RuntimeError("ContextVar: no task, callback or job runs on this thread");
  return *context;
}

}  // namespace rondo
