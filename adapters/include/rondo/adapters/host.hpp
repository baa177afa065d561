// SPDX-License-Identifier: BSL-1.0
// host.hpp - what an adapter does for the loop that hosts: the few calls that differ from one host to the next.
#pragma once

#include <span>
#include <string_view>

#include <rondo/backend.hpp>

namespace rondo::adapters {

/// A hosted loop's place in its host. Made by an adapter, owned by the HostedCore; all on the host's thread.
///
/// An adapter calls HostedCore::turn() when the descriptor is readable, and HostedCore::prepare() before the host
/// sleeps, if the host has a hook for that. If it has none, wake() has turn() called soon.
class Host {
 public:
  Host() = default;
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  /// Takes all that is ours out of the host, unless forsake() was called. May run inside a callback of the host.
  virtual ~Host() = default;

  virtual std::string_view name() const noexcept = 0;

  /// Whether the host is to look at the descriptor. Off during a turn: a nested loop of the host would spin on it.
  virtual void watch(bool on) noexcept = 0;

  /// While it is not watched: what has come. May throw what the backend throws.
  virtual std::span<const Input> reap(Backend& backend) { return backend.reap(Instant::min()); }

  /// For hosts that cannot ask before they sleep. Called in the middle of what the host does: must not call turn().
  virtual void wake() noexcept {}

  /// The host is gone, and must not be touched any more.
  virtual void forsake() noexcept = 0;
};

}  // namespace rondo::adapters
