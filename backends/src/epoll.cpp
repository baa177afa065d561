// SPDX-License-Identifier: BSL-1.0
// epoll.cpp - the loop's values turned into system calls.
//
// Sockets are registered once, edge-triggered in both directions (readiness_backend.cpp). Descriptors of the caller's,
// whose reads and writes we do not see, are registered once, too, but with EPOLLONESHOT: a wait that begins re-arms
// them (one epoll_ctl), which also asks the kernel whether they are ready now; between waits they stay silent. A
// descriptor that was closed behind our back is unknown to epoll by then, and is simply registered again.
#include <rondo/backends/epoll.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace rondo {
namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

timespec to_timespec(std::int64_t ns) { return {ns / 1'000'000'000, ns % 1'000'000'000}; }

void erase(std::deque<OperationId>& from, OperationId id) {
  const auto at = std::find(from.begin(), from.end(), id);
  if (at != from.end()) from.erase(at);
}

}  // namespace

EpollBackend::EpollBackend(EpollOptions options) : ReadinessBackend(std::move(options.default_executor), options.seam) {
  try {
    open_descriptors();
  } catch (...) {
    close_descriptors();
    throw;
  }
}

EpollBackend::~EpollBackend() {
  shutdown_default_executor();
  close_descriptors();
}

void EpollBackend::open_descriptors() {
  const auto open = [this](const char* what, auto make) {
    return check(through(seam(), SystemCall::open, make), what);
  };
  epoll_ = open("epoll_create1", [] { return epoll_create1(EPOLL_CLOEXEC); });
  wake_ = open("eventfd", [] { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  timer_ = open("timerfd_create", [] { return timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); });
  for (const int descriptor : {wake_, timer_, signals_.descriptor()}) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.fd = descriptor;
    check(control(EPOLL_CTL_ADD, descriptor, &event), "epoll_ctl");
  }
}

void EpollBackend::close_descriptors() noexcept {
  for (const int descriptor : {epoll_, wake_, timer_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

// --- waiting ---------------------------------------------------------------------------------------------------------

void EpollBackend::wake() noexcept {
  wakeups_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t one = 1;
  while (through(seam(), SystemCall::wake, [&] { return ::write(wake_, &one, sizeof one); }) < 0 && errno == EINTR) {
  }
}

void EpollBackend::wait_for_edges(Instant deadline) {
  std::array<epoll_event, 256> events;
  const int count = poll(events.data(), static_cast<int>(events.size()), deadline);
  for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(count))) {
    handle_event(event.data.fd, event.events);
  }
}

int EpollBackend::poll(epoll_event* events, int capacity, Instant deadline) {
  const auto wait = [&](int timeout) {
    const auto call = [&] { return epoll_wait(epoll_, events, capacity, timeout); };
    return std::max(0, through(seam(), SystemCall::wait, call));
  };
  if (deadline == Instant::min()) return wait(0);
  if (deadline == never) return wait(-1);
  if (has_pwait2_) {
    const std::int64_t left = std::max<std::int64_t>(0, (deadline - now()).count());
    const timespec timeout = to_timespec(left);
    const int count =
        through(seam(), SystemCall::wait, [&] { return epoll_pwait2(epoll_, events, capacity, &timeout, nullptr); });
    if (count >= 0 || errno != ENOSYS) return std::max(0, count);
    has_pwait2_ = false;
  }
  set_timer(deadline);
  return wait(-1);
}

void EpollBackend::arm(Instant deadline) {
  set_timer(deadline);
  if (!ready_.empty() || unfinished() || !inbox_.fall_asleep()) wake();  // there is something to do already
}

void EpollBackend::set_timer(Instant deadline) {
  itimerspec timer{};
  const Instant absolute = after(deadline, Duration(start_ns()));
  if (absolute != never) timer.it_value = to_timespec(std::max<std::int64_t>(1, absolute.time_since_epoch().count()));
  check(timerfd_settime(timer_, TFD_TIMER_ABSTIME, &timer, nullptr), "timerfd_settime");
}

void EpollBackend::handle_event(int descriptor, std::uint32_t events) {
  if (descriptor == wake_ || descriptor == timer_) return;
  if (descriptor == signals_.descriptor()) return signals_.read(inputs_);
  if (is_socket(descriptor)) {
    constexpr std::uint32_t over = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
    return on_edge(descriptor, (events & (EPOLLIN | over)) != 0, (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
                   (events & over) != 0 ? Ended::yes : Ended::no);
  }
  const auto found = watches_.find(descriptor);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  const bool both = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (both || (events & EPOLLIN)) {
    for (const OperationId id : watch.readers) inputs_.push_back(Input::completion(id, 0));
    watch.readers.clear();
  }
  if (both || (events & EPOLLOUT)) {
    for (const OperationId id : watch.writers) inputs_.push_back(Input::completion(id, 0));
    watch.writers.clear();
  }
  if (!watch.readers.empty() || !watch.writers.empty()) rearm(descriptor, watch);
}

// --- descriptors -----------------------------------------------------------------------------------------------------

int EpollBackend::watch(int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.fd = descriptor;
  return control(EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : errno;
}

/// Closing the descriptor is all that epoll needs.
void EpollBackend::unwatch(int) noexcept {}

int EpollBackend::control(int what, int descriptor, epoll_event* event) {
  return through(seam(), SystemCall::watch, [&] { return epoll_ctl(epoll_, what, descriptor, event); });
}

void EpollBackend::start_readiness(const Output& output) {
  Watch& watch = watches_[output.handle];
  auto& waiting = output.kind == OperationKind::readable ? watch.readers : watch.writers;
  waiting.push_back(output.id);
  const int error = rearm(output.handle, watch);
  if (error == 0) return;
  waiting.pop_back();
  ready_.push_back(Input::completion(output.id, -error));
}

int EpollBackend::rearm(int descriptor, Watch& watch) {
  epoll_event event{};
  event.events = EPOLLONESHOT;
  if (!watch.readers.empty()) event.events |= EPOLLIN;
  if (!watch.writers.empty()) event.events |= EPOLLOUT;
  event.data.fd = descriptor;
  if (watch.registered && control(EPOLL_CTL_MOD, descriptor, &event) == 0) return 0;
  if (control(EPOLL_CTL_ADD, descriptor, &event) == 0) {
    watch.registered = true;
    return 0;
  }
  watch.registered = false;
  return errno;
}

void EpollBackend::cancel_readiness(const Output& output) {
  const auto found = watches_.find(output.handle);
  if (found == watches_.end()) return;
  Watch& watch = found->second;
  auto& waiting = output.kind == OperationKind::readable ? watch.readers : watch.writers;
  const std::size_t before = waiting.size();
  erase(waiting, output.id);
  if (waiting.size() == before) return;  // it is ready, and its completion is on the way
  ready_.push_back(Input::completion(output.id, -ECANCELED));
  if (watch.readers.empty() && watch.writers.empty()) {
    control(EPOLL_CTL_DEL, output.handle, nullptr);  // fails if it was closed meanwhile, which is as good
    watches_.erase(found);
  }
}

}  // namespace rondo
