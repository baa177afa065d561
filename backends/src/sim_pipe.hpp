// SPDX-License-Identifier: BSL-1.0
// sim_pipe.hpp - pipes, channels and /dev/null of a simulated world.
//
// A pipe is a connection of which one direction is used: nothing is lost, and what leaves later arrives later.
#pragma once

#include <array>
#include <memory>

#include "sim_stream.hpp"

namespace rondo::sim {

/// One end of a pipe (reads or writes), or of a channel (both). Several handles may share one: it is closed with the
/// last of them.
class PipeEnd final : public NetworkSocket {
 public:
  struct Side {
    std::shared_ptr<SimConnection> connection;
    std::size_t number;
    int handles = 0;
  };
  PipeEnd(World& world, std::shared_ptr<Side> side, bool reads, bool writes)
      : NetworkSocket(world), side_(std::move(side)), reads_(reads), writes_(writes) {
    ++side_->handles;
  }
  void start(const Output& output) override;
  void close() override;
  PipeEnd* as_pipe_end() override { return this; }
  bool has_ended() const override { return reads_ && side_->connection->has_ended(side_->number); }
  /// Another handle of the same end.
  std::unique_ptr<PipeEnd> duplicate() const { return std::make_unique<PipeEnd>(world_, side_, reads_, writes_); }

 private:
  std::shared_ptr<Side> side_;
  bool reads_;
  bool writes_;
  bool closed_ = false;
};

/// Takes whatever is written, and is at its end.
class NullDevice final : public NetworkSocket {
 public:
  using NetworkSocket::NetworkSocket;
  void start(const Output& output) override;
  void close() override {}
};

/// Two handles: of a pipe first the one that reads.
std::array<std::int32_t, 2> make_pipe(World& world);
std::array<std::int32_t, 2> make_channel(World& world);
void start_pipe(World& world, const Output& output);

}  // namespace rondo::sim
