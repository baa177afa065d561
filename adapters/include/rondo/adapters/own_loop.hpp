// SPDX-License-Identifier: BSL-1.0
// own_loop.hpp - rondo inside a poll loop of one's own.
//
//     auto hosted = rondo::adapters::own_loop::run(async_main());
//     while (!hosted.done()) {
//       pollfd watched{hosted.descriptor(), POLLIN, 0};  // beside your own
//       poll(&watched, 1, hosted.poll_timeout());
//       hosted.turn();
//     }
#pragma once

#include <memory>
#include <utility>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::own_loop {

/// A host that does nothing: the caller asks.
std::unique_ptr<Host> attach(HostedCore& core);

/// The handle, and what a poll loop asks.
template <class T>
class [[nodiscard]] OwnLoop : public Hosted<T> {
 public:
  explicit OwnLoop(Hosted<T> hosted) : Hosted<T>(std::move(hosted)) {}

  /// To be watched for reading, level-triggered. -1, which poll() ignores, inside a turn and once this is done.
  int descriptor() const {
    HostedState<T>& core = this->core();
    return core.ended() || core.turning() ? -1 : core.backend().descriptor();
  }
  /// Before each sleep: 0 if turn() is due at once, else -1: the descriptor tells also when a deadline has passed.
  int poll_timeout() const { return this->core().prepare() ? 0 : -1; }
  /// After each sleep, or when the descriptor is readable, or poll_timeout() was 0.
  void turn() const { this->core().turn(); }
};

/// Runs `main` on the calling thread, whenever it calls turn().
template <class T>
OwnLoop<T> run(Coro<T> main, HostedOptions options = {}, Place place = Place::here()) {
  return OwnLoop<T>(Hosted<T>::start(std::move(main), "own loop", options, true, place,
                                     [](HostedCore& core) { return attach(core); }));
}

}  // namespace rondo::adapters::own_loop
