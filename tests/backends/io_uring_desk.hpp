// SPDX-License-Identifier: BSL-1.0
// io_uring_desk.hpp - the io_uring backend driven by hand, so that each batch is what the test says.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include <rondo/backends/io_uring.hpp>

#include "io_uring_refusal.hpp"
#include "open_descriptors.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Fails the calls that it is told to fail, and counts all.
struct Script final : Seam {
  Fault before(SystemCall call) override {
    const auto at = static_cast<std::size_t>(call);
    ++counts[at];
    if (failures[at] == 0) return {};
    --failures[at];
    return faults[at];
  }
  void fail(SystemCall call, Fault fault, int times = 1) {
    faults[static_cast<std::size_t>(call)] = fault;
    failures[static_cast<std::size_t>(call)] = times;
  }
  int count(SystemCall call) const { return counts[static_cast<std::size_t>(call)]; }

  static constexpr std::size_t calls = static_cast<std::size_t>(SystemCall::last_call);
  std::array<int, calls> counts{};
  std::array<int, calls> failures{};
  std::array<Fault, calls> faults{};
};

/// Somebody who starts operations and collects how they end.
class Desk {
 public:
  explicit Desk(UringOptions options = {}) : backend(std::move(options)) {}

  OperationId start(OperationKind kind, int handle, void* what = nullptr, std::size_t size = 0) {
    Output output;
    output.kind = kind;
    output.handle = handle;
    output.id = {next_++, 7};
    output.buffer = static_cast<std::byte*>(what);
    output.size = size;
    started_[output.id.slot] = output;
    batch_.push_back(output);
    return output.id;
  }
  OperationId recv(int handle, std::size_t size = 64) { return start(OperationKind::recv, handle, nullptr, size); }
  void cancel(OperationId id) {
    Output output = started_.at(id.slot);
    output.verb = Output::Verb::cancel;
    batch_.push_back(output);
  }
  /// Hands over what was asked, and reaps once.
  void turn(Instant deadline = Instant::min()) {
    submit();
    for (const Input& input : backend.reap(deadline)) {
      if (input.type != Input::Type::completion) continue;
      ++ends_[input.id.slot];
      results_[input.id.slot] = input.result;
      if (input.bytes) {
        bytes_[input.id.slot].assign(reinterpret_cast<const char*>(input.bytes), static_cast<std::size_t>(input.result));
      }
    }
  }
  void submit() {
    backend.submit(batch_);
    batch_.clear();
  }
  /// Its result; gives up after five seconds.
  int result(OperationId id) {
    const Instant limit = after(backend.now(), 5s);
    while (ends_[id.slot] == 0 && backend.now() < limit) turn(limit);
    return ends_[id.slot] == 1 ? results_[id.slot] : -9999;
  }
  bool ended(OperationId id) { return ends_[id.slot] > 0; }
  int ends(OperationId id) { return ends_[id.slot]; }
  std::string text(OperationId id) { return bytes_[id.slot]; }

  /// The handles of a connection: ours, and its peer's.
  std::pair<int, int> connection() {
    Endpoint at{Address::loopback(0), Address(), {}, 16};
    const int listener = result(start(OperationKind::listen, -1, &at));
    Endpoint to{Address(), at.local, {}, 0};
    Endpoint from;
    const OperationId accepting = start(OperationKind::accept, listener, &from);
    const int ours = result(start(OperationKind::connect, -1, &to));
    const int peer = result(accepting);
    result(start(OperationKind::close, listener));
    return {ours, peer};
  }

  UringBackend backend;

 private:
  std::uint32_t next_ = 0;
  std::vector<Output> batch_;
  std::map<std::uint32_t, Output> started_;
  std::map<std::uint32_t, int> ends_;
  std::map<std::uint32_t, int> results_;
  std::map<std::uint32_t, std::string> bytes_;
};

sockaddr_in system_address(const Address& address) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(address.port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

/// A socket of the test's own that has begun to connect.
[[maybe_unused]] int raw_connect(const Address& address) {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_in at = system_address(address);
  static_cast<void>(::connect(made, reinterpret_cast<const sockaddr*>(&at), sizeof at));
  return made;
}

}  // namespace
