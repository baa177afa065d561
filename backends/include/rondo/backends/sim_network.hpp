// SPDX-License-Identifier: BSL-1.0
// sim_network.hpp - a network in memory: TCP, UDP and Unix streams as Linux has them, without a system call.
//
// There is one machine. It has 127.0.0.0/8, ::1 and 10.0.0.0/8; an IPv6 socket takes no IPv4. A connect to any other
// address waits for ever, as behind a firewall that drops everything, and a datagram to one is lost. Handles are the
// lowest free numbers from 3 on; ports that nobody asked for go from 49152 upwards and around.
//
// Stream bytes arrive in order and complete, datagrams may be late, and lost where nobody listens, where the queue is
// full, or where the oracle says so. What the oracle is asked, 0 being what a fast and quiet network does:
//
//     net.delay       how long a connect, a piece of a stream, its end, a reset, or a datagram travels
//     net.loss        whether a datagram is lost
//     net.recv, send  how many bytes one operation moves: all, one, half, all but one
//     net.order       how far a completion comes before others that were ready at the same instant, never before one of
//                     the same socket
//     net.cancel      whether something that happens at this very instant is faster than a cancel
//     net.listener    who of several listeners at one address gets a connection or a datagram (reuse_port)
//     net.resolve     how long a lookup takes
//
// Unix datagrams arrive in order, and always find room: nobody waits to send one. Not simulated: ECONNREFUSED for UDP,
// broadcast and multicast, and IPv4 in IPv6 sockets.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include <rondo/backends/sim_oracle.hpp>
#include <rondo/backends/sim_timeline.hpp>
#include <rondo/contract.hpp>
#include <rondo/endpoint.hpp>

namespace rondo::sim {

struct World;

/// What the name server knows: addresses in the order in which they should be tried; ports do not matter.
struct Name {
  std::string host;
  std::vector<Address> addresses;
};

/// The operations of sockets and the lookups of one simulated world. They complete with take(), never before.
class Network {
 public:
  Network(Oracle& oracle, Timeline& timeline, std::vector<Name> names);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// From connect to pipe.
  void start(const Output& output);
  // What processes have: handles. Of a pipe the first reads and the second writes, of a channel each does both.
  std::array<std::int32_t, 2> open_pipe();
  std::array<std::int32_t, 2> open_channel();
  std::int32_t open_null();
  /// Another handle of the same end of a pipe, or of /dev/null.
  std::int32_t duplicate(std::int32_t handle);
  /// What it stands for is closed, and the handle is not given back: its owner is dead, and does not know.
  void break_handle(std::int32_t handle);

  /// True for the handle of a socket that is open.
  bool has(std::int32_t handle) const;
  bool has_ended(std::int32_t handle) const;
  /// False if no operation of this name waits.
  bool cancel(OperationId id);
  /// Forgets an operation whose start has thrown.
  void drop(OperationId id);
  /// When all that is due has happened: appends what has ended. Bytes that go with it stay where they are until
  /// release_bytes() is called after the next hand_out().
  void take(std::vector<Input>& inputs);
  /// The bytes of all completions taken so far are the reader's from now on.
  void hand_out();
  /// The reader has done with what was handed out.
  void release_bytes();
  /// True if take() has nothing to give.
  bool idle() const;
  /// Throws the TapeMismatch that came up since the last call, if one did: the world goes on with answers 0.
  void rethrow();

 private:
  std::unique_ptr<World> world_;
  std::vector<Name> names_;
};

}  // namespace rondo::sim
