// SPDX-License-Identifier: BSL-1.0
// sim_processes.cpp - see sim_processes.hpp.
#include "sim_processes.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <rondo/loop.hpp>
#include <rondo/net/adopted.hpp>

#include "sim_worker.hpp"
#include "worker_frame.hpp"

namespace rondo::sim {
namespace {

/// Whether a signal ends nobody who does not handle it.
bool is_harmless(int signal) {
  switch (signal) {
    case 0:
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
    case SIGCONT:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return true;
    default:
      return false;
  }
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

const Program* Programs::find(const std::string& name) const {
  auto at = programs_.find(name);
  if (at == programs_.end()) at = programs_.find(last_part(name));
  return at == programs_.end() ? nullptr : &at->second;
}

template <class F>
void Processes::post(F function) {
  const auto call = [weak = weak_from_this(), function = std::move(function)] {
    if (const auto self = weak.lock()) function(*self);
  };
  using Posted = std::remove_const_t<decltype(call)>;
  poster_.post(Call<Posted>::make_foreign(poster_, call, Context(), Place::here()));
}

Processes::Processes(Network& network, Oracle& oracle, Poster& poster, const Programs* programs, bool worker_faults)
    : network_(network),
      oracle_(oracle),
      poster_(poster),
      programs_(programs),
      worker_([worker_faults](Child child) { return serve_as_worker(std::move(child), worker_faults); }) {}

/// A worker of a process pool is there without being registered, unless the test has one of its own.
const Program* Processes::find_program(const Spawn& spawn) const {
  const Program* const registered = programs_ ? programs_->find(spawn.program) : nullptr;
  const bool worker = spawn.arguments.size() > 1 && spawn.arguments[1] == worker_argument;
  return registered || !worker ? registered : &worker_;
}

// --- starting --------------------------------------------------------------------------------------------------------

/// 0 or -errno.
std::int32_t Processes::open_stream(const Stdio& stdio, std::size_t target, Spawn& spawn,
                                    std::vector<std::int32_t>& handles) {
  switch (stdio.way) {
    case Stdio::Way::descriptor:
      return -ENOTSUP;  // there are none here
    case Stdio::Way::merge:
      handles[target] = network_.duplicate(handles[1]);
      return 0;
    case Stdio::Way::inherit:
    case Stdio::Way::devnull:
      handles[target] = network_.open_null();
      return 0;
    case Stdio::Way::pipe:
      break;
  }
  const auto [read, write] = network_.open_pipe();
  handles[target] = target == 0 ? read : write;
  spawn.ends[target] = target == 0 ? write : read;
  return 0;
}

std::int32_t Processes::spawn(Spawn& spawn) {
  const Program* const program = find_program(spawn);
  if (!program) return -ENOENT;
  const auto asks_for_descriptor = [](const Stdio& each) { return each.way == Stdio::Way::descriptor; };
  if (std::any_of(spawn.stdio.begin(), spawn.stdio.end(), asks_for_descriptor)) return -ENOTSUP;
  std::vector<std::int32_t> handles(4, -1);
  for (std::size_t i = 0; i < spawn.stdio.size(); ++i) open_stream(spawn.stdio[i], i, spawn, handles);
  if (spawn.channel) {
    const auto [ours, theirs] = network_.open_channel();
    spawn.ends[Spawn::channel_end] = ours;
    handles[Spawn::channel_end] = theirs;
  }
  const std::int32_t number = next_++;
  Process& process = processes_[number];
  process.program = program;
  process.child.pid = number;
  process.child.arguments = spawn.arguments;
  process.child.environment = spawn.environment;
  process.child.directory = spawn.directory;
  process.child.oracle = &oracle_;
  process.handles = std::move(handles);
  post([number](Processes& self) { self.begin(number); });
  return number;
}

void Processes::begin(std::int32_t number) {
  const auto at = processes_.find(number);
  if (at == processes_.end() || at->second.result) return;  // killed before it began
  Process& process = at->second;
  Child child = std::move(process.child);
  child.std_in = reader_of_pipe(Socket(process.handles[0]), {});
  child.std_out = writer_of_pipe(Socket(process.handles[1]), {});
  child.std_err = writer_of_pipe(Socket(process.handles[2]), {});
  if (process.handles[Spawn::channel_end] >= 0) {
    const auto stream = StreamCore::make(Socket(process.handles[Spawn::channel_end]), Endpoint(), {});
    child.channel = Connection{StreamReader(stream), StreamWriter(stream)};
  }
  const std::string name = "process " + std::to_string(number) + ": " + child.arguments.front();
  process.task = create_task(run(shared_from_this(), number, process.program, std::move(child)), {.name = name});
}

/// Notes the end of a program however it comes about, also when its loop is destroyed.
class Processes::Running {
 public:
  Running(Processes& processes, std::int32_t number) : processes_(processes), number_(number) {}
  ~Running() {
    processes_.forget_task(number_);
    processes_.end(number_, result);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  std::int32_t result = child_signalled + SIGTERM;

 private:
  Processes& processes_;
  std::int32_t number_;
};

Coro<> Processes::run(std::shared_ptr<Processes> self, std::int32_t number, const Program* program, Child child) {
  Running running(*self, number);
  const std::string name = child.arguments.front();
  const auto outcome = co_await as_outcome((*program)(std::move(child)));
  if (outcome.cancelled()) outcome.raise();
  running.result = outcome.has_value() ? outcome.value() & 0xff : 1;
  if (outcome.error()) {
    this_loop().call_exception_handler({"a simulated program failed", outcome.error(), name});
  }
}

// --- ending ----------------------------------------------------------------------------------------------------------

void Processes::forget_task(std::int32_t number) {
  const auto at = processes_.find(number);
  if (at == processes_.end()) return;
  at->second.task = Task<>();
  if (at->second.result && at->second.waiter) processes_.erase(at);
}

/// The first end counts.
void Processes::end(std::int32_t number, std::int32_t result) {
  const auto at = processes_.find(number);
  if (at == processes_.end() || at->second.result) return;
  Process& process = at->second;
  process.result = result;
  if (!process.waiter) return;
  ready_.push_back(Input::completion(*process.waiter, result));
  if (!process.task) processes_.erase(at);
}

void Processes::wait(const Output& output) {
  const auto at = processes_.find(output.handle);
  if (at == processes_.end()) return ready_.push_back(Input::completion(output.id, -ECHILD));
  Process& process = at->second;
  process.waiter = output.id;
  if (!process.result) return;
  ready_.push_back(Input::completion(output.id, *process.result));
  if (!process.task) processes_.erase(at);
}

bool Processes::cancel(OperationId id) {
  for (auto& [number, process] : processes_) {
    if (process.waiter != id || process.result) continue;
    process.waiter.reset();
    ready_.push_back(Input::completion(id, -ECANCELED));
    return true;
  }
  return false;
}

/// The streams of a killed process break at once; its task hears of it in a turn of its own.
std::int32_t Processes::kill(std::int32_t number, int signal) {
  const auto at = processes_.find(number);
  if (at == processes_.end() || at->second.result) return 0;
  if (signal < 0 || signal > 64) return -EINVAL;
  if (is_harmless(signal)) return 0;
  for (const std::int32_t handle : at->second.handles) {
    if (handle >= 0) network_.break_handle(handle);
  }
  end(number, child_signalled + signal);
  post([number](Processes& self) {
    const auto running = self.processes_.find(number);
    if (running != self.processes_.end() && running->second.task) running->second.task.cancel();
  });
  return 0;
}

void Processes::take(std::vector<Input>& inputs) {
  inputs.insert(inputs.end(), ready_.begin(), ready_.end());
  ready_.clear();
}

}  // namespace rondo::sim
