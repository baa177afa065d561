// SPDX-License-Identifier: BSL-1.0
// wakeup.hpp - how a host that sleeps hears that something has become ready without it.
#pragma once

#include <rondo/time.hpp>

namespace rondo {

/// Silent while nobody listens, as inside a turn.
class Wakeup {
 public:
  using Function = void (*)(void* data) noexcept;

  /// The host is about to sleep until `deadline`.
  void listen(Function function, void* data, Instant deadline) {
    function_ = function;
    data_ = data;
    deadline_ = deadline;
  }
  void hush() { function_ = nullptr; }

  /// Something is ready. Calls the host at most once for each listen().
  void tell() {
    if (function_) [[unlikely]] call();
  }
  /// Something is to happen at `when`: calls the host if it would sleep too long.
  void tell(Instant when) {
    if (function_ && when < deadline_) [[unlikely]] call();
  }

 private:
  void call() {
    const Function waken = function_;
    function_ = nullptr;
    waken(data_);
  }
  Function function_ = nullptr;
  void* data_ = nullptr;
  Instant deadline_{};
};

}  // namespace rondo
