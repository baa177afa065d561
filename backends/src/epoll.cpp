// SPDX-License-Identifier: BSL-1.0
// epoll.cpp - the loop's values turned into system calls.
//
// Sockets are registered once, edge-triggered in both directions (ready_sockets.cpp). Descriptors of the caller's,
// whose reads and writes we do not see, are a matter of epoll_watches.cpp.
//
// A registration is that of an open file, and outlives its number while a duplicate keeps the file open, in a child
// process, say. Then it tells of a number that is another's. So our sockets are taken out before they are closed, and
// events carry the generation of their registration: what an old one tells is nobody's.
#include <rondo/backends/epoll.hpp>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace rondo {
namespace {

int check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

timespec to_timespec(std::int64_t ns) { return {ns / 1'000'000'000, ns % 1'000'000'000}; }

/// What an event carries. Generation 0 is that of our own descriptors.
std::uint64_t name_of(int descriptor, std::uint32_t generation) {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(descriptor);
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
  end_threads();
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
    const int error = control(EPOLL_CTL_ADD, descriptor, 0, EPOLLIN | EPOLLET);
    if (error != 0) throw std::system_error(error, std::generic_category(), "epoll_ctl");
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
    handle_event(event.data.u64, event.events);
  }
}

int EpollBackend::poll(epoll_event* events, int capacity, Instant deadline) {
  const auto wait = [&](int timeout) {
    const auto call = [&] { return epoll_wait(epoll_, events, capacity, timeout); };
    return std::max(0, through(seam(), SystemCall::wait, call));
  };
  if (deadline == Instant::min()) return wait(0);
  if (deadline == no_deadline) return wait(-1);
  if (has_pwait2_) {
    const std::int64_t left = std::max<std::int64_t>(0, (deadline - now()).count());
    const timespec timeout = to_timespec(left);
    const int count =
        through(seam(), SystemCall::wait, [&] { return epoll_pwait2(epoll_, events, capacity, &timeout, nullptr); });
    if (count >= 0 || errno != ENOSYS) return std::max(0, count);
    has_pwait2_ = false;
  }
  return set_deadline(deadline) ? wait(-1) : 0;
}

bool EpollBackend::set_deadline(Instant deadline) {
  if (deadline == timer_deadline_) return true;
  if (!set_timer(timer_, deadline)) return false;
  timer_deadline_ = deadline;
  return true;
}

void EpollBackend::arm(Instant deadline) {
  const bool ready = deadline == Instant::min() || !ready_.empty() || unfinished();
  if (!ready) check(set_deadline(deadline) ? 0 : -1, "timerfd_settime");
  if ((!inbox_.fall_asleep() || ready) && !std::exchange(woken_, true)) wake();  // there is something to do already
}

void EpollBackend::handle_event(std::uint64_t name, std::uint32_t events) {
  const auto descriptor = static_cast<int>(name & 0xffffffff);
  const auto generation = static_cast<std::uint32_t>(name >> 32);
  if (generation == 0) {
    if (descriptor == signals_.descriptor()) signals_.read(inputs_);
    if (descriptor == timer_) timer_deadline_ = no_deadline;  // it has run out
    if (descriptor == wake_) woken_ = false;
    return;
  }
  const auto at = static_cast<std::size_t>(descriptor);
  if (at >= socket_generations_.size() || socket_generations_[at] != generation) {
    EpollWatches* const watches = watches_.find();
    return watches ? watches->on_event(descriptor, generation, events) : void();
  }
  constexpr std::uint32_t special = EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  on_edge(descriptor, (events & (EPOLLIN | special)) != 0, (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
          (events & special) != 0);
}

// --- descriptors -----------------------------------------------------------------------------------------------------

std::uint32_t EpollBackend::next_generation() {
  if (++generation_ == 0) ++generation_;
  return generation_;
}

int EpollBackend::watch(int descriptor) {
  if (EpollWatches* const watches = watches_.find()) watches->lose(descriptor);  // of a file that was closed
  const auto at = static_cast<std::size_t>(descriptor);
  if (socket_generations_.size() <= at) socket_generations_.resize(2 * at + 1);
  socket_generations_[at] = next_generation();
  return control(EPOLL_CTL_ADD, descriptor, socket_generations_[at],
                 EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET);
}

void EpollBackend::unwatch(int descriptor) noexcept {
  socket_generations_[static_cast<std::size_t>(descriptor)] = 0;
  forget(descriptor);
}

/// 0, or why not.
int EpollBackend::control(int what, int descriptor, std::uint32_t generation, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = name_of(descriptor, generation);
  const auto call = [&] { return epoll_ctl(epoll_, what, descriptor, &event); };
  return through(seam(), SystemCall::watch, call) == 0 ? 0 : errno;
}

/// Fails if it was closed meanwhile, which is as good unless somebody has a duplicate.
void EpollBackend::forget(int descriptor) noexcept {
  if (seam()) static_cast<void>(seam()->before(SystemCall::unwatch));
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

// --- descriptors of the caller's -------------------------------------------------------------------------------------

void EpollBackend::start_readiness(const Output& output) {
  EpollWatches* const watches = watches_.get(*this);
  watches ? watches->start(output) : ready_.push_back(Input::completion(output.id, -ENOTSUP));
}

void EpollBackend::cancel_readiness(const Output& output) {
  if (EpollWatches* const watches = watches_.find()) watches->cancel(output);
}

}  // namespace rondo
