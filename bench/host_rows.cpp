// SPDX-License-Identifier: BSL-1.0
// host_rows.cpp - see hosts.hpp. libev has functions with the names of libevent's, so there are two programs.
#include "hosts.hpp"

#ifdef RONDO_BENCH_LIBEVENT
#include <event2/event.h>
#include <rondo/adapters/libevent.hpp>
#else
#include <ev.h>
#include <rondo/adapters/libev.hpp>
#endif
#include <glib-unix.h>
#include <poll.h>
#include <unistd.h>

#include <rondo/adapters/asio.hpp>
#include <rondo/adapters/glib.hpp>
#include <rondo/adapters/guest.hpp>
#include <rondo/adapters/libuv.hpp>
#include <rondo/adapters/own_loop.hpp>
#include <rondo/adapters/sd_event.hpp>

#ifdef RONDO_BENCH_QT  // last: Qt has macros with names like `signals`
#include <QCoreApplication>
#include <rondo/adapters/qt.hpp>
#endif

namespace adapters = rondo::adapters;
using Main = rondo::Coro<int>;

namespace {

void in_glib(Main main, rondo::Backend& backend) {
  GMainContext* const context = g_main_context_new();
  {
    const auto hosted = adapters::glib::run(std::move(main), context, {.backend = &backend});
    while (!hosted.done()) g_main_context_iteration(context, TRUE);
  }
  g_main_context_unref(context);
}

void in_libuv(Main main, rondo::Backend& backend) {
  uv_loop_t loop;
  uv_loop_init(&loop);
  static_cast<void>(adapters::libuv::run(std::move(main), &loop, {.backend = &backend}));
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}

void in_sd_event(Main main, rondo::Backend& backend) {
  sd_event* event = nullptr;
  sd_event_new(&event);
  {
    const auto hosted = adapters::sd_event::run(std::move(main), event, {.backend = &backend});
    while (!hosted.done()) sd_event_run(event, UINT64_MAX);
  }
  sd_event_unref(event);
}

#ifdef RONDO_BENCH_LIBEVENT
void in_libevent(Main main, rondo::Backend& backend) {
  event_base* const base = event_base_new();
  static_cast<void>(adapters::libevent::run(std::move(main), base, {.backend = &backend}));
  event_base_dispatch(base);
  event_base_free(base);
}
#else
void in_libev(Main main, rondo::Backend& backend) {
  struct ev_loop* const loop = ev_loop_new(EVFLAG_AUTO);
  static_cast<void>(adapters::libev::run(std::move(main), loop, {.backend = &backend}));
  ev_run(loop, 0);
  ev_loop_destroy(loop);
}
#endif

#ifdef RONDO_BENCH_QT
void in_qt(Main main, rondo::Backend& backend) {
  int argc = 1;
  char name[] = "qt";
  char* argv[] = {name, nullptr};
  QCoreApplication application(argc, argv);
  const auto hosted = adapters::qt::run(std::move(main), nullptr, {.backend = &backend});
  hosted.on_done([](const rondo::Outcome<int>&) { QCoreApplication::quit(); });
  QCoreApplication::exec();
}
#endif

void in_asio(Main main, rondo::Backend& backend) {
  asio::io_context context(1);
  static_cast<void>(adapters::asio::run(std::move(main), context, {.backend = &backend}));
  context.run();
}

void in_own_loop(Main main, rondo::Backend& backend) {
  const auto hosted = adapters::own_loop::run(std::move(main), {.backend = &backend});
  while (!hosted.done()) {
    pollfd watched{hosted.descriptor(), POLLIN, 0};
    poll(&watched, 1, hosted.poll_timeout());
    hosted.turn();
  }
}

/// Of GLib, which can take functions from threads.
void as_guest(Main main, rondo::Backend& backend) {
  using Function = std::function<void()>;
  GMainContext* const context = g_main_context_new();
  {
    const auto to_host = [context](Function function) {
      GSource* const source = g_idle_source_new();
      g_source_set_priority(source, G_PRIORITY_DEFAULT);
      const auto call = [](gpointer data) -> gboolean {
        (*static_cast<Function*>(data))();
        return G_SOURCE_REMOVE;
      };
      g_source_set_callback(source, call, new Function(std::move(function)),
                            [](gpointer data) { delete static_cast<Function*>(data); });
      g_source_attach(source, context);
      g_source_unref(source);
    };
    const auto hosted = adapters::guest::run(std::move(main), to_host, {.backend = &backend});
    while (!hosted.done()) g_main_context_iteration(context, TRUE);
  }
  g_main_context_unref(context);
}

}  // namespace

const std::vector<HostRow>& hosts() {
  static const std::vector<HostRow> all = {
      {"GLib", &in_glib},         {"libuv", &in_libuv},       {"sd-event", &in_sd_event}, {"Asio", &in_asio},
      {"own loop", &in_own_loop}, {"guest", &as_guest},
#ifdef RONDO_BENCH_LIBEVENT
      {"libevent", &in_libevent},
#else
      {"libev", &in_libev},
#endif
#ifdef RONDO_BENCH_QT
      {"Qt", &in_qt},
#endif
  };
  return all;
}

void run_bare_source(int descriptor, const std::function<bool()>& function) {
  struct State {
    const std::function<bool()>& function;
    bool goes_on = true;
  } state{function};
  GMainContext* const context = g_main_context_new();
  GSource* const source = g_unix_fd_source_new(descriptor, G_IO_IN);
  const auto call = [](gint readable, GIOCondition, gpointer data) -> gboolean {
    std::uint64_t times = 0;
    if (read(readable, &times, sizeof times) < 0) return G_SOURCE_CONTINUE;
    auto& of = *static_cast<State*>(data);
    of.goes_on = of.function();
    return G_SOURCE_CONTINUE;
  };
  g_source_set_callback(source, reinterpret_cast<GSourceFunc>(+call), &state, nullptr);
  g_source_attach(source, context);
  while (state.goes_on) g_main_context_iteration(context, TRUE);
  g_source_destroy(source);
  g_source_unref(source);
  g_main_context_unref(context);
}
