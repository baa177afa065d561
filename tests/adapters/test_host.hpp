// SPDX-License-Identifier: BSL-1.0
// test_host.hpp - a loop of somebody else's under test, used as its own programs use it. Each host has a file that
// implements this; the suite is compiled once, and linked with each.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include <rondo/adapters/hosted.hpp>

class TestHost {
 public:
  virtual ~TestHost() = default;

  virtual std::string_view name() const = 0;
  virtual rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) = 0;

  /// Until quit().
  virtual void run() = 0;
  virtual void quit() = 0;
  /// A timer of the host's own, in its milliseconds.
  virtual void once(std::chrono::milliseconds delay, std::function<void()> function) = 0;
  /// A loop inside the loop, from a callback of it, for so long. False if this host has no such thing.
  virtual bool nest(std::chrono::milliseconds) { return false; }
  /// Whether a nested loop is noticed, to be told of in debug mode.
  virtual bool notices_nesting() const { return true; }

  /// Its loop is destroyed. Until then abandon() is called first, unless it tells of its end.
  virtual void destroy() = 0;
  virtual bool tells_of_its_end() const = 0;
  virtual bool needs_descriptor() const { return true; }
  /// Whether a thread may go on with the host of one that has ended.
  virtual bool may_change_threads() const { return true; }
  /// Whether the host itself needs the handle.
  virtual bool keeps_handle() const { return false; }
};

/// Defined by the file of the host.
std::unique_ptr<TestHost> make_test_host();
