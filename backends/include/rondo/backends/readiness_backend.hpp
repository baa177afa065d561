// SPDX-License-Identifier: BSL-1.0
// readiness_backend.hpp - sockets on top of readiness: what epoll, libevent and Asio share.
//
// An operation is tried when it is started, if its direction is known to be ready; else it waits in the queue of that
// direction. A descriptor is registered once, and the derived class reports edges: what was not ready is. A recv that
// gets less than it asked for has drained the socket, and a send that gets rid of less has filled it, so in steady
// state no call is made in vain: one recv, one send, and one wait for all.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <rondo/backends/hot_buffer.hpp>
#include <rondo/backends/process_backend.hpp>

namespace rondo {

class ReadinessBackend : public ProcessBackend {
 protected:
  ReadinessBackend(ThreadPoolOptions default_executor, Seam* seam)
      : ProcessBackend(std::move(default_executor), seam) {}
  /// Closes the sockets that are left.
  ~ReadinessBackend() override;

  enum class Way : std::uint8_t { in, out };
  /// Registers a descriptor: from now on on_edge() is called for it. 0, or why not.
  virtual int watch(int descriptor) = 0;
  virtual void unwatch(int descriptor) noexcept = 0;
  /// An operation has to wait until `descriptor` is ready: for those who watch only then.
  virtual void await_edge(int, Way) {}
  /// ProcessBackend::wait.
  virtual void wait_for_edges(Instant deadline) = 0;

  bool unfinished() const final { return !retries_.empty(); }
  bool is_socket(int descriptor) const {
    return static_cast<std::size_t>(descriptor) < sockets_.size() && sockets_[static_cast<std::size_t>(descriptor)];
  }
  /// Whether an edge tells of the end of a stream, or of an error, of which no other edge will tell.
  enum class Ended : std::uint8_t { no, maybe, yes };
  /// Called from wait_for_edges().
  void on_edge(int descriptor, bool in, bool out, Ended ended);

 private:
  struct Direction {
    std::vector<Output> waiting;
    bool ready = false;
  };
  struct Descriptor {
    Direction in;
    Direction out;
    Ended ended = Ended::no;
  };

  void wait(Instant deadline) final;
  void reclaim() final { hot_.turn(); }
  void start_socket(const Output& output) final;
  void cancel_socket(const Output& output) final;

  void refuse(const Output& output);
  void stand_in_line(const Output& output, Way way);
  void start_whole_socket(const Output& output);
  void open(const Output& output, int descriptor);
  void connect(const Output& output);
  void close(const Output& output);
  int adopt(int descriptor);
  void drop(int descriptor) noexcept;
  void run(int descriptor, Way way, std::vector<Input>& done);
  bool attempt(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_accept(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_connect(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_recv(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_send(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_shutdown(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_recv_from(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_send_to(int descriptor, const Output& output, std::vector<Input>& done);
  bool fail(int descriptor, const Output& output, std::vector<Input>& done);

  std::vector<std::unique_ptr<Descriptor>> sockets_;     // by descriptor
  std::map<std::uint64_t, int> connecting_;              // descriptors that the loop does not know, by operation
  std::map<int, std::string> unix_paths_;                // of listeners
  std::vector<int> retries_;                             // to be tried without an edge
  HotBuffer hot_;
};

}  // namespace rondo
