// SPDX-License-Identifier: BSL-1.0
// host_glib.cpp - GLib under test.
#include <rondo/adapters/glib.hpp>

#include "test_host.hpp"

namespace {

using Function = std::function<void()>;

class GlibLoop final : public TestHost {
 public:
  GlibLoop() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {}
  ~GlibLoop() override { GlibLoop::destroy(); }

  std::string_view name() const override { return "GLib"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::glib::run(std::move(main), context_, options);
  }
  void run() override { g_main_loop_run(loop_); }
  void quit() override { g_main_loop_quit(loop_); }
  void once(std::chrono::milliseconds delay, Function function) override {
    GSource* const source = g_timeout_source_new(static_cast<guint>(delay.count()));
    const auto call = [](gpointer data) -> gboolean {
      (*static_cast<Function*>(data))();
      return G_SOURCE_REMOVE;
    };
    const auto drop = [](gpointer data) { delete static_cast<Function*>(data); };
    g_source_set_callback(source, call, new Function(std::move(function)), drop);
    g_source_attach(source, context_);
    g_source_unref(source);
  }
  bool nest(std::chrono::milliseconds time) override {
    GMainLoop* const inner = g_main_loop_new(context_, FALSE);
    once(time, [inner] { g_main_loop_quit(inner); });
    g_main_loop_run(inner);
    g_main_loop_unref(inner);
    return true;
  }
  void destroy() override {
    if (!context_) return;
    g_main_loop_unref(loop_);
    g_main_context_unref(std::exchange(context_, nullptr));
  }
  bool tells_of_its_end() const override { return true; }

 private:
  GMainContext* context_;
  GMainLoop* loop_;
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<GlibLoop>(); }
