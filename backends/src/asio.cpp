// SPDX-License-Identifier: BSL-1.0
// asio.cpp - the loop's values turned into Asio's waits.
//
// A descriptor belongs to Asio only while somebody waits for it: release() gives it back, unclosed, with the last wait.
// Asio cannot cancel one of several waits, so a handler looks whether its operation is still wanted.
#define ASIO_STANDALONE
#define ASIO_NO_DEPRECATED
#include <rondo/backends/asio.hpp>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cerrno>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "descriptor.hpp"

namespace rondo {

/// What Asio's handlers touch. They hold it alive, since some of them run after the backend on somebody else's context.
class AsioBackend::World : public std::enable_shared_from_this<World> {
 public:
  World(asio::io_context& context, AsioBackend& backend)
      : context_(context), work_(context.get_executor()), timer_(context), signals_(context), backend_(&backend) {}

  asio::io_context& context() { return context_; }

  /// The backend is gone.
  void leave() {
    backend_ = nullptr;
    timer_.cancel();
    if (signals_.is_open()) signals_.release();
    for (auto& [descriptor, watch] : watches_) watch.stream.release();
    watches_.clear();
    for (auto& socket : sockets_) {
      if (socket) socket->stream.release();
    }
    sockets_.clear();
    work_.reset();
  }

  void watch_signals(int descriptor) {
    signals_.assign(descriptor);
    await_signals();
  }

  /// From any thread: ends a run_one() that waits.
  void wake() {
    asio::post(context_, [] {});
  }

  /// Runs what is ready; if nothing is, waits for something until `deadline`.
  void run(Instant deadline) {
    const bool timed = deadline != Instant::min() && deadline != never;
    if (timed) {
      timer_.expires_after(deadline - backend_->now());
      timer_.async_wait([](std::error_code) {});
    }
    context_.restart();
    static_cast<void>(through(backend_->seam(), SystemCall::wait, [&] {
      if (deadline != Instant::min()) context_.run_one();
      if (timed) timer_.cancel();
      return static_cast<int>(context_.poll());
    }));
  }

  // --- sockets: registered once; Asio is asked for an edge only when an operation needs one --------------------------

  int watch_socket(int descriptor) {
    const auto at = static_cast<std::size_t>(descriptor);
    if (sockets_.size() <= at) sockets_.resize(at + 1);
    auto socket = std::make_unique<SocketWatch>(context_, ++serial_);
    std::error_code error;
    const int result = through(backend_->seam(), SystemCall::watch, [&] {
      socket->stream.assign(descriptor, error);
      errno = error.value();
      return error ? -1 : 0;
    });
    if (result == 0) {
      sockets_[at] = std::move(socket);
      return 0;
    }
    const int reason = errno;
    if (socket->stream.is_open()) socket->stream.release();
    return reason;
  }

  void forget_socket(int descriptor) {
    auto& socket = sockets_[static_cast<std::size_t>(descriptor)];
    socket->stream.release();
    socket.reset();
  }

  void await_edge(int descriptor, bool out) {
    SocketWatch& socket = *sockets_[static_cast<std::size_t>(descriptor)];
    bool& awaited = out ? socket.out_awaited : socket.in_awaited;
    if (std::exchange(awaited, true)) return;
    socket.stream.async_wait(
        out ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read,
        [self = shared_from_this(), descriptor, out, serial = socket.serial](std::error_code error) {
          if (!error) self->edge(descriptor, out, serial);
        });
  }

  void edge(int descriptor, bool out, std::uint64_t serial) {
    if (!backend_) return;
    SocketWatch* socket = sockets_[static_cast<std::size_t>(descriptor)].get();
    if (!socket || socket->serial != serial) return;  // closed meanwhile; the number may be another socket's
    (out ? socket->out_awaited : socket->in_awaited) = false;
    backend_->on_edge(descriptor, !out, out, Ended::no);  // the next wait tells of an end again
  }

  // --- descriptors of the caller's ----------------------------------------------------------------------------------

