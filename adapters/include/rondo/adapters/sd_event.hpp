// SPDX-License-Identifier: BSL-1.0
// sd_event.hpp - rondo inside systemd's event loop.
//
//     auto hosted = rondo::adapters::sd_event::run(async_main(), event);
//     hosted.on_done([&](auto&) { sd_event_exit(event, 0); });
//     sd_event_loop(event);
#pragma once

#include <memory>
#include <utility>

#include <systemd/sd-event.h>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::sd_event {

/// An I/O source that is asked before each sleep.
std::unique_ptr<Host> attach(HostedCore& core, ::sd_event* event, int priority);

/// Runs `main` inside `event`, which the calling thread must be the one to run. `HostedOptions::priority` is an
/// sd-event priority; 0 is SD_EVENT_PRIORITY_NORMAL. The host is noticed to be gone when the event loop is freed. After
/// sd_event_exit() an event loop runs nothing any more: let main end before it, or call Hosted::abandon().
template <class T>
Hosted<T> run(Coro<T> main, ::sd_event* event, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "sd-event", options, true, place,
                          [&](HostedCore& core) { return attach(core, event, options.priority); });
}

}  // namespace rondo::adapters::sd_event
