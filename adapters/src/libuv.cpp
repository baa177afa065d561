// SPDX-License-Identifier: BSL-1.0
// libuv.cpp - the descriptor polled, a look before each sleep, and an idle handle that keeps the loop from it.
#include <rondo/adapters/libuv.hpp>

#include <string>

namespace rondo::adapters::libuv {
namespace {

/// libuv keeps its handles until they are closed, which it does later.
struct Handles {
  uv_poll_t poll;
  uv_prepare_t prepare;
  uv_idle_t idle;
  HostedCore* core;
  int descriptor;
  int open = 0;

  static void closed(uv_handle_t* handle) {
    auto* const self = static_cast<Handles*>(handle->data);
    if (--self->open == 0) delete self;
  }
  template <class Handle>
  void own(Handle& handle) {
    handle.data = this;
    ++open;
  }
  template <class Handle>
  static void close(Handle& handle) {
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), &closed);
  }
};

Handles& of(void* data) { return *static_cast<Handles*>(data); }

void on_readable(uv_poll_t* poll, int, int) { of(poll->data).core->turn(); }

void on_idle(uv_idle_t* idle) {
  uv_idle_stop(idle);
  of(idle->data).core->turn();
}

void on_prepare(uv_prepare_t* prepare) {
  Handles& handles = of(prepare->data);
  if (handles.core->prepare()) uv_idle_start(&handles.idle, &on_idle);
}

class UvHost final : public Host {
 public:
  UvHost(HostedCore& core, uv_loop_t* loop) : handles_(new Handles{}) {
    handles_->core = &core;
    handles_->descriptor = core.backend().descriptor();
    if (const int error = uv_poll_init(loop, &handles_->poll, handles_->descriptor)) {
      delete handles_;
      throw RuntimeError(std::string("libuv: uv_poll_init: ") + uv_strerror(error));
    }
    uv_prepare_init(loop, &handles_->prepare);
    uv_idle_init(loop, &handles_->idle);
    handles_->own(handles_->poll);
    handles_->own(handles_->prepare);
    handles_->own(handles_->idle);
    uv_unref(reinterpret_cast<uv_handle_t*>(&handles_->prepare));
    uv_prepare_start(&handles_->prepare, &on_prepare);
    UvHost::watch(true);
  }
  ~UvHost() override {
    if (!handles_) return;
    Handles::close(handles_->poll);
    Handles::close(handles_->prepare);
    Handles::close(handles_->idle);
  }
  std::string_view name() const noexcept override { return "libuv"; }
  void watch(bool on) noexcept override {
    if (!handles_) return;
    if (on) {
      uv_poll_start(&handles_->poll, UV_READABLE, &on_readable);
    } else {
      uv_poll_stop(&handles_->poll);
    }
  }
  void forsake() noexcept override { delete std::exchange(handles_, nullptr); }

 private:
  Handles* handles_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, uv_loop_t* loop) { return std::make_unique<UvHost>(core, loop); }

}  // namespace rondo::adapters::libuv