  /// 0, or why not.
  int start(const Output& output) {
    if (const int error = refusal_of(output.handle)) return error;
    auto at = watches_.find(output.handle);
    if (at == watches_.end()) {
      asio::posix::stream_descriptor stream(context_);
      std::error_code error;
      stream.assign(output.handle, error);
      if (error) {
        stream.release();
        return error.value();
      }
      at = watches_.emplace(output.handle, Watch{std::move(stream), {}}).first;
    }
    at->second.waiting.push_back(output.id);
    const auto what = output.kind == OperationKind::readable ? asio::posix::stream_descriptor::wait_read
                                                             : asio::posix::stream_descriptor::wait_write;
    at->second.stream.async_wait(
        what, [self = shared_from_this(), descriptor = output.handle, id = output.id](std::error_code error) {
          if (self->forget(descriptor, id)) {
            self->backend_->inputs_.push_back(Input::completion(id, error ? -error.value() : 0));
          }
        });
    return 0;
  }

  /// False if the operation is not waiting any more.
  bool forget(int descriptor, OperationId id) {
    const auto at = watches_.find(descriptor);
    if (at == watches_.end()) return false;
    auto& waiting = at->second.waiting;
    const auto found = std::find(waiting.begin(), waiting.end(), id);
    if (found == waiting.end()) return false;
    waiting.erase(found);
    if (waiting.empty()) {
      at->second.stream.release();
      watches_.erase(at);
    }
    return true;
  }

 private:
  struct SocketWatch {
    SocketWatch(asio::io_context& context, std::uint64_t number) : stream(context), serial(number) {}
    asio::posix::stream_descriptor stream;
    std::uint64_t serial;
    bool in_awaited = false;
    bool out_awaited = false;
  };
  struct Watch {
    asio::posix::stream_descriptor stream;
    std::deque<OperationId> waiting;
  };

  void await_signals() {
    signals_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](std::error_code error) {
      if (error || !self->backend_) return;
      self->backend_->signals_.read(self->backend_->inputs_);
      self->await_signals();
    });
  }

  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor signals_;
  std::vector<std::unique_ptr<SocketWatch>> sockets_;  // by descriptor
  std::uint64_t serial_ = 0;
  std::map<int, Watch> watches_;
  AsioBackend* backend_;
};

AsioBackend::AsioBackend(AsioOptions options)
    : AsioBackend(std::make_unique<asio::io_context>(), nullptr, std::move(options)) {}

AsioBackend::AsioBackend(asio::io_context& context, AsioOptions options)
    : AsioBackend(nullptr, &context, std::move(options)) {}

AsioBackend::AsioBackend(std::unique_ptr<asio::io_context> own, asio::io_context* context, AsioOptions options)
    : ReadinessBackend(std::move(options.default_executor), options.seam),
      own_context_(std::move(own)),
      world_(std::make_shared<World>(own_context_ ? *own_context_ : *context, *this)) {
  world_->watch_signals(signals_.descriptor());
}

AsioBackend::~AsioBackend() {
  shutdown_default_executor();
  world_->leave();
}

asio::io_context& AsioBackend::context() const { return world_->context(); }

void AsioBackend::wait_for_edges(Instant deadline) { world_->run(deadline); }

void AsioBackend::wake() noexcept { world_->wake(); }

int AsioBackend::watch(int descriptor) { return world_->watch_socket(descriptor); }

void AsioBackend::unwatch(int descriptor) noexcept { world_->forget_socket(descriptor); }

void AsioBackend::await_edge(int descriptor, Way way) { world_->await_edge(descriptor, way == Way::out); }

void AsioBackend::start_readiness(const Output& output) {
  if (const int error = world_->start(output)) ready_.push_back(Input::completion(output.id, -error));
}

void AsioBackend::cancel_readiness(const Output& output) {
  if (world_->forget(output.handle, output.id)) ready_.push_back(Input::completion(output.id, -ECANCELED));
}  // else it is ready, and its completion is on the way

}  // namespace rondo
