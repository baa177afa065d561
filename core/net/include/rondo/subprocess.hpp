// SPDX-License-Identifier: BSL-1.0
// subprocess.hpp - child processes, as asyncio has them.
//
// The standard streams are called std_in, std_out and std_err, since C has macros of the shorter names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/connection.hpp>
#include <rondo/net/process_core.hpp>
#include <rondo/net/spawn.hpp>

namespace rondo {

/// A program and its arguments: Command("ls", "-l"), Command({vector}). The program is looked for in PATH, unless there
/// is a slash in it.
class Command {
 public:
  template <class... Words>
    requires(std::convertible_to<Words, std::string> && ...)
  Command(Words&&... words) {
    words_.reserve(sizeof...(words));
    (words_.emplace_back(std::forward<Words>(words)), ...);
  }
  Command(std::vector<std::string> words) : words_(std::move(words)) {}
  std::vector<std::string>& words() { return words_; }

 private:
  std::vector<std::string> words_;
};

/// Names and values. A name that comes twice is the system's to judge.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// What is pointed to is read during the call.
struct SubprocessOptions {
  Stdio std_in = {};   // by default the child has this process's own
  Stdio std_out = {};
  Stdio std_err = {};
  std::string_view cwd = {};  // where the child begins; empty: where this process is
  const Environment* env = nullptr;  // the whole of it; null: that of this process
  std::span<const int> pass_fds = {};  // descriptors that the child has under the same numbers; no others from 3 on
  bool channel = false;            // a socket pair: Process::channel here, descriptor 3 in the child
  bool start_new_session = false;  // setsid(): Ctrl-C at the terminal does not reach it
  std::optional<int> process_group = {};  // 0: one of its own
  StreamLimits limits = {};        // of the streams
};

/// What a child has written.
struct ProcessOutput {
  std::string std_out;
  std::string std_err;
};

/// A child process that was started. When the handle goes the child is killed, unless detach() was called or it has
/// ended, and reaped in the background: there is no zombie while a loop runs. The same happens when the loop ends.
/// Movable; belongs to the loop's thread. Source: asyncio.subprocess.Process.
class Process {
 public:
  Process() = default;
  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  /// Ends of pipes, where Stdio::pipe was asked for: else they are empty, and throw RuntimeError when used.
  StreamWriter std_in;
  StreamReader std_out;
  StreamReader std_err;
  /// Both ends of the channel, if there is one.
  Connection channel;

  int pid() const { return core().pid(); }
  /// How it ended: what it exited with, or -N if signal N ended it; nothing as long as the loop has not heard of it.
  std::optional<int> returncode() const { return core().returncode(); }
  /// Suspends until the child has ended; then its returncode. Any number of tasks may wait. A cancellation leaves the
  /// child alone. A child that fills a pipe which nobody reads does not end: see communicate().
  Coro<int> wait() const { return ProcessCore::wait(Ref<ProcessCore>(core())); }
  /// Writes `input` to std_in and closes it, reads std_out and std_err to their ends, then waits. What is no pipe is
  /// left out. A child that does not read all of its input is no error. What it writes is kept whole in memory, and
  /// nothing besides. A cancellation loses what was read so far.
  Coro<ProcessOutput> communicate(std::string input = {});
  /// std::errc::no_such_process when it has ended. The signal is sent when this step ends; if the system refuses it
  /// (EPERM, for a child that has become another user's) the loop's exception handler is told.
  void send_signal(int signal) const { core().send_signal(signal); }
  void terminate() const;  // SIGTERM
  void kill() const { send_signal(kill_signal); }
  /// The child goes on when this handle goes. It is still reaped.
  void detach() const { core().detach(); }

 private:
  friend class Starting;
  ProcessCore& core() const;
  Ref<ProcessCore> core_;
};

/// Starts a program. std::system_error if it cannot be started, whose text names it and, if there is one, the
/// directory; std::invalid_argument for an empty command, a null byte, or a variable's name with '='. A cancellation
/// leaves no child. The child ignores no signal that this process ignores for its own sake (SIGPIPE). Source:
/// asyncio.create_subprocess_exec.
Coro<Process> create_subprocess_exec(Command command, SubprocessOptions options = {});
/// Runs `line` by /bin/sh -c. Mind what a shell makes of text that comes from elsewhere. Source:
/// asyncio.create_subprocess_shell.
Coro<Process> create_subprocess_shell(std::string line, SubprocessOptions options = {});

}  // namespace rondo
