// SPDX-License-Identifier: BSL-1.0
// glib.hpp - rondo inside a GLib main loop: GTK programs, D-Bus services, GStreamer.
//
//     auto hosted = rondo::adapters::glib::run(async_main());
//     hosted.on_done([&](auto&) { g_main_loop_quit(loop); });
//     g_main_loop_run(loop);
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gio/gio.h>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::glib {

/// A GSource of `context` (null: the thread's default one) with `priority`.
std::unique_ptr<Host> attach(HostedCore& core, GMainContext* context, int priority);

/// Runs `main` inside `context` (null: the thread's default one), which the calling thread must be the one to iterate.
/// `HostedOptions::priority` is a GLib priority; 0 is G_PRIORITY_DEFAULT. The host is noticed to be gone when the
/// context is freed or the source destroyed. Source: the order of prepare, check and dispatch is GLib's.
template <class T>
Hosted<T> run(Coro<T> main, GMainContext* context = nullptr, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "GLib", options, true, place,
                          [&](HostedCore& core) { return attach(core, context, options.priority); });
}

/// A GError as an exception. what() is its message.
class Error : public std::runtime_error {
 public:
  /// Takes `error` over.
  explicit Error(GError* error);
  GQuark domain() const { return domain_; }
  int code() const { return code_; }
  bool matches(GQuark domain, int code) const { return domain_ == domain && code_ == code; }

 private:
  GQuark domain_;
  int code_;
};

/// A call of a GAsyncResult pair on its way: shared by who waits and by GLib's callback, which may come when nobody
/// does.
class AsyncCall {
 public:
  using Shared = std::shared_ptr<AsyncCall>;
  AsyncCall();
  ~AsyncCall();
  AsyncCall(const AsyncCall&) = delete;
  AsyncCall& operator=(const AsyncCall&) = delete;

  /// Of a task that is destroyed: nobody wants the result any more.
  struct Guard {
    const AsyncCall& call;
    ~Guard() {
      if (!call.result()) g_cancellable_cancel(call.cancellable());
    }
  };

  GCancellable* cancellable() const { return cancellable_; }
  GAsyncResult* result() const { return result_; }
  /// The callback. `data` is a Shared of its own, which it deletes.
  static void ready(GObject* source, GAsyncResult* result, gpointer data);
  /// Until the callback has come. A cancellation of the task cancels the call, and is thrown once that has ended.
  Coro<void> wait();

 private:
  GCancellable* cancellable_;
  GAsyncResult* result_ = nullptr;
  Future<void> came_;
};

/// Awaits a pair of `g_..._async` and `g_..._finish`:
///
///     auto stream = co_await glib::call(
///         [&](GCancellable* cancel, GAsyncReadyCallback ready, gpointer data) {
///           g_file_read_async(file, G_PRIORITY_DEFAULT, cancel, ready, data);
///         },
///         [&](GAsyncResult* result, GError** error) { return g_file_read_finish(file, result, error); });
///
/// Throws Error if `finish` sets one. Cancelling the task cancels the GCancellable, waits until the operation has
/// ended, and finishes it; what it gave all the same is dropped, so let `finish` give something that frees itself where
/// that matters. The loop does not end before the operation has. Only if the host goes first, or the loop is abandoned,
/// the task is destroyed at once, and the operation cancelled, but not waited for: what it writes to must then outlive
/// the task. The thread's default GMainContext must be the one that runs rondo.
template <class Start, class Finish>
auto call(Start start, Finish finish) -> Coro<decltype(finish(nullptr, nullptr))> {
  const auto call = std::make_shared<AsyncCall>();
  auto data = std::make_unique<AsyncCall::Shared>(call);
  start(call->cancellable(), &AsyncCall::ready, data.get());
  data.release();
  const AsyncCall::Guard guard{*call};
  std::exception_ptr cancelled;
  try {
    co_await call->wait();
  } catch (...) {
    if (!call->result()) throw;
    cancelled = std::current_exception();
  }
  GError* error = nullptr;
  if constexpr (std::is_void_v<decltype(finish(nullptr, nullptr))>) {
    finish(call->result(), &error);
    if (cancelled) g_clear_error(&error);
    if (cancelled) std::rethrow_exception(cancelled);
    if (error) throw Error(error);
  } else {
    auto value = finish(call->result(), &error);
    if (cancelled) g_clear_error(&error);
    if (cancelled) std::rethrow_exception(cancelled);
    if (error) throw Error(error);
    co_return value;
  }
}

}  // namespace rondo::adapters::glib
