// SPDX-License-Identifier: BSL-1.0
// signal_listener.cpp - who holds a listener, and what it counts.
#include "signal_listener.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace rondo {
namespace {

std::atomic<SignalListener*> all_listeners = nullptr;

}  // namespace

SignalListener* SignalListener::first() noexcept { return all_listeners.load(); }

// --- holding ---------------------------------------------------------------------------------------------------------

SignalListener& SignalListener::open() {
  SignalListener* found = first();
  while (found && !found->claim()) found = found->next();
  if (!found) {
    found = new SignalListener;  // for ever; nobody but us sees its state change
    found->next_ = all_listeners.load();
    while (!all_listeners.compare_exchange_weak(found->next_, found)) {
    }
  }
  const bool made = ::pipe2(found->ends_, O_CLOEXEC | O_NONBLOCK) == 0;
  const int error = errno;
  found->heard_.store(0);
  found->watches_interrupts_.store(false);
  found->holders_.store(made ? 1 : unowned);
  if (!made) throw std::system_error(error, std::generic_category(), "pipe2");
  return *found;
}

bool SignalListener::claim() noexcept {
  int expected = unowned;
  return holders_.compare_exchange_strong(expected, changing);
}

bool SignalListener::hold() noexcept {
  int holders = holders_.load();
  while (holders > 0 && !holders_.compare_exchange_weak(holders, holders + 1)) {
  }
  return holders > 0;
}

void SignalListener::drop() noexcept {
  int holders = holders_.load();
  while (!holders_.compare_exchange_weak(holders, holders == 1 ? changing : holders - 1)) {
  }
  if (holders != 1) return;
  for (const int end : ends_) ::close(end);
  holders_.store(unowned);
}

// --- the owner -------------------------------------------------------------------------------------------------------

void SignalListener::wake() const noexcept {
  const char byte = 0;
  [[maybe_unused]] const auto written = ::write(ends_[1], &byte, 1);  // a full pipe is readable, too
}

void SignalListener::drain() const noexcept {
  std::array<char, 4096> bytes;
  while (::read(ends_[0], bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
  }
}

void SignalListener::begin(int signal) noexcept {
  arrivals_[at(signal)].store(0);
  heard_.fetch_or(bit(signal));
}

std::uint32_t SignalListener::take(int signal, std::uint32_t most) noexcept {
  const std::uint32_t taken = std::min(arrivals_[at(signal)].load(), most);
  arrivals_[at(signal)].fetch_sub(taken);
  return taken;
}

void SignalListener::begin_interrupts() noexcept {
  interrupted_.store(false);
  interrupts_.store(0);
  watches_interrupts_.store(true);
}

// --- the handler -----------------------------------------------------------------------------------------------------

bool SignalListener::tell(int signal) noexcept {
  if ((heard_.load() & bit(signal)) == 0) return false;
  arrivals_[at(signal)].fetch_add(1);
  wake();
  return true;
}

bool SignalListener::interrupt() noexcept {
  if (!watches_interrupts_.load()) return false;
  if (interrupts_.fetch_add(1) > 0) return true;
  interrupted_.store(true);
  wake();
  return false;
}

}  // namespace rondo
