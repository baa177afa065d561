// SPDX-License-Identifier: BSL-1.0
// asio.cpp - Asio has no hook before it sleeps, and destroys what it has not called: that is how its end is noticed.
//
// What it watches is a duplicate of the descriptor, since it closes what it has.
#include <rondo/adapters/asio.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace rondo::adapters::asio {
namespace {

class AsioHost final : public Host {
 public:
  AsioHost(HostedCore& core, ::asio::io_context& context)
      : context_(&context), link_(std::make_shared<Link>(core, context)) {
    const int duplicate = fcntl(core.backend().descriptor(), F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) throw std::system_error(errno, std::generic_category(), "Asio: fcntl(F_DUPFD_CLOEXEC)");
    std::error_code error;
    link_->descriptor.assign(duplicate, error);
    if (error) {
      ::close(duplicate);
      throw std::system_error(error, "Asio: the context does not take the descriptor");
    }
    AsioHost::watch(true);
  }
  ~AsioHost() override {
    link_->core = nullptr;
    link_->probe.cancel();
    link_->descriptor.close();
  }
  void watch(bool on) noexcept override {
    if (!context_) return;
    if (!on) return link_->descriptor.cancel();
    link_->descriptor.async_wait(::asio::posix::stream_descriptor::wait_read, Turn(link_));
  }
  void wake() noexcept override {
    if (context_) ::asio::post(*context_, Turn(link_));
  }
  /// By a timer: what is posted inside a handler, nested loops do not see.
  void probe() noexcept override {
    if (!context_) return;
    link_->probe.expires_after(std::chrono::seconds(0));
    link_->probe.async_wait([link = link_](std::error_code error) {
      if (link->core && !error) link->core->notice();
    });
  }
  void forsake() noexcept override { context_ = nullptr; }

 private:
  /// What Asio's handlers share. The core is null once the hosted loop has ended.
  struct Link {
    Link(HostedCore& c, ::asio::io_context& context) : core(&c), descriptor(context), probe(context) {}
    HostedCore* core;
    ::asio::posix::stream_descriptor descriptor;
    ::asio::steady_timer probe;
  };

  /// A handler. One that is destroyed although it was not called is the end of the context.
  class Turn {
   public:
    explicit Turn(std::shared_ptr<Link> link) : link_(std::move(link)) {}
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (link_ && link_->core) link_->core->host_gone();
    }
    void operator()(std::error_code error = {}) {
      const std::shared_ptr<Link> link = std::move(link_);
      if (link->core && !error) link->core->turn();
    }

   private:
    std::shared_ptr<Link> link_;
  };

  ::asio::io_context* context_;
  std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, ::asio::io_context& context) {
  return std::make_unique<AsioHost>(core, context);
}

}  // namespace rondo::adapters::asio
