// SPDX-License-Identifier: BSL-1.0
// context.cpp - the tables.
#include <rondo/kernel/context.hpp>

#include <algorithm>

namespace rondo {

std::shared_ptr<const void> Context::find(const void* key) const {
  const Table* const table = values();
  if (!table) return nullptr;
  for (const auto& [held, value] : table->entries) {
    if (held == key) return value;
  }
  return nullptr;
}

void Context::assign(const void* key, std::shared_ptr<const void> value) {
  Context next = detached();
  if (!next.table_) next.table_ = Ref<Table>::adopt(*new Table);
  auto& entries = next.table_->entries;
  std::erase_if(entries, [key](const auto& entry) { return entry.first == key; });
  if (value) entries.emplace_back(key, std::move(value));
  if (table_ && table_->cell) {
    table_->values = std::move(next.table_);
  } else {
    *this = std::move(next);
  }
}

Context Context::detached() const {
  const Table* const table = values();
  return table ? Context(Ref<Table>::adopt(*new Table(*table))) : Context();
}

const Context& Context::shared() {
  if (!table_ || !table_->cell) *this = copy();
  return *this;
}

Context Context::copy() const {
  Context cell(Ref<Table>::adopt(*new Table));
  cell.table_->cell = true;
  cell.table_->values = inherited().table_;
  return cell;
}

void Context::Table::destroy() noexcept { delete this; }

}  // namespace rondo
