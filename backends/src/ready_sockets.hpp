// SPDX-License-Identifier: BSL-1.0
// ready_sockets.hpp - sockets on top of readiness.
//
// An operation is tried when it is started, if its direction is known to be ready; else it waits in the queue of that
// direction. A descriptor is registered once, and the derived class reports edges: what was not ready is. A send that
// gets rid of less than it was given has filled the socket; when the peer takes that, there is an edge. A recv that
// gets less than it asked for has drained it, in steady state: so no call is made in vain, and a request costs one
// recv, one send, and its share of one wait.
//
// But a recv also stops at an urgent mark, and on a Unix stream behind a message that carries descriptors, although
// more is there, of which no edge will tell. And whoever has taken the last bytes should know that the end is behind
// them. So a short recv is trusted only where edges tell of marks and ends, and have told of none; else the system is
// asked, which costs as much as the recv in vain that it spares.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <rondo/backends/readiness_backend.hpp>
#include <rondo/backends/unix_path.hpp>

namespace rondo {

struct OpenSocket;

class ReadySockets final : public SocketDesk {
 public:
  explicit ReadySockets(ReadinessBackend& backend) : backend_(backend), seam_(backend.seam()) {}
  ~ReadySockets() override;

  bool has(int descriptor) const override {
    return static_cast<std::size_t>(descriptor) < sockets_.size() && sockets_[static_cast<std::size_t>(descriptor)];
  }
  bool has_ended(int descriptor) const override;
  void start(const Output& output) override;
  void cancel(const Output& output) override;
  void try_again() override;
  void on_edge(int descriptor, bool in, bool out, bool special) override;
  int adopt(int descriptor, Medium medium) override;
  void drop(int descriptor) noexcept override;

 private:
  using Way = ReadinessBackend::Way;
  struct Direction {
    std::vector<Output> waiting;
    bool ready = false;
  };
  struct Descriptor {
    Direction in;
    Direction out;
    bool trusted = false;  // see trusts_short_recv()
    bool special = false;  // an edge was, and the system has not said since that nothing is left
    bool pipe = false;     // no socket: read and write
    bool watched = true;   // else it is always ready
    bool owed = false;     // stands among those that are to be tried again
  };

  void refuse(const Output& output);
  void stand_in_line(const Output& output, Way way);
  void start_whole_socket(const Output& output);
  void open(const Output& output, OpenSocket made);
  void connect(const Output& output);
  void close(const Output& output);
  int take_in(OpenSocket made, bool unix_stream);
  int take_in(int descriptor, bool unix_stream);
  int add(int descriptor, bool trusted);
  void run(int descriptor, Way way, std::vector<Input>& done);
  void owe(int descriptor, Descriptor& known);
  bool attempt(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_accept(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_connect(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_recv(int descriptor, const Output& output, std::vector<Input>& done);
  bool ends_behind_short_recv(int descriptor, Descriptor& known);
  bool attempt_send(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_shutdown(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_recv_from(int descriptor, const Output& output, std::vector<Input>& done);
  bool attempt_send_to(int descriptor, const Output& output, std::vector<Input>& done);
  bool fail(int descriptor, const Output& output, std::vector<Input>& done);

  ReadinessBackend& backend_;
  Seam* const seam_;
  std::vector<std::unique_ptr<Descriptor>> sockets_;     // by descriptor
  std::map<std::uint64_t, int> connecting_;              // descriptors that the loop does not know, by operation
  std::map<int, UnixPath> unix_paths_;                   // of those that are bound to one, by descriptor
};

}  // namespace rondo
