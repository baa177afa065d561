// SPDX-License-Identifier: BSL-1.0
// context.cpp - the tables.
#include <rondo/kernel/context.hpp>

#include <algorithm>

namespace rondo {

std::shared_ptr<const void> Context::find(const void* key) const {
  if (!table_) return nullptr;
  for (const auto& [held, value] : table_->entries) {
    if (held == key) return value;
  }
  return nullptr;
}

void Context::assign(const void* key, std::shared_ptr<const void> value) {
  Context next = detached();
  if (!table_) next.table_ = Ref<Table>::adopt(*new Table);
  auto& entries = next.table_->entries;
  std::erase_if(entries, [key](const auto& entry) { return entry.first == key; });
  if (value) entries.emplace_back(key, std::move(value));
  *this = std::move(next);
}

Context Context::detached() const {
  Context copy;
  if (table_) copy.table_ = Ref<Table>::adopt(*new Table(*table_));
  return copy;
}

void Context::Table::destroy() noexcept { delete this; }

}  // namespace rondo
