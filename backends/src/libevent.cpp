// SPDX-License-Identifier: BSL-1.0
// libevent.cpp - the loop's values turned into libevent's events.
//
// A socket is one event for as long as it is open, edge-triggered in both directions (readiness_backend.cpp). A wait
// for a descriptor of the caller's is an event that fires once; libevent forgets the descriptor until the next wait
// begins.
#include <rondo/backends/libevent.hpp>

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "descriptor.hpp"

namespace rondo {
namespace {

void do_nothing(evutil_socket_t, short, void*) {}

}  // namespace

void LibeventBackend::FreeBase::operator()(event_base* base) const { event_base_free(base); }
void LibeventBackend::FreeEvent::operator()(event* event) const { event_free(event); }

static event_base* make_base() {
  event_config* config = event_config_new();
  if (!config) throw std::bad_alloc();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (!base) throw std::runtime_error("libevent: no event_base can be made");
  return base;
}

LibeventBackend::LibeventBackend(LibeventOptions options)
    : LibeventBackend(std::unique_ptr<event_base, FreeBase>(make_base()), nullptr, std::move(options)) {}

LibeventBackend::LibeventBackend(event_base& base, LibeventOptions options)
    : LibeventBackend(nullptr, &base, std::move(options)) {}

LibeventBackend::LibeventBackend(std::unique_ptr<event_base, FreeBase> own, event_base* base, LibeventOptions options)
    : ReadinessBackend(std::move(options.default_executor), options.seam),
      own_base_(std::move(own)),
      base_(own_base_ ? own_base_.get() : base),
      wake_(through(options.seam, SystemCall::open, [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); })) {
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  try {
    const auto on_wake = [](evutil_socket_t descriptor, short, void*) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto size = ::read(descriptor, &count, sizeof count);
    };
    const auto on_signal = [](evutil_socket_t, short, void* who) {
      auto& backend = *static_cast<LibeventBackend*>(who);
      backend.signals_.read(backend.inputs_);
    };
    wake_event_ = make_event(wake_, EV_READ | EV_PERSIST, on_wake, nullptr);
    signal_event_ = make_event(signals_.descriptor(), EV_READ | EV_PERSIST, on_signal, this);
    timer_ = make_event(-1, 0, do_nothing, nullptr);
    if (event_add(wake_event_.get(), nullptr) != 0 || event_add(signal_event_.get(), nullptr) != 0) {
      throw std::runtime_error("libevent: the wake-up descriptors cannot be watched");
    }
  } catch (...) {
    ::close(wake_);
    throw;
  }
}

LibeventBackend::~LibeventBackend() {
  shutdown_default_executor();
  wake_event_.reset();
  ::close(wake_);
}

LibeventBackend::EventPtr LibeventBackend::make_event(int descriptor, short what, void (*callback)(int, short, void*),
                                                      void* argument) const {
  event* made = event_new(base_, descriptor, what, callback, argument);
  if (!made) throw std::bad_alloc();
  return EventPtr(made);
}

// --- waiting ---------------------------------------------------------------------------------------------------------

void LibeventBackend::wake() noexcept {
  const std::uint64_t one = 1;
  while (through(seam(), SystemCall::wake, [&] { return ::write(wake_, &one, sizeof one); }) < 0 && errno == EINTR) {
  }
}

void LibeventBackend::wait_for_edges(Instant deadline) {
  const bool timed = deadline != Instant::min() && deadline != never;
  if (timed) {
    const std::int64_t us = std::max<std::int64_t>(0, ((deadline - now()).count() + 999) / 1000);
    const timeval left{static_cast<time_t>(us / 1'000'000), static_cast<suseconds_t>(us % 1'000'000)};
    event_add(timer_.get(), &left);
  }
  const int how = deadline == Instant::min() ? EVLOOP_NONBLOCK : EVLOOP_ONCE;
  static_cast<void>(through(seam(), SystemCall::wait, [&] { return event_base_loop(base_, how); }));
  if (timed) event_del(timer_.get());
}

// --- descriptors -----------------------------------------------------------------------------------------------------

int LibeventBackend::add(event& added) {
  return through(seam(), SystemCall::watch, [&] { return event_add(&added, nullptr); });
}

int LibeventBackend::watch(int descriptor) {
  if ((event_base_get_features(base_) & EV_FEATURE_ET) == 0) return EOPNOTSUPP;
  const auto at = static_cast<std::size_t>(descriptor);
  if (sockets_.size() <= at) sockets_.resize(at + 1);
  const short edges = EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST;
  sockets_[at] = make_event(descriptor, edges, [](evutil_socket_t ready, short what, void* who) {
    // libevent tells of an error as of both directions, and leaves out the end then.
    const bool both = (what & EV_READ) != 0 && (what & EV_WRITE) != 0;
    const Ended ended = (what & EV_CLOSED) != 0 ? Ended::yes : (both ? Ended::maybe : Ended::no);
    const bool in = ended == Ended::yes || (what & EV_READ) != 0;
    static_cast<LibeventBackend*>(who)->on_edge(ready, in, (what & EV_WRITE) != 0, ended);
  }, this);
  errno = 0;
  if (add(*sockets_[at]) == 0) return 0;
  sockets_[at].reset();
  return errno != 0 ? errno : EPERM;
}

void LibeventBackend::unwatch(int descriptor) noexcept { sockets_[static_cast<std::size_t>(descriptor)].reset(); }

void LibeventBackend::start_readiness(const Output& output) {
  if (const int error = refusal_of(output.handle)) {  // libevent would tell standard error, and not us
    ready_.push_back(Input::completion(output.id, -error));
    return;
  }
  Watches& all = watches(output.kind);
  const auto [at, fresh] = all.try_emplace(output.handle, Watch{this, nullptr, {}});
  Watch& watch = at->second;
  if (fresh) {
    const short what = output.kind == OperationKind::readable ? EV_READ : EV_WRITE;
    watch.event = make_event(output.handle, what, [](evutil_socket_t, short, void* argument) {
      auto& ready = *static_cast<Watch*>(argument);
      for (const OperationId id : ready.waiting) ready.backend->inputs_.push_back(Input::completion(id, 0));
      ready.waiting.clear();
    }, &watch);
  }
  errno = 0;
  if (watch.waiting.empty() && add(*watch.event) != 0) {
    ready_.push_back(Input::completion(output.id, errno != 0 ? -errno : -EPERM));
    all.erase(at);
    return;
  }
  watch.waiting.push_back(output.id);
}

void LibeventBackend::cancel_readiness(const Output& output) {
  Watches& all = watches(output.kind);
  const auto found = all.find(output.handle);
  if (found == all.end()) return;
  auto& waiting = found->second.waiting;
  const auto at = std::find(waiting.begin(), waiting.end(), output.id);
  if (at == waiting.end()) return;  // it is ready, and its completion is on the way
  waiting.erase(at);
  ready_.push_back(Input::completion(output.id, -ECANCELED));
  if (waiting.empty()) all.erase(found);
}

}  // namespace rondo
