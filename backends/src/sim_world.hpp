// SPDX-License-Identifier: BSL-1.0
// sim_world.hpp - what all sockets of a simulated network share.
//
// Hosts, links between them, partitions, crashes and rules for faults will live here: whatever travels asks carry().
#pragma once

#include <memory>
#include <vector>

#include "sim_desk.hpp"
#include "sim_ports.hpp"

namespace rondo::sim {

class Listener;
class PipeEnd;
class SimDatagramSocket;
struct World;

/// What a handle stands for.
class NetworkSocket {
 public:
  explicit NetworkSocket(World& world) : world_(world) {}
  virtual ~NetworkSocket() = default;
  NetworkSocket(const NetworkSocket&) = delete;
  NetworkSocket& operator=(const NetworkSocket&) = delete;

  /// An operation of this handle, but close.
  virtual void start(const Output& output) = 0;
  /// Ends what waits for it; it goes right after.
  virtual void close() = 0;
  virtual Listener* as_listener() { return nullptr; }
  /// See Backend::has_ended().
  virtual bool has_ended() const { return false; }
  virtual PipeEnd* as_pipe_end() { return nullptr; }
  virtual SimDatagramSocket* as_datagram() { return nullptr; }

 protected:
  World& world_;
};

/// Handles, given out as descriptors are: the lowest that is free.
class HandleTable {
 public:
  std::int32_t add(std::unique_ptr<NetworkSocket> socket);
  /// Null if there is none.
  NetworkSocket* find(std::int32_t handle) const;
  std::unique_ptr<NetworkSocket> remove(std::int32_t handle);

 private:
  static constexpr std::int32_t first = 3;
  std::vector<std::unique_ptr<NetworkSocket>> sockets_;
  std::vector<std::int32_t> free_;  // a heap, lowest on top
};

struct World {
  World(Oracle& oracle, Timeline& line) : timeline(line), choices(oracle), desk(line, choices) {}
  /// When something that leaves now is there.
  Instant carry() { return after(timeline.now(), choices.delay("net.delay")); }

  Timeline& timeline;
  Choices choices;
  Desk desk;
  Ports ports;
  HandleTable sockets;
};

}  // namespace rondo::sim
