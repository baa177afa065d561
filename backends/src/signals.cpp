// SPDX-License-Identifier: BSL-1.0
// signals.cpp - the process's handlers, and the pipe that they write to.
#include <rondo/backends/signals.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include <rondo/call.hpp>

namespace rondo {
namespace {

/// Where the process's handlers write: a pipe per signal, shared by those backends that watch it last.
std::array<std::atomic<int>, NSIG> signal_pipes{};  // descriptor + 1; 0: nobody
std::atomic<bool> interrupt_once = false;           // a runner watches Ctrl-C
std::atomic<int> interrupts = 0;

extern "C" void on_signal(int signal) {
  const int saved = errno;
  if (signal == SIGINT && interrupt_once.load() && interrupts.fetch_add(1) > 0) {
    ::signal(SIGINT, SIG_DFL);  // the program did not end at the first Ctrl-C: abort at the second
    ::raise(SIGINT);
  }
  const int pipe = signal_pipes[static_cast<std::size_t>(signal)].load() - 1;
  if (pipe >= 0) {
    const auto byte = static_cast<unsigned char>(signal);
    [[maybe_unused]] const auto written = ::write(pipe, &byte, 1);
  }
  errno = saved;
}

/// 0, or why not.
int install(int signal, int pipe) {
  signal_pipes[static_cast<std::size_t>(signal)].store(pipe + 1);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  return sigaction(signal, &action, nullptr) == 0 ? 0 : errno;
}

void uninstall(int signal) {
  ::signal(signal, SIG_DFL);
  signal_pipes[static_cast<std::size_t>(signal)].store(0);
}

}  // namespace

SignalPipe::SignalPipe() {
  if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
}

SignalPipe::~SignalPipe() {
  end_interrupts();
  for (const auto& [signal, id] : operations_) uninstall(signal);
  for (const int end : ends_) ::close(end);
}

void SignalPipe::read(std::vector<Input>& inputs) {
  std::array<unsigned char, 64> numbers;
  for (;;) {
    const auto size = ::read(ends_[0], numbers.data(), numbers.size());
    if (size <= 0) return;
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
      const int signal = numbers[i];
      if (const auto found = operations_.find(signal); found != operations_.end()) {
        inputs.push_back(Input::completion(found->second, 0, true));
      } else if (signal == SIGINT && interrupt_) {
        inputs.push_back(Input::post(*std::exchange(interrupt_, nullptr)));
      }
    }
  }
}

void SignalPipe::start(const Output& output, std::vector<Input>& inputs) {
  const bool possible = output.handle > 0 && output.handle < NSIG;
  const int error = possible ? install(output.handle, ends_[1]) : EINVAL;
  if (error != 0) return inputs.push_back(Input::completion(output.id, -error));
  operations_[output.handle] = output.id;
  if (output.handle == SIGINT) interrupt_once.store(false);  // the program takes care of Ctrl-C itself
}

void SignalPipe::cancel(const Output& output, std::vector<Input>& inputs) {
  const auto found = operations_.find(output.handle);
  if (found == operations_.end()) return;
  const bool current = found->second == output.id;
  if (current) {
    operations_.erase(found);
    uninstall(output.handle);
    if (output.handle == SIGINT && interrupt_) watch_interrupts();
  }
  inputs.push_back(Input::completion(output.id, -ECANCELED));
}

void SignalPipe::begin_interrupts(CallCore& call) {
  end_interrupts();
  struct sigaction current {};
  sigaction(SIGINT, nullptr, &current);
  if (current.sa_handler != SIG_DFL) return call.release();  // somebody handles Ctrl-C already, or ignores it
  interrupt_ = &call;
  watch_interrupts();
}

void SignalPipe::watch_interrupts() {
  interrupts.store(0);
  interrupt_once.store(true);
  if (const int error = install(SIGINT, ends_[1]); error != 0) {
    throw std::system_error(error, std::generic_category(), "cannot handle Ctrl-C");
  }
}

void SignalPipe::end_interrupts() {
  if (interrupt_once.exchange(false)) uninstall(SIGINT);
  if (interrupt_) interrupt_->release();
  interrupt_ = nullptr;
}

}  // namespace rondo
