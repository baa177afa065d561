// SPDX-License-Identifier: BSL-1.0
// readiness_backend.hpp - a backend whose sockets stand on readiness: what epoll, libevent and Asio share.
//
// A descriptor is registered once, and the derived class reports edges: what was not ready is. What is done with them
// is the matter of ReadySockets (src/ready_sockets.hpp), which only a program with sockets has.
#pragma once

#include <cerrno>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <rondo/backends/hot_buffer.hpp>
#include <rondo/backends/offered.hpp>
#include <rondo/backends/process_backend.hpp>

namespace rondo {

class ReadinessBackend;

/// The sockets of one backend, and the other descriptors that are handles.
class SocketDesk : public TransferDesk {
 public:
  SocketDesk() = default;
  virtual ~SocketDesk() = default;  // closes those that are left; they are not watched any more
  SocketDesk(const SocketDesk&) = delete;
  SocketDesk& operator=(const SocketDesk&) = delete;

  virtual bool has(int descriptor) const = 0;
  virtual bool has_ended(int descriptor) const = 0;
  /// What must not wait for an edge.
  virtual void try_again() = 0;
  /// See ReadinessBackend::on_edge.
  virtual void on_edge(int descriptor, bool in, bool out, bool special) = 0;
  virtual int adopt(int descriptor, Medium medium) = 0;
  virtual void drop(int descriptor) noexcept = 0;
};

class ReadinessBackend : public ProcessBackend {
 public:
  /// Asks the system: two calls at most.
  bool has_ended(std::int32_t handle) const final { return sockets_.find() && sockets_.find()->has_ended(handle); }

 protected:
  ReadinessBackend(ThreadPoolOptions default_executor, Seam* seam)
      : ProcessBackend(std::move(default_executor), seam) {}
  ~ReadinessBackend() override = default;

  enum class Way : std::uint8_t { in, out };
  /// Registers a descriptor: from now on on_edge() is called for it. 0, or why not.
  virtual int watch(int descriptor) = 0;
  virtual void unwatch(int descriptor) noexcept = 0;
  /// An operation has to wait until `descriptor` is ready: for those who watch only then.
  virtual void await_edge(int, Way) {}
  /// ProcessBackend::wait.
  virtual void wait_for_edges(Instant deadline) = 0;

  bool unfinished() const final { return !retries_.empty(); }
  bool is_socket(int descriptor) const final { return sockets_.find() && sockets_.find()->has(descriptor); }
  /// Whether a recv that got less than it asked for has drained its stream, and its end is not behind it, unless an
  /// edge was `special`.
  virtual bool trusts_short_recv(bool unix_stream) const = 0;
  /// Called from wait_for_edges(), for what was registered. `special`: it tells of urgent data, of the end or of an
  /// error, or it may.
  void on_edge(int descriptor, bool in, bool out, bool special) {
    sockets_.find()->on_edge(descriptor, in, out, special);
  }

 private:
  friend class ReadySockets;

  /// Those that are owed a try have been ready longer than what wait_for_edges() finds, which would take all the room.
  void wait(Instant deadline) final {
    if (!retries_.empty()) [[unlikely]] sockets_.find()->try_again();
    wait_for_edges(deadline);
  }
  void reclaim() final { hot_.turn(); }
  void start_socket(const Output& output) final {
    SocketDesk* const sockets = make_or_get_sockets();
    return sockets ? sockets->start(output) : ready_.push_back(Input::completion(output.id, -ENOTSUP));
  }
  void cancel_socket(const Output& output) final {
    if (SocketDesk* const sockets = sockets_.find()) sockets->cancel(output);
  }
  int adopt(int descriptor, Medium medium) final { return make_or_get_sockets()->adopt(descriptor, medium); }
  void drop(int descriptor) noexcept final { sockets_.find()->drop(descriptor); }
  SocketDesk* make_or_get_sockets() {
    SocketDesk* const sockets = sockets_.get(*this);
    transfers_ = sockets;
    return sockets;
  }

  Offered<SocketDesk, ReadinessBackend> sockets_;
  std::vector<int> retries_;  // to be tried without an edge
  HotBuffer hot_;
};

}  // namespace rondo
