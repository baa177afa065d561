// SPDX-License-Identifier: BSL-1.0
// glib.cpp - a GSource that asks before it sleeps.
//
// The source may recurse, so that GLib asks it inside a nested loop, too: that is how one is noticed. Its descriptor is
// switched off meanwhile, which costs less than GLib's own way, to take it out of the poll and to put it in again.
#include <rondo/adapters/glib.hpp>

#include <glib-unix.h>

#include <rondo/shield.hpp>

namespace rondo::adapters::glib {
namespace {

/// GLib owns it. The core is null once the hosted loop has ended.
struct Source {
  GSource base;
  HostedCore* core;
  gpointer descriptor;

  static Source& of(GSource* source) { return *reinterpret_cast<Source*>(source); }
};

gboolean prepare(GSource* source, gint* timeout) {
  *timeout = -1;
  HostedCore* const core = Source::of(source).core;
  return core && core->prepare();
}

gboolean check(GSource* source) {
  return g_source_query_unix_fd(source, Source::of(source).descriptor) != 0;
}

gboolean dispatch(GSource* source, GSourceFunc, gpointer) {
  if (HostedCore* const core = Source::of(source).core) core->turn();
  return G_SOURCE_CONTINUE;
}

/// Still with its core: the context goes first.
void finalize(GSource* source) {
  if (HostedCore* const core = std::exchange(Source::of(source).core, nullptr)) core->host_gone();
}

GSourceFuncs functions = {&prepare, &check, &dispatch, &finalize, nullptr, nullptr};

class GlibHost final : public Host {
 public:
  GlibHost(HostedCore& core, GMainContext* context, int priority)
      : source_(reinterpret_cast<Source*>(g_source_new(&functions, sizeof(Source)))) {
    source_->core = &core;
    source_->descriptor = g_source_add_unix_fd(&source_->base, core.backend().descriptor(), G_IO_IN);
    g_source_set_name(&source_->base, "rondo");
    g_source_set_priority(&source_->base, priority);
    g_source_set_can_recurse(&source_->base, TRUE);
    g_source_attach(&source_->base, context);
    g_source_unref(&source_->base);  // the context has it
  }
  ~GlibHost() override {
    if (!source_) return;
    source_->core = nullptr;
    g_source_destroy(&source_->base);
  }
  void watch(bool on) noexcept override {
    if (source_) g_source_modify_unix_fd(&source_->base, source_->descriptor, on ? G_IO_IN : GIOCondition());
  }
  void forsake() noexcept override { source_ = nullptr; }

 private:
  Source* source_;
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, GMainContext* context, int priority) {
  return std::make_unique<GlibHost>(core, context ? context : g_main_context_get_thread_default(), priority);
}

// --- GAsyncResult ----------------------------------------------------------------------------------------------------

namespace {

std::string text_of(const GError* error) { return error->message ? error->message : "unknown GError"; }

}  // namespace

Error::Error(GError* error) : std::runtime_error(text_of(error)), domain_(error->domain), code_(error->code) {
  g_error_free(error);
}

AsyncCall::AsyncCall() : cancellable_(g_cancellable_new()), came_(this_loop().create_future()) {}

AsyncCall::~AsyncCall() {
  g_object_unref(cancellable_);
  if (result_) g_object_unref(result_);
}

void AsyncCall::ready(GObject*, GAsyncResult* result, gpointer data) {
  const std::unique_ptr<Shared> self(static_cast<Shared*>(data));
  AsyncCall& call = **self;
  if (self->use_count() == 1) return;  // the loop has gone meanwhile, with who waited
  call.result_ = G_ASYNC_RESULT(g_object_ref(result));
  if (!call.came_.done()) call.came_.set_result();
}

Coro<void> AsyncCall::wait() {
  const auto source = this_loop().open_source();  // GLib: the end of the loop waits for it
  std::exception_ptr cancelled;
  while (!came_.done()) {
    try {
      co_await shield(came_);
    } catch (const CancelledError&) {
      if (!cancelled) cancelled = std::current_exception();
      g_cancellable_cancel(cancellable_);
    }
  }
  if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace rondo::adapters::glib
