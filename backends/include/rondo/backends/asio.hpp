// SPDX-License-Identifier: BSL-1.0
// asio.hpp - the backend on standalone Asio, on an io_context of its own or on the caller's.
//
// Asio's headers stay in asio.cpp: who includes this pays for none of them.
#pragma once

#include <memory>

#include <rondo/backends/readiness_backend.hpp>

namespace asio {
class io_context;
}

namespace rondo {

struct AsioOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
  Seam* seam = nullptr;                     // for tests
};

/// Waits in io_context::run_one(). On the caller's io_context the caller's handlers run as well while this waits; the
/// context must outlive the backend, and nobody else may run it meanwhile.
class AsioBackend final : public ReadinessBackend {
 public:
  explicit AsioBackend(AsioOptions options = {});
  explicit AsioBackend(asio::io_context& context, AsioOptions options = {});
  ~AsioBackend() override;

  std::string_view name() const override { return "asio"; }
  asio::io_context& context() const;

 private:
  class World;

  AsioBackend(std::unique_ptr<asio::io_context> own, asio::io_context* context, AsioOptions options);
  void wait_for_edges(Instant deadline) override;
  int watch(int descriptor) override;
  void unwatch(int descriptor) noexcept override;
  bool trusts_short_recv(bool) const override { return false; }  // Asio does not say that the end has come
  void await_edge(int descriptor, Way way) override;
  void wake() noexcept override;
  void start_readiness(const Output& output) override;
  void cancel_readiness(const Output& output) override;

  std::unique_ptr<asio::io_context> own_context_;
  std::shared_ptr<World> world_;  // shared with the handlers that Asio still holds
};

}  // namespace rondo
