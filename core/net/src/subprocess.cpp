// SPDX-License-Identifier: BSL-1.0
// subprocess.cpp - starting children, and talking to them.
#include <rondo/subprocess.hpp>

#include <rondo/gather.hpp>
#include <rondo/kernel/facilities.hpp>
#include <rondo/net/adopted.hpp>
#include <rondo/net/printable.hpp>

namespace rondo {
namespace {

constexpr int terminate_signal = 15;       // SIGTERM, on every Linux
constexpr std::size_t written_at_once = 64 * 1024;

std::vector<std::string> environment_of(const Environment& variables) {
  std::vector<std::string> environment;
  environment.reserve(variables.size());
  for (const auto& [name, value] : variables) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::invalid_argument("subprocess: '" + printable(name) +
                                  "' cannot name an environment variable: a name is not empty, and has no '='");
    }
    environment.push_back(name + "=" + value);
    refuse_null(environment.back(), "the environment");
  }
  return environment;
}

/// Reads all that the options point to.
Spawn spawn_of(Command command, const SubprocessOptions& options) {
  Spawn spawn;
  spawn.arguments = std::move(command.words());
  if (spawn.arguments.empty() || spawn.arguments.front().empty()) {
    throw std::invalid_argument("subprocess: the command is empty; its first word must name a program");
  }
  for (const std::string& argument : spawn.arguments) refuse_null(argument, "the command");
  refuse_null(options.cwd, "the directory");
  if (options.std_in.way == Stdio::Way::merge || options.std_out.way == Stdio::Way::merge) {
    throw std::invalid_argument("subprocess: Stdio::merge is for std_err alone, which then goes where std_out does");
  }
  for (const int descriptor : options.pass_fds) {
    if (descriptor >= 0 && !(options.channel && descriptor == static_cast<int>(Spawn::channel_end))) continue;
    throw std::invalid_argument("subprocess: descriptor " + std::to_string(descriptor) + " cannot be passed: " +
                                (descriptor < 0 ? "it is no descriptor" : "3 is the channel"));
  }
  options.limits.check();
  spawn.program = spawn.arguments.front();
  if (options.env) spawn.environment = environment_of(*options.env);
  spawn.directory = options.cwd;
  spawn.stdio = {options.std_in, options.std_out, options.std_err};
  spawn.pass.assign(options.pass_fds.begin(), options.pass_fds.end());
  spawn.channel = options.channel;
  spawn.new_session = options.start_new_session;
  spawn.process_group = options.process_group;
  return spawn;
}

/// What a child that is killed, or does not read, makes of a write to it.
bool is_gone(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& reason) {
    return reason.code() == std::errc::broken_pipe || reason.code() == std::errc::connection_reset;
  } catch (...) {
    return false;
  }
}

Coro<> write_all(const StreamWriter& writer, const std::string& input) {
  for (std::size_t at = 0; at < input.size(); at += written_at_once) {
    writer.write(std::string_view(input).substr(at, written_at_once));
    co_await unnoted(writer.drain());
  }
}

Coro<> feed(StreamWriter std_in, std::string input) {
  const StreamWriter writer = std::move(std_in);  // closed at the end of this, not with the task
  if (!writer) co_return;
  const auto outcome = co_await unnoted(as_outcome(write_all(writer, input)));
  if (outcome.cancelled() || (outcome.error() && !is_gone(outcome.error()))) outcome.raise();
}

Coro<> read_all(StreamReader reader, std::string& into) {
  if (reader) into = co_await unnoted(reader.read());
}

}  // namespace

/// The pieces of a process on their way into its handle.
class Starting {
 public:
  static Coro<Process> start(Spawn spawn, StreamLimits limits) {
    facilities::processes();
    Output output;
    output.kind = OperationKind::spawn;
    output.spawn = &spawn;
    const auto pid = static_cast<int>(co_await unnoted(SocketOperation(output)));
    Socket ends[4];
    for (std::size_t i = 0; i < 4; ++i) {
      if (spawn.ends[i] >= 0) ends[i] = Socket(spawn.ends[i]);
    }
    Process process;
    process.core_ = ProcessCore::make(pid);
    if (ends[0].is_open()) process.std_in = writer_of_pipe(std::move(ends[0]), limits);
    if (ends[1].is_open()) process.std_out = reader_of_pipe(std::move(ends[1]), limits);
    if (ends[2].is_open()) process.std_err = reader_of_pipe(std::move(ends[2]), limits);
    if (ends[3].is_open()) {
      const auto stream = StreamCore::make(std::move(ends[3]), Endpoint(), limits);
      process.channel = Connection{StreamReader(stream), StreamWriter(stream)};
    }
    co_return process;
  }
};

Process& Process::operator=(Process&& other) noexcept {
  if (this == &other) return *this;
  const Process old = std::move(*this);
  std_in = std::move(other.std_in);
  std_out = std::move(other.std_out);
  std_err = std::move(other.std_err);
  channel = std::move(other.channel);
  core_ = std::move(other.core_);
  return *this;
}

Process::~Process() {
  if (core_) core_->let_go();
}

ProcessCore& Process::core() const {
  if (!core_) throw RuntimeError("the Process is empty: it was default-constructed or moved from");
  return *core_;
}

void Process::terminate() const { send_signal(terminate_signal); }

static Coro<ProcessOutput> talk(Ref<ProcessCore> core, StreamWriter std_in, std::string input, StreamReader std_out,
                                StreamReader std_err) {
  ProcessOutput output;
  // All three end before this goes on: they write into what is here.
  const auto ends = co_await unnoted(gather(return_exceptions, feed(std::move(std_in), std::move(input)),
                                    read_all(std_out, output.std_out), read_all(std_err, output.std_err)));
  std::get<0>(ends).raise();
  std::get<1>(ends).raise();
  std::get<2>(ends).raise();
  static_cast<void>(co_await unnoted(ProcessCore::wait(core)));
  co_return output;
}

Coro<ProcessOutput> Process::communicate(std::string input) {
  if (!input.empty() && !std_in) {
    throw std::invalid_argument("communicate: there is input, but std_in is no pipe (Stdio::pipe), or was closed");
  }
  return talk(Ref<ProcessCore>(core()), std::move(std_in), std::move(input), std_out, std_err);
}

Coro<Process> create_subprocess_exec(Command command, SubprocessOptions options) {
  return Starting::start(spawn_of(std::move(command), options), options.limits);
}

Coro<Process> create_subprocess_shell(std::string line, SubprocessOptions options) {
  return create_subprocess_exec(Command("/bin/sh", "-c", std::move(line)), options);
}

}  // namespace rondo
