// SPDX-License-Identifier: BSL-1.0
// sim_processes.hpp - the processes of a simulated world: who runs, who waits for whose end.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/backends/sim_network.hpp>
#include <rondo/backends/sim_programs.hpp>
#include <rondo/net/spawn.hpp>
#include <rondo/task.hpp>

namespace rondo::sim {

/// Shared with the calls that it posts, which may run when the backend is gone.
class Processes : public std::enable_shared_from_this<Processes> {
 public:
  Processes(Network& network, Oracle& oracle, Poster& poster, const Programs* programs, bool worker_faults);

  /// The number of the new process, whose program begins with a post of its own; or -errno.
  std::int32_t spawn(Spawn& spawn);
  void wait(const Output& output);
  /// False if no operation of this name waits.
  bool cancel(OperationId id);
  std::int32_t kill(std::int32_t process, int signal);
  /// Appends what has ended.
  void take(std::vector<Input>& inputs);

 private:
  struct Process {
    const Program* program;
    Child child;                        // until it begins
    std::vector<std::int32_t> handles;  // of the child: in, out, err, channel; -1
    Task<> task;
    std::optional<std::int32_t> result;
    std::optional<OperationId> waiter;
  };
  class Running;
  const Program* find_program(const Spawn& spawn) const;
  std::int32_t open_stream(const Stdio& stdio, std::size_t target, Spawn& spawn, std::vector<std::int32_t>& handles);
  void begin(std::int32_t number);
  void end(std::int32_t number, std::int32_t result);
  void forget_task(std::int32_t number);
  static Coro<> run(std::shared_ptr<Processes> self, std::int32_t number, const Program* program, Child child);
  template <class F>
  void post(F function);

  Network& network_;
  Oracle& oracle_;
  Poster& poster_;
  const Programs* programs_;
  Program worker_;  // of process pools
  std::map<std::int32_t, Process> processes_;  // that nobody has waited for yet
  std::vector<Input> ready_;
  std::int32_t next_ = 2;
};

}  // namespace rondo::sim
