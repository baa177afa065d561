// SPDX-License-Identifier: BSL-1.0
// sim_pipe.cpp - see sim_pipe.hpp.
#include "sim_pipe.hpp"

#include <cerrno>
#include <span>

namespace rondo::sim {
namespace {

std::array<std::int32_t, 2> make_ends(World& world, bool both_ways) {
  const SocketOptions options;
  auto connection = std::make_shared<SimConnection>(world, SimConnection::Kind::unix_domain, options, options);
  const auto end = [&](std::size_t number, bool reads, bool writes) {
    auto side = std::make_shared<PipeEnd::Side>(PipeEnd::Side{connection, number});
    return world.sockets.add(std::make_unique<PipeEnd>(world, std::move(side), reads, writes));
  };
  const std::int32_t first = end(0, true, both_ways);
  return {first, end(1, both_ways, true)};
}

}  // namespace

void PipeEnd::start(const Output& output) {
  const bool reads = output.kind == OperationKind::recv;
  const bool writes = output.kind == OperationKind::send;
  const bool both = reads_ && writes_;
  if (closed_) return world_.desk.finish(output, -EBADF);
  if (output.kind == OperationKind::shutdown && both) {
    return world_.desk.finish(output, side_->connection->shutdown(side_->number));
  }
  if (!reads && !writes) return world_.desk.finish(output, both ? -EOPNOTSUPP : -ENOTSOCK);
  if (reads ? !reads_ : !writes_) return world_.desk.finish(output, -EBADF);
  reads ? side_->connection->receive(side_->number, output) : side_->connection->send(side_->number, output);
}

void PipeEnd::close() {
  if (std::exchange(closed_, true) || --side_->handles > 0) return;
  side_->connection->close(side_->number);
}

void NullDevice::start(const Output& output) {
  std::size_t size = 0;
  if (output.kind == OperationKind::send) {
    for (const Slice& slice : std::span(output.slices, output.size)) size += slice.size;
  } else if (output.kind != OperationKind::recv) {
    return world_.desk.finish(output, -ENOTSOCK);
  }
  world_.desk.finish(output, static_cast<std::int32_t>(size));
}

std::array<std::int32_t, 2> make_pipe(World& world) { return make_ends(world, false); }
std::array<std::int32_t, 2> make_channel(World& world) { return make_ends(world, true); }

void start_pipe(World& world, const Output& output) {
  const auto [read, write] = make_pipe(world);
  *output.pipe_ends = {read, write};
  world.desk.finish(output, 0);
}

}  // namespace rondo::sim
