// SPDX-License-Identifier: BSL-1.0
// 26_glib.cpp - inside a GLib main loop: a timer of GLib's runs on, a file is read by GIO, and tasks are made from
// outside.
//
// Expected output:
//   rondo: GIO has read something
//   host: its timer calls
//   rondo: the host has called
//   host: rondo gives 42
#include <chrono>
#include <iostream>
#include <memory>

#include <rondo/adapters/glib.hpp>
#include <rondo/rondo.hpp>

using namespace std::chrono_literals;
namespace glib = rondo::adapters::glib;

rondo::Coro<gsize> size_of(GFile* file) {
  char* contents = nullptr;
  gsize size = 0;
  co_await glib::call(
      [&](GCancellable* cancellable, GAsyncReadyCallback ready, gpointer data) {
        g_file_load_contents_async(file, cancellable, ready, data);
      },
      [&](GAsyncResult* result, GError** error) {
        return g_file_load_contents_finish(file, result, &contents, &size, nullptr, error);
      });
  g_free(contents);
  co_return size;
}

rondo::Coro<int> async_main(rondo::Event& called) {
  GFile* const file = g_file_new_for_path("/proc/self/comm");
  const gsize size = co_await size_of(file);
  std::cout << "rondo: GIO has read " << (size > 0 ? "something" : "nothing") << "\n";
  g_object_unref(file);
  const auto outcome = co_await rondo::as_outcome(rondo::timeout(1h, [&] { return called.wait(); }));
  std::cout << "rondo: the host has called" << (outcome ? "" : " too late") << "\n";
  co_return 42;
}

gboolean on_timer(gpointer called) {
  std::cout << "host: its timer calls\n";
  static_cast<rondo::Event*>(called)->set();  // rondo runs before GLib sleeps again
  return G_SOURCE_REMOVE;
}

int main() {
  rondo::Event called;
  GMainLoop* const loop = g_main_loop_new(nullptr, FALSE);
  const auto hosted = glib::run(async_main(called));
  hosted.on_done([loop](const rondo::Outcome<int>& outcome) {
    std::cout << "host: rondo gives " << outcome.value() << "\n";
    g_main_loop_quit(loop);
  });
  g_timeout_add(200, &on_timer, &called);
  g_main_loop_run(loop);
  g_main_loop_unref(loop);
}
