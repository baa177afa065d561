// SPDX-License-Identifier: BSL-1.0
// hosts.cpp - the code of docs/hosts.md, and of README.md about hosts.
#include <poll.h>

#include <rondo/adapters/own_loop.hpp>
#include <rondo/backends/epoll.hpp>
#include <rondo/rondo.hpp>
#ifdef RONDO_SNIPPETS_GLIB
#include <rondo/adapters/glib.hpp>
#endif

#include "snippets.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

Coro<int> async_main() {
  co_await sleep(1ms);
  co_return 42;
}

void own_loop() {
  EpollBackend backend;
  // [own_loop]
  auto hosted = rondo::adapters::own_loop::run(async_main(), {.backend = &backend});
  while (!hosted.done()) {
    pollfd watched{hosted.descriptor(), POLLIN, 0};  // beside what else you watch
    poll(&watched, 1, hosted.poll_timeout());        // prepares: 0 if a turn is due at once, else -1
    hosted.turn();
  }
  // [/own_loop]
  check(hosted.outcome().value() == 42);
}

#ifdef RONDO_SNIPPETS_GLIB
void glib() {
  EpollBackend backend;
  const adapters::HostedOptions options{.backend = &backend};
  GMainContext* const context = nullptr;
  int outcome = 0;
  // [glib]
  GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
  auto hosted = rondo::adapters::glib::run(async_main(), context, options);
  hosted.on_done([&](const rondo::Outcome<int>& ended) {
    outcome = ended.value();
    g_main_loop_quit(loop);
  });
  g_main_loop_run(loop);
  // [/glib]
  g_main_loop_unref(loop);
  check(outcome == 42);
}
#endif

const AddSnippet own("own loop", &own_loop);
#ifdef RONDO_SNIPPETS_GLIB
const AddSnippet in_glib("GLib", &glib);
#endif

}  // namespace
