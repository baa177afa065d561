// SPDX-License-Identifier: BSL-1.0
// asio.hpp - the backend on standalone Asio, on an io_context of its own or on the caller's.
//
// Asio's headers stay in asio.cpp: who includes this pays for none of them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/inbox.hpp>
#include <rondo/backends/jobs.hpp>
#include <rondo/backends/signals.hpp>

namespace asio {
class io_context;
}

namespace rondo {

struct AsioOptions {
  ThreadPoolOptions default_executor = {};  // made when the first job needs it
};

/// Waits in io_context::run_one(). One loop at a time; everything but post() belongs to the loop's thread. On the caller's
/// io_context the caller's handlers run as well while this waits; the context must outlive the backend, and nobody else
/// may run it meanwhile.
class AsioBackend final : public Backend {
 public:
  explicit AsioBackend(AsioOptions options = {});
  explicit AsioBackend(asio::io_context& context, AsioOptions options = {});
  ~AsioBackend() override;
  AsioBackend(const AsioBackend&) = delete;
  AsioBackend& operator=(const AsioBackend&) = delete;

  std::string_view name() const override { return "asio"; }
  Instant now() noexcept override;
  std::span<const Input> reap(Instant deadline) override;
  void submit(std::span<const Output> outputs) override;
  void post(CallCore& call) noexcept override;
  void shutdown_default_executor() override;
  void begin_interrupts(CallCore& call) override;
  void end_interrupts() override;
  void prepare(Loop& loop) override;

  asio::io_context& context() const;

 private:
  class World;

  AsioBackend(std::unique_ptr<asio::io_context> own, asio::io_context* context, AsioOptions options);
  void put(const Input& input) noexcept;
  void start(const Output& output);
  void cancel(const Output& output);

  std::unique_ptr<asio::io_context> own_context_;
  std::int64_t start_ns_;
  std::vector<Input> ready_;  // found by submit(), reported by the next reap()
  std::vector<Input> inputs_;
  SignalPipe signals_;
  std::shared_ptr<World> world_;  // shared with the handlers that Asio still holds
  Inbox inbox_;
  JobDesk jobs_;  // last: what its threads finish goes into the inbox
};

}  // namespace rondo
