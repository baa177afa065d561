// SPDX-License-Identifier: BSL-1.0
// signal_listener.hpp - what one backend hears of the signals of its process: a count of each, and a pipe that wakes.
//
// The handler of the process runs on any thread at any time, also while a backend goes. So it walks over a list that
// only grows, of listeners that are never freed: one that was closed waits for its next owner. To use one it must hold
// it. Whoever drops it last, owner or handler, closes the pipe; until then no other file can have its numbers.
//
// Arrivals are counted, and the pipe only says that there are some: it may be full, and nothing is lost.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace rondo {

class SignalListener {
 public:
  /// Signals are numbers below this.
  static constexpr int limit = 64;

  // --- for the owner, on its thread ---------------------------------------------------------------------------------

  /// One that hears nothing yet. Throws std::system_error when the kernel refuses the pipe.
  static SignalListener& open();
  /// Gives it back.
  void close() noexcept { drop(); }

  /// Readable after wake(), until drain().
  int descriptor() const { return ends_[0]; }
  void wake() const noexcept;
  void drain() const noexcept;

  /// Arrivals of before do not count.
  void begin(int signal) noexcept;
  void end(int signal) noexcept { heard_.fetch_and(~bit(signal)); }
  /// How often the signal has come since it was asked last, `most` times at most; what is left is for the next time.
  std::uint32_t take(int signal, std::uint32_t most) noexcept;
  bool has(int signal) const noexcept { return arrivals_[at(signal)].load() != 0; }

  /// The same for Ctrl-C, as long as no listener hears SIGINT by begin().
  void begin_interrupts() noexcept;
  void end_interrupts() noexcept { watches_interrupts_.store(false); }
  /// True if the first one came since it was asked last.
  bool take_interrupt() noexcept { return interrupted_.exchange(false); }

  // --- for the handler of the process: all that follows is safe there -----------------------------------------------

  static SignalListener* first() noexcept;
  SignalListener* next() const noexcept { return next_; }
  /// Calls `function` with each that has an owner, and holds it meanwhile.
  template <class F>
  static void for_each(F function) noexcept {
    for (SignalListener* each = first(); each; each = each->next()) {
      if (!each->hold()) continue;
      function(*each);
      each->drop();
    }
  }
  /// False if it does not hear this signal.
  bool tell(int signal) noexcept;
  /// True if that was not the first Ctrl-C.
  bool interrupt() noexcept;

 private:
  static constexpr std::uint64_t bit(int signal) { return std::uint64_t{1} << signal; }
  static constexpr std::size_t at(int signal) { return static_cast<std::size_t>(signal); }
  bool claim() noexcept;
  bool hold() noexcept;
  void drop() noexcept;

  static constexpr int unowned = 0;
  static constexpr int changing = -1;  // one thread opens or closes it
  std::atomic<int> holders_ = changing;
  int ends_[2] = {-1, -1};
  SignalListener* next_ = nullptr;
  std::atomic<std::uint64_t> heard_ = 0;  // bit n: signal n
  std::array<std::atomic<std::uint32_t>, limit> arrivals_{};
  std::atomic<bool> watches_interrupts_ = false;
  std::atomic<bool> interrupted_ = false;
  std::atomic<std::uint32_t> interrupts_ = 0;

  static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<SignalListener*>::is_always_lock_free &&
                    std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
                "a signal handler may not wait for a lock");
};

}  // namespace rondo
