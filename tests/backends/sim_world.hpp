// SPDX-License-Identifier: BSL-1.0
// sim_world.hpp - the operations of a simulated network one by one, without a loop.
#pragma once

#include <rondo/backends/sim.hpp>

#include <map>
#include <string>
#include <vector>

inline const rondo::Address web = rondo::Address::loopback(80);
inline rondo::Address v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d, std::uint16_t port) {
  return rondo::Address::ipv4({a, b, c, d}, port);
}
inline rondo::Address v6_loopback(std::uint16_t port) { return rondo::Address::parse("::1", port); }

/// Starts operations and keeps what they ended with. What an operation is lent lives as long as this.
class SimWorld {
 public:
  static constexpr int waits = 1'000'000'000;  // no completion yet
  explicit SimWorld(rondo::sim::SimOptions options = {}) : backend(std::move(options)) {}

  rondo::sim::SimBackend backend;

  struct Started {
    rondo::OperationId id;
    rondo::Endpoint endpoint;
    rondo::Datagram datagram{};
    rondo::Lookup lookup;
    std::string bytes;  // sent, or received
    rondo::Slice slice{};
    int result = waits;
    int completions = 0;
  };

  Started& listen(rondo::Address at, int backlog = 100, rondo::SocketOptions options = {}) {
    return make(rondo::OperationKind::listen, {std::move(at), {}, options, backlog});
  }
  Started& connect(rondo::Address to, rondo::Address from = {}, rondo::SocketOptions options = {}) {
    return make(rondo::OperationKind::connect, {std::move(from), std::move(to), options});
  }
  Started& open_datagram(rondo::Address local, rondo::Address remote = {}, rondo::SocketOptions options = {}) {
    return make(rondo::OperationKind::open_datagram, {std::move(local), std::move(remote), options});
  }
  Started& accept(int listener) {
    Started& started = add();
    rondo::Output output = of(rondo::OperationKind::accept, started, listener);
    output.endpoint = &started.endpoint;
    return submit(started, output);
  }
  /// With room of its own, or with the backend's.
  Started& recv(int handle, std::size_t size, bool own = true) {
    Started& started = add();
    if (own) started.bytes.resize(size);
    rondo::Output output = of(rondo::OperationKind::recv, started, handle);
    output.buffer = own ? reinterpret_cast<std::byte*>(started.bytes.data()) : nullptr;
    output.size = size;
    return submit(started, output);
  }
  Started& send(int handle, std::string bytes) {
    Started& started = add();
    started.bytes = std::move(bytes);
    started.slice = {reinterpret_cast<const std::byte*>(started.bytes.data()), started.bytes.size()};
    rondo::Output output = of(rondo::OperationKind::send, started, handle);
    output.slices = &started.slice;
    output.size = 1;
    return submit(started, output);
  }
  Started& recv_from(int handle, std::size_t size) {
    return message(rondo::OperationKind::recv_from, handle, std::string(size, '.'), {});
  }
  Started& send_to(int handle, std::string bytes, rondo::Address to = {}) {
    return message(rondo::OperationKind::send_to, handle, std::move(bytes), std::move(to));
  }
  Started& resolve(rondo::Lookup lookup) {
    Started& started = add();
    started.lookup = std::move(lookup);
    rondo::Output output = of(rondo::OperationKind::resolve, started, -1);
    output.lookup = &started.lookup;
    return submit(started, output);
  }
  Started& shutdown(int handle) { return plain(rondo::OperationKind::shutdown, handle); }
  Started& close(int handle) { return plain(rondo::OperationKind::close, handle); }
  void cancel(const Started& started) {
    rondo::Output output;
    output.verb = rondo::Output::Verb::cancel;
    output.id = started.id;
    backend.submit(std::span(&output, 1));
  }

  /// Takes what has ended by now; gives how many that were.
  std::size_t reap(rondo::Instant deadline = rondo::Instant::min()) {
    const auto inputs = backend.reap(deadline);
    for (const rondo::Input& input : inputs) note(input);
    return inputs.size();
  }
  /// Lets the world go on until nothing more happens by itself.
  void run() {
    while (!backend.stuck()) reap(rondo::no_deadline);
  }
  int result_of(Started& started) {
    run();
    return started.result;
  }
  /// What a receive got, "" at the end of the stream.
  std::string text_of(Started& started) {
    run();
    return started.result > 0 ? started.bytes.substr(0, static_cast<std::size_t>(started.result)) : "";
  }

  struct Pair {
    int client;
    int server;
    int listener;
  };
  /// Two ends of a connection.
  Pair pair(rondo::Address at = rondo::Address::loopback(80), rondo::SocketOptions options = {}) {
    const int listener = result_of(listen(at, 100, options));
    Started& connecting = connect(at, {}, options);
    const int server = result_of(accept(listener));
    return {connecting.result, server, listener};
  }

  std::vector<rondo::OperationId> order;  // of completions

 private:
  Started& add() {
    const auto slot = static_cast<std::uint32_t>(started_.size());
    Started& started = started_[slot];
    started.id = {slot, 1};
    return started;
  }
  static rondo::Output of(rondo::OperationKind kind, const Started& started, int handle) {
    rondo::Output output;
    output.kind = kind;
    output.id = started.id;
    output.handle = handle;
    return output;
  }
  Started& submit(Started& started, const rondo::Output& output) {
    backend.submit(std::span(&output, 1));
    return started;
  }
  Started& make(rondo::OperationKind kind, rondo::Endpoint endpoint) {
    Started& started = add();
    started.endpoint = std::move(endpoint);
    rondo::Output output = of(kind, started, -1);
    output.endpoint = &started.endpoint;
    return submit(started, output);
  }
  Started& plain(rondo::OperationKind kind, int handle) {
    Started& started = add();
    return submit(started, of(kind, started, handle));
  }
  Started& message(rondo::OperationKind kind, int handle, std::string bytes, rondo::Address to) {
    Started& started = add();
    started.bytes = std::move(bytes);
    started.datagram = {reinterpret_cast<std::byte*>(started.bytes.data()), started.bytes.size(), std::move(to)};
    rondo::Output output = of(kind, started, handle);
    output.datagram = &started.datagram;
    return submit(started, output);
  }
  void note(const rondo::Input& input) {
    Started& started = started_.at(input.id.slot);
    started.result = input.result;
    ++started.completions;
    if (input.bytes) {
      started.bytes.assign(reinterpret_cast<const char*>(input.bytes), static_cast<std::size_t>(input.result));
    }
    order.push_back(input.id);
  }

  std::map<std::uint32_t, Started> started_;
};
