// SPDX-License-Identifier: BSL-1.0
// spawn_process.cpp - see spawn_process.hpp.
//
// In the child the descriptors 0 to 2, and 3 for a channel, are put in their places, and all that was not asked for is
// closed. What is put there comes from numbers above 3, so that no step overwrites what a later one needs.
#include "spawn_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace rondo {
namespace {

constexpr int first_above = static_cast<int>(Spawn::channel_end) + 1;

/// Closed when this goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }
  int keep() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

/// What the child is to find, on our side of the spawn.
class Plan {
 public:
  Plan() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  ~Plan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  bool good() const { return error_ == 0; }
  void note(int error) {
    if (good()) error_ = error;
  }
  void set_up_stream(Seam* seam, int target, const Stdio& stdio);
  void set_up_channel(Seam* seam);
  void close_others(const Spawn& spawn);
  void enter(const std::string& directory) {
    if (!directory.empty()) note(posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str()));
  }
  void set_attributes(const Spawn& spawn);
  int start(Seam* seam, const Spawn& spawn);
  int end(std::size_t at) { return ours_[at].keep(); }

 private:
  void put(int source, int target);
  void make_pair(int target, int ours, int theirs);

  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  int error_ = 0;
  std::array<Descriptor, 4> ours_;
  std::vector<Descriptor> theirs_;  // and duplicates of the caller's
};

/// A duplicate of `source` above the targets becomes `target` in the child.
void Plan::put(int source, int target) {
  const int high = source < first_above ? ::fcntl(source, F_DUPFD_CLOEXEC, first_above) : source;
  if (high < 0) return note(errno);
  if (high != source) theirs_.emplace_back(high);
  note(posix_spawn_file_actions_adddup2(&actions_, high, target));
}

/// Ours does not block; the child's does, as programs expect it.
void Plan::make_pair(int target, int ours, int theirs) {
  ours_[static_cast<std::size_t>(target)] = Descriptor(ours);
  theirs_.emplace_back(theirs);
  if (::fcntl(ours, F_SETFL, ::fcntl(ours, F_GETFL) | O_NONBLOCK) < 0) return note(errno);
  put(theirs, target);
}

void Plan::set_up_stream(Seam* seam, int target, const Stdio& stdio) {
  if (!good()) return;
  switch (stdio.way) {
    case Stdio::Way::inherit:
      return;
    case Stdio::Way::devnull:
      return note(posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", O_RDWR, 0));
    case Stdio::Way::merge:
      return note(posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, target));
    case Stdio::Way::descriptor:
      return put(stdio.number, target);
    case Stdio::Way::pipe: {
      int ends[2];
      if (through(seam, SystemCall::pipe, [&] { return ::pipe2(ends, O_CLOEXEC); }) < 0) return note(errno);
      const bool child_reads = target == STDIN_FILENO;
      return make_pair(target, ends[child_reads ? 1 : 0], ends[child_reads ? 0 : 1]);
    }
  }
}

void Plan::set_up_channel(Seam* seam) {
  if (!good()) return;
  int ends[2];
  const auto make = [&] { return ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends); };
  if (through(seam, SystemCall::pipe, make) < 0) return note(errno);
  make_pair(static_cast<int>(Spawn::channel_end), ends[0], ends[1]);
}

/// From 3 on, or behind the channel.
void Plan::close_others(const Spawn& spawn) {
  std::vector<int> kept = spawn.pass;
  std::sort(kept.begin(), kept.end());
  int next = static_cast<int>(Spawn::channel_end) + (spawn.channel ? 1 : 0);
  for (const int descriptor : kept) {
    if (descriptor < next) continue;
    if (!good() || ::fcntl(descriptor, F_GETFD) < 0) return note(EBADF);
    for (; next < descriptor; ++next) note(posix_spawn_file_actions_addclose(&actions_, next));
    note(posix_spawn_file_actions_adddup2(&actions_, descriptor, descriptor));  // not closed by the exec
    next = descriptor + 1;
  }
  note(posix_spawn_file_actions_addclosefrom_np(&actions_, next));
}

void Plan::set_attributes(const Spawn& spawn) {
  short flags = POSIX_SPAWN_SETSIGDEF;
  sigset_t ordinary;
  sigemptyset(&ordinary);
  for (const int ignored : {SIGPIPE, SIGXFSZ}) sigaddset(&ordinary, ignored);
  note(posix_spawnattr_setsigdefault(&attributes_, &ordinary));
  if (spawn.new_session) flags = static_cast<short>(flags | POSIX_SPAWN_SETSID);
  if (spawn.process_group) {
    flags = static_cast<short>(flags | POSIX_SPAWN_SETPGROUP);
    note(posix_spawnattr_setpgroup(&attributes_, *spawn.process_group));
  }
  note(posix_spawnattr_setflags(&attributes_, flags));
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

int Plan::start(Seam* seam, const Spawn& spawn) {
  if (!good()) return -error_;
  const std::vector<char*> arguments = pointers_to(spawn.arguments);
  const std::vector<char*> variables = spawn.environment ? pointers_to(*spawn.environment) : std::vector<char*>();
  char* const* const environment = spawn.environment ? variables.data() : environ;
  pid_t process = 0;
  const int failed = through(seam, SystemCall::spawn, [&] {
    errno = posix_spawnp(&process, spawn.program.c_str(), &actions_, &attributes_, arguments.data(), environment);
    return errno == 0 ? 0 : -1;
  });
  return failed ? -errno : process;
}

}  // namespace

int spawn_process(Seam* seam, const Spawn& spawn, std::array<int, 4>& ends) {
  Plan plan;
  for (std::size_t i = 0; i < spawn.stdio.size(); ++i) plan.set_up_stream(seam, static_cast<int>(i), spawn.stdio[i]);
  if (spawn.channel) plan.set_up_channel(seam);
  plan.close_others(spawn);
  plan.enter(spawn.directory);
  plan.set_attributes(spawn);
  const int process = plan.start(seam, spawn);
  if (process < 0) return process;
  for (std::size_t i = 0; i < ends.size(); ++i) ends[i] = plan.end(i);
  return process;
}

}  // namespace rondo
