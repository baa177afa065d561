// SPDX-License-Identifier: BSL-1.0
// sd_event.cpp - a floating source: the event loop owns it, so it does not keep that alive, and tells when it goes.
//
// What is due at once makes the descriptor readable. A deferred source would be cheaper, but sd-event takes the source
// that became pending first, and a deferred one is pending since it was made: nothing else of its priority would run.
#include <rondo/adapters/sd_event.hpp>

#include <sys/epoll.h>

#include <cstring>
#include <string>

namespace rondo::adapters::sd_event {
namespace {

void check(int result, const char* what) {
  if (result < 0) throw RuntimeError(std::string("sd-event: ") + what + ": " + std::strerror(-result));
}

class SdHost final : public Host {
 public:
  SdHost(HostedCore& core, ::sd_event* event, int priority) : core_(&core) {
    try {
      check(sd_event_add_io(event, &io_, core.backend().descriptor(), EPOLLIN, &on_readable, this), "sd_event_add_io");
      check(sd_event_source_set_priority(io_, priority), "sd_event_source_set_priority");
      check(sd_event_source_set_prepare(io_, &on_prepare), "sd_event_source_set_prepare");
      check(sd_event_source_set_floating(io_, 1), "sd_event_source_set_floating");
      sd_event_source_unref(io_);
      check(sd_event_source_set_destroy_callback(io_, &on_destroy), "sd_event_source_set_destroy_callback");
    } catch (...) {
      sd_event_source_disable_unref(io_);
      throw;
    }
  }
  ~SdHost() override {
    sd_event_source_disable_unref(due_);
    if (!io_) return;
    sd_event_source_set_destroy_callback(io_, nullptr);
    sd_event_source_ref(io_);  // the only one is the event loop's
    sd_event_source_set_floating(io_, 0);
    sd_event_source_disable_unref(io_);
  }
  void watch(bool on) noexcept override {
    if (io_) sd_event_source_set_enabled(io_, on ? SD_EVENT_ON : SD_EVENT_OFF);
  }
  void forsake() noexcept override { io_ = nullptr; }

 private:
  static SdHost& of(void* data) { return *static_cast<SdHost*>(data); }
  static int on_readable(sd_event_source*, int, std::uint32_t, void* self) {
    of(self).core_->turn();
    return 0;
  }
  static int on_prepare(sd_event_source*, void* self) {
    SdHost& host = of(self);
    if (host.core_->arm()) return 0;
    sd_event_source_disable_unref(std::exchange(host.due_, nullptr));
    return sd_event_add_defer(sd_event_source_get_event(host.io_), &host.due_, &on_due, self);  // runs once
  }
  static int on_due(sd_event_source*, void* self) {
    of(self).core_->turn();
    return 0;
  }
  static void on_destroy(void* self) { of(self).core_->host_gone(); }

  HostedCore* core_;
  sd_event_source* io_ = nullptr;
  sd_event_source* due_ = nullptr;  // where the descriptor cannot tell
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, ::sd_event* event, int priority) {
  return std::make_unique<SdHost>(core, event, priority);
}

}  // namespace rondo::adapters::sd_event
