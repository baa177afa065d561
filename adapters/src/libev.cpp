// SPDX-License-Identifier: BSL-1.0
// libev.cpp - the descriptor watched, and a look before each sleep.
//
// What is due at once makes the descriptor readable. An idle watcher would be cheaper, but runs only when nothing else
// does.
#include <rondo/adapters/libev.hpp>

// The macros that set up watchers cast in the manner of C.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wstrict-aliasing"
#define EV_COMPAT3 0
#include <ev.h>

namespace rondo::adapters::libev {
namespace {

class EvHost final : public Host {
 public:
  EvHost(HostedCore& core, struct ev_loop* loop, int priority) : core_(&core), loop_(loop) {
    ev_io_init(&io_, &on_readable, core.backend().descriptor(), EV_READ);
    ev_prepare_init(&prepare_, &on_prepare);
    ev_cleanup_init(&cleanup_, &on_cleanup);
    ev_set_priority(&io_, priority);
    io_.data = prepare_.data = cleanup_.data = this;
    ev_io_start(loop_, &io_);
    ev_prepare_start(loop_, &prepare_);
    ev_unref(loop_);
    ev_cleanup_start(loop_, &cleanup_);
  }
  ~EvHost() override {
    if (!loop_) return;
    ev_io_stop(loop_, &io_);
    ev_ref(loop_);
    ev_prepare_stop(loop_, &prepare_);
    ev_cleanup_stop(loop_, &cleanup_);
  }
  void watch(bool on) noexcept override {
    if (!loop_) return;
    if (on) {
      ev_io_start(loop_, &io_);
    } else {
      ev_io_stop(loop_, &io_);
    }
  }
  void forsake() noexcept override { loop_ = nullptr; }

 private:
  static EvHost& of(void* data) { return *static_cast<EvHost*>(data); }
  static void on_readable(struct ev_loop*, ev_io* io, int) { of(io->data).core_->turn(); }
  static void on_prepare(struct ev_loop* loop, ev_prepare* prepare, int) {
    EvHost& self = of(prepare->data);
    if (!self.core_->arm()) ev_feed_event(loop, &self.io_, EV_READ);
  }
  static void on_cleanup(struct ev_loop*, ev_cleanup* cleanup, int) { of(cleanup->data).core_->host_gone(); }

  HostedCore* core_;
  struct ev_loop* loop_;
  ev_io io_;
  ev_prepare prepare_;
  ev_cleanup cleanup_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, struct ev_loop* loop, int priority) {
  return std::make_unique<EvHost>(core, loop, priority);
}

}  // namespace rondo::adapters::libev
#pragma GCC diagnostic pop
