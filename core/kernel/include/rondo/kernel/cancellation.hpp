// SPDX-License-Identifier: BSL-1.0
// cancellation.hpp - one or several requests to end, with one message, on their way along "waits for".
#pragma once

#include <cstdint>
#include <vector>

#include <rondo/kernel/fork.hpp>
#include <rondo/kernel/kernel.hpp>

namespace rondo {

/// Nothing else happens to the kernel while this exists. Linear in the tasks and forks that are reached, however many
/// ways lead to them; counts of requests are what asyncio's would be.
class Kernel::Cancellation {
 public:
  Cancellation(Kernel& kernel, const Message& message) : kernel_(kernel), message_(message) {}
  /// For several requests: the second one stops where the first has been.
  struct Several {};
  Cancellation(Kernel& kernel, const Message& message, Several) : Cancellation(kernel, message) { begin_marks(); }
  ~Cancellation();
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  /// Asks `first` to end; true if that was noted.
  bool ask(Waitable& first);

 private:
  /// A task or fork that was reached, by the order in which that happened.
  struct Mark {
    FutureCore* future;
    std::uint32_t own;     // ways to it: requests that began here, and then those of who waits for it
    std::uint32_t before;  // who waits for it and is not counted; then the next in a list
  };
  void begin_marks();
  void mark(FutureCore& future, std::uint32_t own) noexcept;
  bool is_marked(const Waitable& waitable) const;
  Mark& mark_of(const Waitable& waitable);
  Waitable* follow(Waitable* waitable) const;
  bool ends_in_circle(Waitable* first) const;
  bool go_down(Waitable& from);
  bool enter(Fork& fork);
  bool end_at(Waitable& at);
  Waitable* go_up(bool& answer);
  static void note_answer(Fork& fork, bool answer);
  template <class F>
  void for_each_next(const Mark& mark, F function);
  void ask_again(TaskCore& task, std::uint32_t requests);
  void count_ways();

  Kernel& kernel_;
  const Message& message_;
  Fork* fork_ = nullptr;  // the fork whose children are being asked
  TaskCore* asked_ = nullptr;   // the last task on the way from there
  std::uint32_t own_ = 0;       // for the next that is marked: 1 if the request begins there
  bool marking_ = false;
  bool again_ = false;          // a walk was cut short
  std::uint64_t base_ = 0;      // stamps above it are of marks
  std::vector<Mark> marked_;
};

}  // namespace rondo
