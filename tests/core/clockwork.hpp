// SPDX-License-Identifier: BSL-1.0
// clockwork.hpp - a simulated world in which running code takes time, too: as much as it says with spend().
#pragma once

#include <rondo/backends/sim.hpp>

class Clockwork final : public rondo::Backend {
 public:
  void spend(rondo::Duration time) { spent_ += time; }
  void raise_signal(int signal) { world_.raise_signal(signal); }

  std::string_view name() const override { return "clockwork"; }
  rondo::Instant now() noexcept override { return world_.now() + spent_; }
  std::span<const rondo::Input> reap(rondo::Instant deadline) override {
    const bool far = deadline == rondo::no_deadline || deadline == rondo::Instant::min();
    return world_.reap(far ? deadline : deadline - spent_);
  }
  void submit(std::span<const rondo::Output> outputs) override { world_.submit(outputs); }
  rondo::Poster& poster() noexcept override { return world_.poster(); }
  rondo::Features features() const noexcept override { return world_.features(); }

 private:
  rondo::sim::SimBackend world_;
  rondo::Duration spent_{};
};
