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
  HostedCore* core;  // null once the host is forsaken
  int descriptor;
  int open = 0;
  bool closing = false;

  static void closed(uv_handle_t* handle) {
    auto* const self = static_cast<Handles*>(handle->data);
    if (--self->open == 0) delete self;
  }
  template <class Handle>
  void own(Handle& handle) {
    handle.data = this;
    ++open;
  }
  void close() {
    if (std::exchange(closing, true)) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&poll), &closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&prepare), &closed);
    uv_close(reinterpret_cast<uv_handle_t*>(&idle), &closed);
  }
};

Handles& of(void* data) { return *static_cast<Handles*>(data); }

/// Forsaken handles leave the loop when that runs again.
void turn_of(void* data) {
  Handles& handles = of(data);
  if (!handles.core) return handles.close();
  handles.core->turn();
}

void on_readable(uv_poll_t* poll, int, int) { turn_of(poll->data); }

void on_idle(uv_idle_t* idle) {
  uv_idle_stop(idle);
  turn_of(idle->data);
}

void on_prepare(uv_prepare_t* prepare) {
  Handles& handles = of(prepare->data);
  if (!handles.core) return handles.close();
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
    if (handles_) handles_->close();
  }
  void watch(bool on) noexcept override {
    if (!handles_) return;
    if (on) {
      uv_poll_start(&handles_->poll, UV_READABLE, &on_readable);
    } else {
      uv_poll_stop(&handles_->poll);
    }
  }
  bool tells_of_its_end() const noexcept override { return false; }
  /// The loop may still have them.
  void forsake() noexcept override {
    if (handles_) std::exchange(handles_, nullptr)->core = nullptr;
  }

 private:
  Handles* handles_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, uv_loop_t* loop) { return std::make_unique<UvHost>(core, loop); }

}  // namespace rondo::adapters::libuv
