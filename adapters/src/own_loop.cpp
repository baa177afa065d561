// SPDX-License-Identifier: BSL-1.0
// own_loop.cpp - nothing to call: the caller's loop does the calls.
#include <rondo/adapters/own_loop.hpp>

namespace rondo::adapters::own_loop {
namespace {

class OwnHost final : public Host {
 public:
  void watch(bool) noexcept override {}
  bool tells_of_its_end() const noexcept override { return false; }
  void forsake() noexcept override {}
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore&) { return std::make_unique<OwnHost>(); }

}  // namespace rondo::adapters::own_loop
