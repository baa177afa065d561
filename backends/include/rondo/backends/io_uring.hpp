// SPDX-License-Identifier: BSL-1.0
// io_uring.hpp - the backend on Linux's io_uring: the kernel is handed the operations themselves, and one system call
// for each turn of the loop submits all that was asked and waits for what ends.
//
// Needs Linux 5.19; 6.1 and later do the kernel's part of the work without locks and interrupts. What it does not do:
// multishot receives, whose data would come although nobody asked for it. A receive without a buffer takes one from a
// ring of buffers when bytes arrive, so that a connection that waits owns none.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <rondo/backends/hot_buffer.hpp>
#include <rondo/backends/process_backend.hpp>
#include <rondo/backends/unix_path.hpp>

struct io_uring_cqe;
struct io_uring_sqe;

namespace rondo {

struct OpenSocket;
class UringBuffers;
class UringHost;
class UringRing;

struct UringOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  unsigned entries = 1024;                  // that can be submitted in one system call; four times as many completions
  unsigned buffers = 128;                   // for receives without a buffer, shared by all sockets; a power of two
  unsigned buffer_size = 64 * 1024;         // memory that was never filled costs nothing
  Seam* seam = nullptr;  // for tests
};

/// Waits in io_uring_enter, with nanoseconds. The ring belongs to the thread that uses it first (reap() or submit()),
/// which need not be the one that made it; a second thread gets std::system_error.
class UringBackend final : public ProcessBackend {
 public:
  /// Throws std::system_error when the kernel, a sysctl or a seccomp filter refuses the ring: its text says which, and
  /// what can be done about it.
  explicit UringBackend(UringOptions options = {});
  /// Ends what is in flight, and closes the sockets that are left.
  ~UringBackend() override;

  std::string_view name() const override { return "io_uring"; }
  /// Asks the system: two calls at most.
  bool has_ended(std::int32_t handle) const override;
  /// Made when it is asked for; what a host pays for it is a read for each reap().
  int descriptor() override;
  /// Also hands what was submitted to the kernel.
  void arm(Instant deadline) override;
  /// IORING_SETUP_... that the kernel has agreed to.
  unsigned setup_flags() const;

 private:
  static constexpr std::uint32_t nobody = UINT32_MAX;
  struct Flight;
  struct Listener;
  struct Handle;
  struct Watch;
  /// The operations that wait for one direction of one descriptor, first come, first served. The kernel knows only the
  /// first: it would wake several in no particular order.
  struct Lane {
    std::uint32_t first = nobody;
    std::uint32_t last = nobody;
    bool empty() const { return first == nobody; }
  };
  /// Completions of our own: they have the highest bit of user_data set, which no slot reaches.
  enum class Internal : std::uint8_t { none, wake, signal, accept };

  void wait(Instant deadline) override;
  bool unfinished() const override { return left_ || !starved_.empty(); }
  void reclaim() override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;
  bool is_socket(int descriptor) const override;
  void start_socket(const Output& output) override;
  void cancel_socket(const Output& output) override;

  // What is in flight (io_uring.cpp).
  static std::uint64_t internal_name(Internal what, int descriptor);
  std::vector<Input>& reports() { return waiting_ ? inputs_ : ready_; }
  void report(OperationId id, std::int32_t result) { reports().push_back(Input::completion(id, result)); }
  void begin_polls();
  void poll(int descriptor, Internal what);
  void complete(const io_uring_cqe& completion);
  void complete_internal(const io_uring_cqe& completion);
  Flight& take_flight(const Output& output);
  Flight* find(OperationId id);
  void end(Flight& flight);
  Lane& lane_of(const Output& output);
  void enter_lane(Lane& lane, Flight& flight);
  void leave_lane(Flight& flight);
  void serve(Lane& lane);
  void issue(Flight& flight);
  void starve(Flight& flight);
  void hand_in(Flight& flight);
  void cancel(Flight& flight);
  void cancel_in_kernel(std::uint64_t name);
  void restart_starved();
  void complete_readiness(Flight& flight, std::int32_t result);
  void end_all() noexcept;

  // Sockets (io_uring_socket.cpp).
  bool is_open(int descriptor) const;
  Handle& handle(int descriptor);
  int keep_path(OpenSocket made);
  int take_in(int descriptor);
  void prepare_entry(io_uring_sqe& entry, Flight& flight);
  void prepare_recv(io_uring_sqe& entry, Flight& flight);
  void prepare_send(io_uring_sqe& entry, Flight& flight);
  void prepare_datagram(io_uring_sqe& entry, Flight& flight);
  bool sends_again(Flight& flight, std::int32_t result);
  void complete_transfer(Flight& flight, const io_uring_cqe& completion);
  std::int32_t result_of_transfer(const Flight& flight, std::int32_t result);
  void shut_down(Flight& flight);
  void start_connect(const Output& output);
  void complete_connect(Flight& flight, std::int32_t result);
  void start_close(const Output& output);
  void cancel_lane(Lane& lane);
  void cancel_watch(Lane& lane);
  void lose(int descriptor);
  void finish_close(int descriptor);
  void drop(int descriptor) noexcept override;

  // Adopted descriptors, and what is no socket (io_uring_pipe.cpp).
  int adopt(int descriptor, Medium medium) override;
  bool is_pipe(const Output& output);
  static void prepare_pipe(io_uring_sqe& entry, const Output& output);
  void complete_pipe(Flight& flight, std::int32_t polled);
  bool move_bytes(Flight& flight);
  bool read_pipe(Flight& flight);
  bool write_pipe(Flight& flight);

  // Listeners (io_uring_listener.cpp).
  Listener& begin_listening(int descriptor, int backlog);
  void start_listen(const Output& output);
  void start_accept(const Output& output);
  void accept_more(int descriptor);
  void stop_accepting(int descriptor);
  void stop_listening(int descriptor);
  void accepted(int descriptor, std::int32_t result, bool more);
  void hand_over_first(int descriptor);
  void hand_over(const Output& output, int connection);

  std::unique_ptr<UringRing> ring_;
  std::unique_ptr<UringBuffers> buffers_;
  std::unique_ptr<UringHost> host_;    // if somebody watches descriptor()
  std::vector<Flight> flights_;        // by slot
  std::vector<Handle> handles_;        // by descriptor
  std::vector<Watch> watches_;         // by descriptor
  std::map<int, UnixPath> unix_paths_; // of sockets that are bound to one, by descriptor
  std::vector<OperationId> starved_;   // receives that found no buffer
  HotBuffer hot_;                      // for reads from pipes, and how much a turn may receive
  std::uint32_t in_kernel_ = 0;        // flights whose completion is to come
  std::uint32_t accepting_ = 0;        // listeners likewise
  int wake_ = -1;                      // eventfd; never read: each write is an edge
  bool multishot_accept_ = true;
  bool polls_ = false;                 // the wake-up descriptors are polled
  bool waiting_ = false;               // inside wait()
  bool left_ = false;                  // completions, since a turn had received enough
  bool ending_ = false;                // nothing begins any more
};

}  // namespace rondo
