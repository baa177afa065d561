// SPDX-License-Identifier: BSL-1.0
// children.cpp - the ends of children.
#include "children.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

#include "spawn_process.hpp"

namespace rondo {
namespace {

std::mutex orphans_mutex;
std::vector<int> orphans;  // children of backends that are gone

void reap_orphans() {
  const std::lock_guard lock(orphans_mutex);
  std::erase_if(orphans, [](int process) { return ::waitpid(process, nullptr, WNOHANG) != 0; });
}

pid_t wait_for(int process, int how) {
  pid_t ended = 0;
  while ((ended = ::waitpid(process, nullptr, how)) < 0 && errno == EINTR) {
  }
  return ended;
}

int open_pidfd(Seam* seam, int process) {
  return through(seam, SystemCall::pidfd, [&] { return static_cast<int>(::syscall(SYS_pidfd_open, process, 0)); });
}

}  // namespace

Children::~Children() {
  for (const auto& [process, child] : children_) {
    if (child.pidfd >= 0) ::close(child.pidfd);
    if (wait_for(process, child.killed ? 0 : WNOHANG) != 0) continue;
    const std::lock_guard lock(orphans_mutex);
    orphans.push_back(process);
  }
}

int Children::spawn(const Spawn& spawn, Ends& ends) {
  reap_orphans();
  reap_forgotten();
  const int process = spawn_process(seam_, spawn, ends);
  if (process > 0) children_[process].pidfd = open_pidfd(seam_, process);
  return process;
}

int Children::pidfd(int process) const {
  const auto at = children_.find(process);
  return at == children_.end() ? -1 : at->second.pidfd;
}

void Children::give_up_pidfd(int process) noexcept {
  const auto at = children_.find(process);
  if (at != children_.end() && at->second.pidfd >= 0) ::close(std::exchange(at->second.pidfd, -1));
}

bool Children::begin_wait(int process, OperationId id) {
  if (!children_.contains(process)) return false;
  waits_[id.key()] = process;
  return true;
}

int Children::process_of(OperationId id) const {
  const auto at = waits_.find(id.key());
  return at == waits_.end() ? 0 : at->second;
}

bool Children::reap(int process, std::int32_t& result) {
  int status = 0;
  const int ended = ::waitpid(process, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
  if (ended < 0) {
    result = -errno;  // somebody else has reaped it, or the program ignores SIGCHLD
  } else {
    result = WIFSIGNALED(status) ? child_signalled + WTERMSIG(status) : WEXITSTATUS(status);
  }
  const auto at = children_.find(process);
  if (at->second.pidfd >= 0) ::close(at->second.pidfd);
  children_.erase(at);
  return true;
}

void Children::discard(int process) noexcept {
  ::kill(process, SIGKILL);
  wait_for(process, 0);
  give_up_pidfd(process);
  children_.erase(process);
}

/// Those that were killed when their loop ended.
void Children::reap_forgotten() {
  std::erase_if(children_, [this](auto& each) {
    auto& [process, child] = each;
    const auto waits = [number = process](const auto& wait) { return wait.second == number; };
    if (!child.killed || std::any_of(waits_.begin(), waits_.end(), waits)) return false;
    if (wait_for(process, WNOHANG) == 0) return false;
    if (child.pidfd >= 0) ::close(child.pidfd);
    return true;
  });
}

int Children::kill(int process, int signal) {
  const auto at = children_.find(process);
  if (at == children_.end()) return 0;
  if (::kill(process, signal) != 0) return errno;
  if (signal == SIGKILL) at->second.killed = true;
  return 0;
}

}  // namespace rondo
