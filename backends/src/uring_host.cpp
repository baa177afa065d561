// SPDX-License-Identifier: BSL-1.0
// uring_host.cpp - see uring_host.hpp.
#include "uring_host.hpp"

#include <liburing.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace rondo {
namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void forget(int descriptor) noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto size = ::read(descriptor, &count, sizeof count);
}

}  // namespace

UringHost::UringHost(int wake, Seam* seam) {
  const auto open = [seam](const char* what, auto make) { return check(through(seam, SystemCall::open, make), what); };
  try {
    epoll_ = open("epoll_create1", [] { return ::epoll_create1(EPOLL_CLOEXEC); });
    notice_ = open("eventfd", [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
    timer_ = open("timerfd_create", [] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); });
    for (const int descriptor : {notice_, timer_, wake}) {
      epoll_event event{};
      event.events = descriptor == wake ? EPOLLIN | EPOLLET : EPOLLIN;  // that one is never read
      event.data.fd = descriptor;
      check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
    }
  } catch (...) {
    close_all();
    throw;
  }
}

UringHost::~UringHost() { close_all(); }

void UringHost::close_all() noexcept {
  for (const int descriptor : {epoll_, notice_, timer_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

void UringHost::attach(io_uring& ring) {
  if (attached_) return;
  const int refused = io_uring_register_eventfd(&ring, notice_);
  if (refused < 0) throw std::system_error(-refused, std::generic_category(), "io_uring_register_eventfd");
  attached_ = true;
}

void UringHost::notify() noexcept {
  if (notified_) return;
  notified_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto size = ::write(notice_, &one, sizeof one);
}

void UringHost::drain() noexcept {
  std::array<epoll_event, 3> events;
  const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor != notice_ && descriptor != timer_) continue;
    forget(descriptor);
    if (descriptor == notice_) notified_ = false;
    if (descriptor == timer_) deadline_ = no_deadline;
  }
}

}  // namespace rondo
