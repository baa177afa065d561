// SPDX-License-Identifier: BSL-1.0
// asio.cpp - the loop's values turned into Asio's waits.
//
// A descriptor belongs to Asio only while somebody waits for it: release() gives it back, unclosed, with the last wait.
// Asio cannot cancel one of several waits, so a handler looks whether its operation is still wanted. If a descriptor is
// closed before its wait has ended, release() cannot take the registration back, and a duplicate keeps it alive: so
// news are checked before they are passed on.
#define ASIO_STANDALONE
#define ASIO_NO_DEPRECATED
#include <rondo/backends/asio.hpp>

#include <fcntl.h>
#include <unistd.h>

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
namespace {

constexpr int most_handlers = 1024;  // that one wait runs

}  // namespace

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
    if (signal_came_) deadline = Instant::min();  // the owner of the context has run the handler
    const bool timed = deadline != Instant::min() && deadline != no_deadline;
    if (timed) {
      timer_.expires_after(deadline - backend_->now());
      timer_.async_wait([](std::error_code) {});
    }
    context_.restart();
    static_cast<void>(through(backend_->seam(), SystemCall::wait, [&] {
      if (deadline != Instant::min()) context_.run_one();
      if (timed) timer_.cancel();
      int ran = 0;  // poll() would run on while handlers bring about handlers
      while (ran < most_handlers && context_.poll_one() != 0) ++ran;
      return ran;
    }));
    if (std::exchange(signal_came_, false)) {
      backend_->signals_.read(backend_->inputs_);
      await_signals();
    }
  }

  // --- sockets: registered once; Asio is asked for an edge only when an operation needs one --------------------------

  int watch_socket(int descriptor) {
    lose(descriptor);
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
    if (backend_->seam()) static_cast<void>(backend_->seam()->before(SystemCall::unwatch));
    auto& socket = sockets_[static_cast<std::size_t>(descriptor)];
    socket->stream.release();  // before it is closed: a duplicate would keep the registration
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
    backend_->on_edge(descriptor, !out, out, false);  // what is left, the next wait tells again
  }

  // --- descriptors of the caller's ----------------------------------------------------------------------------------

  /// 0, or why not.
  int start(const Output& output) {
    FileBehind file;
    if (const int error = refusal_of(output.handle, file)) return error;
    std::deque<Waiting> waiting;
    if (const auto old = watches_.find(output.handle); old != watches_.end()) {
      // Asio tells nobody that it could not ask anew, so what may be another file by now is registered again.
      if (old->second.file == file) waiting.swap(old->second.waiting);
      lose(output.handle);
    }
    waiting.push_back({output.id, output.kind == OperationKind::readable});
    const auto at = watches_.try_emplace(output.handle, context_, ++serial_, file).first;
    if (const int error = at->second.assign(output.handle, backend_->is_socket(output.handle))) {
      waiting.pop_back();
      for (const Waiting& other : waiting) backend_->ready_.push_back(Input::completion(other.id, -error));
      watches_.erase(at);
      return error;
    }
    at->second.waiting = std::move(waiting);
    for (const Waiting& each : at->second.waiting) await(output.handle, at->second, each);
    return 0;
  }

  /// Whoever waits for this number waits for a descriptor that was closed.
  void lose(int descriptor) {
    const auto at = watches_.find(descriptor);
    if (at == watches_.end()) return;
    std::vector<OperationId> lost;
    for (const Waiting& each : at->second.waiting) lost.push_back(each.id);
    backend_->strand(lost);
    watches_.erase(at);
  }

  /// False if the operation is not waiting any more.
  bool forget(int descriptor, OperationId id) {
    const auto at = watches_.find(descriptor);
    if (at == watches_.end()) return false;
    auto& waiting = at->second.waiting;
    if (std::erase_if(waiting, [&](const Waiting& each) { return each.id == id; }) == 0) return false;
    if (waiting.empty()) watches_.erase(at);
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
  struct Waiting {
    OperationId id;
    bool to_read;
  };
  struct Watch {
    Watch(asio::io_context& context, std::uint64_t number, FileBehind behind)
        : stream(context), serial(number), file(behind) {}
    ~Watch() {
      if (stream.is_open()) stream.release();
      if (duplicate >= 0) ::close(duplicate);
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    /// 0, or why not.
    int assign(int descriptor, bool ours) {
      std::error_code error;
      stream.assign(descriptor, error);
      if (error.value() != EEXIST || ours) return error.value();
      // Somebody else has registered it, or we have, and it was closed before that could be taken back.
      duplicate = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
      if (duplicate < 0) return errno;
      stream.assign(duplicate, error);
      return error.value();
    }

    asio::posix::stream_descriptor stream;
    std::uint64_t serial;
    FileBehind file;
    int duplicate = -1;
    std::deque<Waiting> waiting;
  };

  void await(int descriptor, Watch& watch, const Waiting& waiting) {
    watch.stream.async_wait(
        waiting.to_read ? asio::posix::stream_descriptor::wait_read : asio::posix::stream_descriptor::wait_write,
        [self = shared_from_this(), descriptor, waiting, serial = watch.serial](std::error_code error) {
          self->heard(descriptor, waiting, serial, error);
        });
  }

  void heard(int descriptor, const Waiting& waiting, std::uint64_t serial, std::error_code error) {
    const auto at = watches_.find(descriptor);
    if (at == watches_.end() || at->second.serial != serial) return;
    const auto& all = at->second.waiting;
    if (std::none_of(all.begin(), all.end(), [&](const Waiting& each) { return each.id == waiting.id; })) return;
    if (!error && !is_ready(backend_->seam(), descriptor, waiting.to_read)) {  // it was another's
      return await(descriptor, at->second, waiting);
    }
    backend_->inputs_.push_back(Input::completion(waiting.id, error ? -error.value() : 0));
    forget(descriptor, waiting.id);
  }

  void await_signals() {
    signals_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](std::error_code error) {
      if (!error) self->signal_came_ = true;  // read once a wait, lest a flood fill one
    });
  }

  asio::io_context& context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor signals_;
  bool signal_came_ = false;
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
  end_threads();
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
  if (cancel_stranded(output)) return;
  if (world_->forget(output.handle, output.id)) ready_.push_back(Input::completion(output.id, -ECANCELED));
}  // else it is ready, and its completion is on the way

}  // namespace rondo
