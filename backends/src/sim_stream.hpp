// SPDX-License-Identifier: BSL-1.0
// sim_stream.hpp - one connection of a simulated network, TCP or Unix, and the sockets at its ends.
//
// It lives as long as a socket at either end, or something that travels on it. Errors are those of Linux 6: what had
// arrived before a reset can still be read, what was on its way is lost; a reset is reported once, as ECONNRESET, or as
// EPIPE where the peer had ended its stream before; then a receive gives 0 and a send EPIPE.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include <rondo/endpoint.hpp>

#include "sim_end.hpp"
#include "sim_world.hpp"

namespace rondo::sim {

class SimConnection : public std::enable_shared_from_this<SimConnection> {
 public:
  enum class Kind : std::uint8_t { tcp, unix_domain };
  /// What travels to the other end.
  enum class Sent : std::uint8_t {
    bytes,
    fin,     // no more bytes
    closed,  // Unix: no more bytes, and nobody to send to
    reset,
  };
  SimConnection(World& world, Kind kind, const SocketOptions& first, const SocketOptions& second);

  // Each takes the end, 0 or 1, that it is about.
  void receive(std::size_t side, const Output& output);
  void send(std::size_t side, const Output& output);
  std::int32_t shutdown(std::size_t side);
  /// Ends what waits at this end; resets the connection if bytes were not read.
  void close(std::size_t side);
  /// The same, and resets it in any case.
  void abort(std::size_t side);
  /// Something has arrived at this end.
  void arrive(std::size_t side, Sent what);
  /// Nothing is left to receive there, and only the end is to come.
  bool has_ended(std::size_t side) const {
    const End& end = ends_[side];
    return end.fin() && end.unread() == 0 && end.error == 0;
  }

 private:
  struct End {
    std::string arrived;
    std::size_t taken = 0;           // of `arrived`
    std::deque<std::string> flying;  // pieces that travel to this end
    std::size_t flying_size = 0;
    Instant last_arrival{};          // what leaves later arrives later, too
    std::size_t capacity = 0;        // bytes that may travel or wait to be read
    machines::sim_end::State state = machines::sim_end::State::established;
    bool cut = false;        // the peer has sent a reset: what flew here before is dropped
    std::int32_t error = 0;  // to be reported once
    Line receivers;
    Line senders;

    machines::sim_end::State& state_in(const decltype(machines::sim_end::diagram)&) { return state; }
    bool reset() const { return machines::sim_end::was_reset(state); }
    bool shut() const { return machines::sim_end::shut(state); }
    bool fin() const { return machines::sim_end::fin_arrived(state); }
    std::size_t unread() const { return arrived.size() - taken; }
    std::size_t room() const {
      const std::size_t used = unread() + flying_size;
      return used < capacity ? capacity - used : 0;
    }
    void take(std::byte* to, std::size_t size);
    std::string take(std::size_t size);
    void forget_taken();
  };
  bool try_receive(std::size_t side, const Output& output);
  bool try_send(std::size_t side, const Output& output);
  static std::optional<std::int32_t> end_of_receiving(Kind kind, End& end);
  static std::optional<std::int32_t> end_of_sending(Kind kind, End& end);
  void serve(std::size_t side);
  void serve_senders(std::size_t side);
  void keep_arrived(std::size_t side);
  void note_reset(End& end);
  void send_reset(std::size_t from);
  void travel(std::size_t from, Sent what);
  static std::size_t other(std::size_t side) { return 1 - side; }

  World& world_;
  Kind kind_;
  End ends_[2];
};

class StreamSocket final : public NetworkSocket {
 public:
  StreamSocket(World& world, std::shared_ptr<SimConnection> connection, std::size_t side)
      : NetworkSocket(world), connection_(std::move(connection)), side_(side) {}
  ~StreamSocket() override;
  /// Takes a local address, or a path, for the time of its life: see Ports::claim.
  std::int32_t claim(Address& local, const SocketOptions& options);
  void start(const Output& output) override;
  void close() override { connection_->close(side_); }
  bool has_ended() const override { return connection_->has_ended(side_); }

 private:
  std::shared_ptr<SimConnection> connection_;
  std::size_t side_;
  Address claimed_;
  bool cleanup_ = true;  // of a path
};

}  // namespace rondo::sim
