// SPDX-License-Identifier: BSL-1.0
// libev.hpp - rondo inside a libev loop.
//
//     auto hosted = rondo::adapters::libev::run(async_main(), EV_DEFAULT);
//     ev_run(EV_DEFAULT, 0);  // returns when main, and everything else in the loop, has ended
#pragma once

#include <memory>
#include <utility>

#include <rondo/adapters/hosted.hpp>

struct ev_loop;

namespace rondo::adapters::libev {

/// An ev_io, an ev_prepare and an ev_cleanup. Only the first one keeps ev_run() going.
std::unique_ptr<Host> attach(HostedCore& core, struct ev_loop* loop, int priority);

/// Runs `main` inside `loop`, which the calling thread must be the one to run. `HostedOptions::priority` is a libev
/// priority, -2 to 2. The host is noticed to be gone when the loop is destroyed.
template <class T>
Hosted<T> run(Coro<T> main, struct ev_loop* loop, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "libev", options, true, place,
                          [&](HostedCore& core) { return attach(core, loop, options.priority); });
}

}  // namespace rondo::adapters::libev
