// SPDX-License-Identifier: BSL-1.0
// asio.hpp - rondo inside an io_context that somebody else runs.
//
//     auto hosted = rondo::adapters::asio::run(async_main(), context);
//     context.run();  // returns when main, and everything else in the context, has ended
//
// Not to be confused with the backend on Asio, which runs the context itself.
#pragma once

#include <memory>
#include <utility>

#ifndef ASIO_STANDALONE
#define ASIO_STANDALONE
#endif
#include <asio/io_context.hpp>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::asio {

/// A wait on the descriptor, begun anew after each turn; wake() posts.
std::unique_ptr<Host> attach(HostedCore& core, ::asio::io_context& context);

/// Runs `main` inside `context`, which the calling thread must be the only one to run. The host is noticed to be gone
/// when the context is destroyed.
template <class T>
Hosted<T> run(Coro<T> main, ::asio::io_context& context, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "Asio", options, true, place,
                          [&](HostedCore& core) { return attach(core, context); });
}

}  // namespace rondo::adapters::asio
