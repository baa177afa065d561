// SPDX-License-Identifier: BSL-1.0
// ahead_slot.hpp - a job that a worker finds when it has done the one that it runs, so that it need not wait for the
// next.
//
// The slot is a socket pair of packets, and both the worker and the pool hold the end that it is read from. Whoever
// reads the packet has the job: so the pool can take it back for a worker that has nothing to do, or for a
// cancellation, and never is a job run twice.
#pragma once

#include <string_view>

#include "worker_frame.hpp"

namespace rondo {

class AheadSlot {
 public:
  /// What fits surely. Longer calls go through the channel.
  static constexpr std::size_t most = 32 * 1024;

  /// Throws std::system_error.
  AheadSlot();
  ~AheadSlot();
  AheadSlot(const AheadSlot&) = delete;
  AheadSlot& operator=(const AheadSlot&) = delete;

  /// The descriptor that the worker gets, under the same number.
  int worker_end() const { return ends_[1]; }
  /// False if there is no room. The slot is empty.
  bool put(const FrameHeader& header, std::string_view arguments) noexcept;
  /// False if the worker has taken it.
  bool take_back() noexcept;

 private:
  int ends_[2];
};

}  // namespace rondo
