// SPDX-License-Identifier: BSL-1.0
// host.hpp - what an adapter does for the loop that hosts: the few calls that differ from one host to the next.
#pragma once

#include <span>

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

  /// Whether the host is to look at the descriptor. Off during a turn: a nested loop of the host would spin on it.
  virtual void watch(bool on) noexcept = 0;

  /// While it is not watched: what has come. May throw what the backend throws.
  virtual std::span<const Input> reap(Backend& backend) { return backend.reap(Instant::min()); }

  /// A turn is due, and was made so outside of a turn, or by one that has reached its limits. For hosts that cannot ask
  /// before they sleep. Called in the middle of what the host does: must not call turn().
  virtual void wake() noexcept {}

  /// In debug mode, as a turn begins: has HostedCore::notice() called soon, also by a nested loop. For hosts whose
  /// nested loops would not call prepare().
  virtual void probe() noexcept {}

  /// Whether the host tells, by HostedCore::host_gone(), that it goes.
  virtual bool tells_of_its_end() const noexcept { return true; }
  /// The host is gone, and must not be touched any more. What it may still call then does nothing.
  virtual void forsake() noexcept = 0;
};

}  // namespace rondo::adapters
