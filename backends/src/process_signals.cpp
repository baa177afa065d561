// SPDX-License-Identifier: BSL-1.0
// process_signals.cpp - the handler, and what was in its place before.
#include "process_signals.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "signal_listener.hpp"

namespace rondo {
namespace {

struct Taken {
  unsigned handlers = 0;
  struct sigaction before {};  // the last action that was not ours
};
std::mutex actions_mutex;  // never taken in a handler
std::array<Taken, SignalListener::limit> actions;
unsigned watchers = 0;  // of Ctrl-C; they take SIGINT only from the default action

/// The program did not end at the first Ctrl-C. It ends when the handler returns.
void abort_by_ctrl_c() {
  ::signal(SIGINT, SIG_DFL);
  ::raise(SIGINT);
}

/// May run on any thread between any two instructions: only atomics without locks, and write(), close() and raise().
void on_signal(int signal) {
  const int saved = errno;
  bool handled = false;
  SignalListener::for_each([&](SignalListener& each) { handled = each.tell(signal) || handled; });
  if (signal == SIGINT && !handled) {  // else the program takes care of Ctrl-C itself
    bool again = false;
    SignalListener::for_each([&](SignalListener& each) { again = each.interrupt() || again; });
    if (again) abort_by_ctrl_c();
  }
  errno = saved;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == on_signal;
}

Taken& taken(int signal) { return actions[static_cast<std::size_t>(signal)]; }

struct sigaction current_action(int signal) {
  struct sigaction current {};
  ::sigaction(signal, nullptr, &current);
  return current;
}

/// 0, or why not.
int take(int signal) {
  struct sigaction ours {};
  struct sigaction current {};
  ours.sa_handler = on_signal;
  ours.sa_flags = SA_RESTART;
  sigemptyset(&ours.sa_mask);
  if (::sigaction(signal, &ours, &current) != 0) return errno;
  if (!is_ours(current)) taken(signal).before = current;
  return 0;
}

void give_back_unused(int signal) {
  const Taken& known = taken(signal);
  const bool watched = signal == SIGINT && watchers > 0 && known.before.sa_handler == SIG_DFL;
  if (known.handlers > 0 || watched || !is_ours(current_action(signal))) return;
  ::sigaction(signal, &known.before, nullptr);
}

}  // namespace

std::uint64_t signals_to_handle() noexcept {
  std::uint64_t mask = ~std::uint64_t{1};
  for (const int never : {SIGKILL, SIGSTOP}) mask &= ~(std::uint64_t{1} << never);
  for (int own = SIGSYS + 1; own < SIGRTMIN; ++own) mask &= ~(std::uint64_t{1} << own);  // the C library's own
  return mask;
}

int begin_handling(int signal) {
  const std::lock_guard lock(actions_mutex);
  if (const int error = take(signal); error != 0) return error;
  ++taken(signal).handlers;
  return 0;
}

void end_handling(int signal) {
  const std::lock_guard lock(actions_mutex);
  --taken(signal).handlers;
  give_back_unused(signal);
}

bool begin_watching() {
  const std::lock_guard lock(actions_mutex);
  const struct sigaction current = current_action(SIGINT);
  const struct sigaction& beneath = is_ours(current) ? taken(SIGINT).before : current;
  if (beneath.sa_handler != SIG_DFL || take(SIGINT) != 0) return false;
  ++watchers;
  return true;
}

void end_watching() {
  const std::lock_guard lock(actions_mutex);
  --watchers;
  give_back_unused(SIGINT);
}

}  // namespace rondo
