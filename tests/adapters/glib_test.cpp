// SPDX-License-Identifier: BSL-1.0
// glib_test.cpp - what only GLib has: pairs of _async and _finish, and sources that are destroyed.
#include <cstdio>
#include <memory>

#include <rondo/adapters/glib.hpp>

#include "catch.hpp"
#include "ending.hpp"
#include "hosted_program.hpp"

using rondo::Coro;
namespace glib = rondo::adapters::glib;

namespace {

struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
};
template <class T>
using Object = std::unique_ptr<T, Unref>;

/// GLib's callbacks come to the default context of the thread, so that is the one of these tests.
class DefaultContext {
 public:
  explicit DefaultContext(rondo::Backend& backend) : backend_(&backend) {}
  ~DefaultContext() { g_main_loop_unref(loop_); }
  rondo::Outcome<int> run(Coro<int> main) {
    auto hosted = glib::run(std::move(main), nullptr, {.backend = backend_});
    hosted.on_done([this](const rondo::Outcome<int>&) { g_main_loop_quit(loop_); });
    g_main_loop_run(loop_);
    return hosted.outcome();
  }

 private:
  rondo::Backend* backend_;
  GMainLoop* loop_ = g_main_loop_new(nullptr, FALSE);
};

/// A worker that ends a while after it was cancelled, and with success.
void work_until_cancelled(GCancellable* cancellable, GAsyncReadyCallback ready, gpointer data) {
  GTask* const work = g_task_new(nullptr, cancellable, ready, data);
  g_task_run_in_thread(work, [](GTask* self, gpointer, gpointer, GCancellable* cancel) {
    while (!g_cancellable_is_cancelled(cancel)) g_usleep(1000);
    g_usleep(20'000);
    g_task_return_boolean(self, TRUE);
  });
  g_object_unref(work);
}

Coro<int> first_byte_of(GFile* file) {
  const Object<GFileInputStream> stream = co_await glib::call(
      [&](GCancellable* cancellable, GAsyncReadyCallback ready, gpointer data) {
        g_file_read_async(file, G_PRIORITY_DEFAULT, cancellable, ready, data);
      },
      [&](GAsyncResult* result, GError** error) {
        return Object<GFileInputStream>(g_file_read_finish(file, result, error));
      });
  char byte = 0;
  const gssize got = co_await glib::call(
      [&](GCancellable* cancellable, GAsyncReadyCallback ready, gpointer data) {
        g_input_stream_read_async(G_INPUT_STREAM(stream.get()), &byte, 1, G_PRIORITY_DEFAULT, cancellable, ready, data);
      },
      [&](GAsyncResult* result, GError** error) {
        return g_input_stream_read_finish(G_INPUT_STREAM(stream.get()), result, error);
      });
  CHECK(got == 1);
  co_return byte;
}

}  // namespace

TEST_CASE("a GAsyncResult pair is awaited, and gives what _finish gives") {
  const auto backend = make_test_backend();
  DefaultContext context(*backend);
  const Object<GFile> file(g_file_new_for_path("/proc/self/status"));
  CHECK(ending_of(context.run(first_byte_of(file.get()))) == std::to_string('N'));
}

TEST_CASE("a GError is thrown with domain and code") {
  const auto backend = make_test_backend();
  DefaultContext context(*backend);
  const Object<GFile> file(g_file_new_for_path("/nowhere/at/all"));
  bool matched = false;
  const auto outcome = context.run([](GFile* f, bool& seen) -> Coro<int> {
    try {
      co_return co_await first_byte_of(f);
    } catch (const glib::Error& error) {
      seen = error.matches(G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      throw;
    }
  }(file.get(), matched));
  CHECK(matched);
  CHECK(outcome.failed());
}

TEST_CASE("a cancelled call cancels the operation, waits for its end, and gives CancelledError") {
  const auto backend = make_test_backend();
  DefaultContext context(*backend);
  int finished = 0;
  const auto outcome = context.run([](int& count) -> Coro<int> {
    auto task = rondo::create_task([](int& n) -> Coro<int> {
      co_await glib::call(
          &work_until_cancelled,
          [&n](GAsyncResult* result, GError** error) {
            ++n;
            return g_task_propagate_boolean(G_TASK(result), error) != FALSE;
          });
      co_return 1;
    }(count));
    co_await rondo::sleep(5ms);
    task.cancel("enough");
    const auto ended = co_await rondo::as_outcome(std::move(task));
    CHECK(ending_of(ended) == "cancelled (enough)");
    co_return count;
  }(finished));
  CHECK(ending_of(outcome) == "1");
}

TEST_CASE("a program in one GMainContext does not see another") {
  const auto backend = make_test_backend();
  GMainContext* const other = g_main_context_new();
  bool began = false;
  auto hosted = glib::run([](bool& flag) -> Coro<int> {
    flag = true;
    co_return 1;
  }(began), other, {.priority = G_PRIORITY_LOW, .backend = backend.get()});
  while (g_main_context_iteration(nullptr, FALSE)) {
  }
  CHECK_FALSE(began);
  while (!hosted.done()) g_main_context_iteration(other, TRUE);
  CHECK(began);
  g_main_context_unref(other);
}

TEST_CASE("a context that is iterated by another thread runs nothing there") {
  const auto backend = make_test_backend();
  GMainContext* const context = g_main_context_new();
  auto hosted = glib::run([]() -> Coro<int> { co_return 1; }(), context, {.backend = backend.get()});
  std::thread([&] {
    for (int i = 0; i < 3; ++i) g_main_context_iteration(context, FALSE);
  }).join();
  CHECK_FALSE(hosted.done());
  CHECK(hosted.turns() == 0);
  while (!hosted.done()) g_main_context_iteration(context, TRUE);
  g_main_context_unref(context);
}

TEST_CASE("a call that main leaves behind is cancelled and waited for, and is no deadlock") {
  const auto backend = make_test_backend();
  DefaultContext context(*backend);
  int finished = 0;
  const auto outcome = context.run([](int& count) -> Coro<int> {
    static_cast<void>(rondo::create_task([](int& n) -> Coro<int> {
      co_await glib::call(
          &work_until_cancelled,
          [&n](GAsyncResult* result, GError** error) {
            ++n;
            return g_task_propagate_boolean(G_TASK(result), error) != FALSE;
          });
      co_return 1;
    }(count)));
    co_await rondo::sleep(2ms);
    co_return 4;
  }(finished));
  CHECK(ending_of(outcome) == "4");
  CHECK(finished == 1);
}
