// SPDX-License-Identifier: BSL-1.0
// children.hpp - the child processes of one backend: started, signalled, reaped.
//
// A child is told by its pidfd, which is readable when it has ended; where the system has none, by SIGCHLD. A child
// that was not reaped when its backend goes is reaped by the next that looks, and killed by nobody.
#pragma once

#include <array>
#include <map>

#include <rondo/backends/seam.hpp>
#include <rondo/contract.hpp>

namespace rondo {

struct Spawn;

class Children {
 public:
  explicit Children(Seam* seam) : seam_(seam) {}
  ~Children();
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;

  /// Descriptors of ours, each -1 if there is none.
  using Ends = std::array<int, 4>;
  /// The number of the new process, or -errno; our ends of its pipes go to `ends`, and are the caller's.
  int spawn(const Spawn& spawn, Ends& ends);
  /// What a child's end is told by; -1: by SIGCHLD.
  int pidfd(int process) const;
  /// From now on by SIGCHLD.
  void give_up_pidfd(int process) noexcept;
  /// Somebody waits: nothing if this is no child of ours. `id` must be known by nobody else.
  bool begin_wait(int process, OperationId id);
  void end_wait(OperationId id) { waits_.erase(id.key()); }
  bool waited() const { return !waits_.empty(); }
  /// The process that this operation waits for; 0 if it does not.
  int process_of(OperationId id) const;
  /// True if it has ended: its result, as OperationKind::child has it; the desk forgets it.
  bool reap(int process, std::int32_t& result);
  /// Kills and reaps it: nobody will ever ask for it.
  void discard(int process) noexcept;
  /// 0 or errno.
  int kill(int process, int signal);

 private:
  struct Child {
    int pidfd = -1;
    bool killed = false;  // SIGKILL is on its way
  };
  void reap_forgotten();

  Seam* seam_;
  std::map<int, Child> children_;        // by the number of the process
  std::map<std::uint64_t, int> waits_;  // who waits for which
};

}  // namespace rondo
