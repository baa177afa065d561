// SPDX-License-Identifier: BSL-1.0
// own_loop.cpp - nothing to call: the caller's loop does the calls.
#include <rondo/adapters/own_loop.hpp>

namespace rondo::adapters::own_loop {
namespace {

class OwnHost final : public Host {
 public:
  std::string_view name() const noexcept override { return "own loop"; }
  void watch(bool) noexcept override {}
  void forsake() noexcept override {}
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore&) { return std::make_unique<OwnHost>(); }

}  // namespace rondo::adapters::own_loop
