// SPDX-License-Identifier: BSL-1.0
// sim_listener.hpp - listeners of a simulated network, and the connects that look for them.
#pragma once

#include <deque>
#include <memory>

#include "sim_stream.hpp"

namespace rondo::sim {

class Listener final : public NetworkSocket {
 public:
  Listener(World& world, SocketOptions options, int backlog);
  ~Listener() override;
  /// 0 or -errno; fills the port in.
  std::int32_t claim(Address& local);
  void start(const Output& output) override;
  void close() override;
  Listener* as_listener() override { return this; }

  /// A connect arrives: it ends, or waits until there is room.
  void call(const Output& connect);

 private:
  struct Caller {
    std::shared_ptr<SimConnection> connection;  // the listener's end is 1
    Address local;
    Address remote;
  };
  std::size_t room() const { return room_ - std::min(room_, callers_.size()); }
  void establish(Output connect);
  void accept(const Output& output);
  void serve();

  SocketOptions options_;
  std::size_t room_;  // connections that may wait to be accepted
  Address local_;
  std::deque<Caller> callers_;
  Line acceptors_;
  Line connects_;  // that wait for room
};

void start_listen(World& world, const Output& output);
void start_connect(World& world, const Output& output);

}  // namespace rondo::sim
