// SPDX-License-Identifier: BSL-1.0
// sim_network.cpp - which part of the simulated network an operation is for.
#include <rondo/backends/sim_network.hpp>

#include <cerrno>
#include <utility>

#include "sim_datagram.hpp"
#include "sim_listener.hpp"
#include "sim_pipe.hpp"
#include "sim_resolver.hpp"

namespace rondo::sim {

Network::Network(Oracle& oracle, Timeline& timeline, std::vector<Name> names)
    : world_(std::make_unique<World>(oracle, timeline)), names_(std::move(names)) {}

Network::~Network() = default;

void Network::start(const Output& output) {
  if (output.kind == OperationKind::connect) return start_connect(*world_, output);
  if (output.kind == OperationKind::listen) return start_listen(*world_, output);
  if (output.kind == OperationKind::open_datagram) return start_open_datagram(*world_, output);
  if (output.kind == OperationKind::resolve) return start_lookup(*world_, names_, output);
  if (output.kind == OperationKind::pipe) return start_pipe(*world_, output);
  NetworkSocket* const socket = world_->sockets.find(output.handle);
  if (!socket) return world_->desk.finish(output, -EBADF);
  if (output.kind != OperationKind::close) return socket->start(output);
  const std::unique_ptr<NetworkSocket> closing = world_->sockets.remove(output.handle);
  closing->close();
  world_->desk.finish(output, 0);
}

std::array<std::int32_t, 2> Network::open_pipe() { return make_pipe(*world_); }
std::array<std::int32_t, 2> Network::open_channel() { return make_channel(*world_); }
std::int32_t Network::open_null() { return world_->sockets.add(std::make_unique<NullDevice>(*world_)); }

std::int32_t Network::duplicate(std::int32_t handle) {
  const PipeEnd* const end = world_->sockets.find(handle)->as_pipe_end();
  return end ? world_->sockets.add(end->duplicate()) : open_null();
}

void Network::break_handle(std::int32_t handle) {
  if (NetworkSocket* const socket = world_->sockets.find(handle)) socket->close();
}

bool Network::has(std::int32_t handle) const { return world_->sockets.find(handle) != nullptr; }
bool Network::has_ended(std::int32_t handle) const {
  const NetworkSocket* const socket = world_->sockets.find(handle);
  return socket && socket->has_ended();
}
bool Network::cancel(OperationId id) { return world_->desk.cancel(id); }
void Network::drop(OperationId id) { world_->desk.forget(id); }
void Network::take(std::vector<Input>& inputs) { world_->desk.take(inputs); }
void Network::hand_out() { world_->desk.hand_out(); }
void Network::release_bytes() { world_->desk.release_bytes(); }
bool Network::idle() const { return world_->desk.idle(); }
void Network::rethrow() { world_->choices.rethrow(); }

}  // namespace rondo::sim
