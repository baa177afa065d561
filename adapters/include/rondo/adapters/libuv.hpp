// SPDX-License-Identifier: BSL-1.0
// libuv.hpp - rondo inside a libuv loop.
//
//     auto hosted = rondo::adapters::libuv::run(async_main(), uv_default_loop());
//     uv_run(uv_default_loop(), UV_RUN_DEFAULT);  // returns when main, and everything else in the loop, has ended
#pragma once

#include <memory>
#include <utility>

#include <uv.h>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::libuv {

/// A uv_poll_t, a uv_prepare_t and a uv_idle_t. Only the first one keeps uv_run() going.
std::unique_ptr<Host> attach(HostedCore& core, uv_loop_t* loop);

/// Runs `main` inside `loop`, which the calling thread must be the one to run. A libuv loop does not tell that it goes,
/// and refuses to be closed while it has handles: call Hosted::abandon() and run it once more, or let main end.
template <class T>
Hosted<T> run(Coro<T> main, uv_loop_t* loop, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "libuv", options, true, place,
                          [&](HostedCore& core) { return attach(core, loop); });
}

}  // namespace rondo::adapters::libuv
