// SPDX-License-Identifier: BSL-1.0
// guest.hpp - rondo as a guest of any loop: a thread waits, and the host runs what comes of it.
//
// For backends without a descriptor (libevent, Asio), and for hosts that watch none. The host need only have a way to
// run a function that any thread may use. Costs a thread, and two changes of thread for each wake-up.
//
//     auto hosted = rondo::adapters::guest::run(async_main(), [&](std::function<void()> function) {
//       host.post(std::move(function));
//     });
//
// Source: Trio's guest mode.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::guest {

/// Has `function` run once on the host's thread, soon, and never from inside this call. Called by any thread; must not
/// throw. A host that is going may drop what it has not run.
using Post = std::function<void(std::function<void()> function)>;

/// A thread that waits for the backend while the host does something else.
std::unique_ptr<Host> attach(HostedCore& core, Post post);

/// Runs `main` inside the host behind `post`, on the calling thread. The host does not tell that it goes: call
/// Hosted::abandon() before, or let main end.
template <class T>
Hosted<T> run(Coro<T> main, Post post, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "guest", options, false, place,
                          [&](HostedCore& core) { return attach(core, std::move(post)); });
}

}  // namespace rondo::adapters::guest
