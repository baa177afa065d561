// SPDX-License-Identifier: BSL-1.0
// libevent.hpp - rondo inside an event_base that somebody else dispatches.
//
//     auto hosted = rondo::adapters::libevent::run(async_main(), base);
//     event_base_dispatch(base);  // returns when main, and everything else in the base, has ended
//
// Not to be confused with the backend on libevent, which runs the base itself.
#pragma once

#include <memory>
#include <utility>

#include <rondo/adapters/hosted.hpp>

struct event_base;

namespace rondo::adapters::libevent {

/// Two events: one for the descriptor, and a timer for wake().
std::unique_ptr<Host> attach(HostedCore& core, event_base* base);

/// Runs `main` inside `base`, which the calling thread must be the one to run. A base does not tell that it is freed:
/// call Hosted::abandon() before, or let main end.
template <class T>
Hosted<T> run(Coro<T> main, event_base* base, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "libevent", options, true, place,
                          [&](HostedCore& core) { return attach(core, base); });
}

}  // namespace rondo::adapters::libevent
