// SPDX-License-Identifier: BSL-1.0
// sim_world.cpp - handles.
#include "sim_world.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace rondo::sim {

std::int32_t HandleTable::add(std::unique_ptr<NetworkSocket> socket) {
  if (free_.empty()) {
    sockets_.push_back(std::move(socket));
    free_.reserve(sockets_.capacity());  // so that remove() cannot fail
    return first + static_cast<std::int32_t>(sockets_.size()) - 1;
  }
  std::pop_heap(free_.begin(), free_.end(), std::greater<>());
  const std::int32_t handle = free_.back();
  free_.pop_back();
  sockets_[static_cast<std::size_t>(handle - first)] = std::move(socket);
  return handle;
}

NetworkSocket* HandleTable::find(std::int32_t handle) const {
  const auto at = static_cast<std::size_t>(handle - first);
  return handle >= first && at < sockets_.size() ? sockets_[at].get() : nullptr;
}

std::unique_ptr<NetworkSocket> HandleTable::remove(std::int32_t handle) {
  free_.push_back(handle);
  std::push_heap(free_.begin(), free_.end(), std::greater<>());
  return std::move(sockets_[static_cast<std::size_t>(handle - first)]);
}

}  // namespace rondo::sim
