// SPDX-License-Identifier: BSL-1.0
// libevent.cpp - the loop's values turned into libevent's events.
//
// A socket is one event for as long as it is open, edge-triggered in both directions (readiness_backend.cpp). A wait
// for a descriptor of the caller's is an event that fires once; libevent forgets the descriptor until the next wait
// begins. If a descriptor is closed before its wait has ended, libevent cannot take its registration back, and a
// duplicate keeps it alive: so news are checked before they are passed on.
#include <rondo/backends/libevent.hpp>

#include <event2/event.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "descriptor.hpp"

namespace rondo {
namespace {

/// Takes the count of an eventfd or a timerfd: it ends the wait, and says nothing else.
void take_count(evutil_socket_t descriptor, short, void*) {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto size = ::read(descriptor, &count, sizeof count);
}

}  // namespace

void LibeventBackend::FreeBase::operator()(event_base* base) const { event_base_free(base); }
void LibeventBackend::FreeEvent::operator()(event* event) const { event_free(event); }

static event_base* make_base() {
  event_config* config = event_config_new();
  if (!config) throw std::bad_alloc();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
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
      base_(own_base_ ? own_base_.get() : base) {
  try {
    open_descriptors();
  } catch (...) {
    close_descriptors();
    throw;
  }
}

LibeventBackend::~LibeventBackend() {
  end_threads();
  close_descriptors();
}

void LibeventBackend::open_descriptors() {
  const auto open = [this](const char* what, auto make) {
    const int made = through(seam(), SystemCall::open, make);
    if (made < 0) throw std::system_error(errno, std::generic_category(), what);
    return made;
  };
  wake_ = open("eventfd", [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  timer_ = open("timerfd_create", [] { return ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK); });
  wake_event_ = make_event(wake_, EV_READ | EV_PERSIST, take_count, nullptr);
  signal_event_ = make_event(signals_.descriptor(), EV_READ | EV_PERSIST, [](evutil_socket_t, short, void* who) {
    auto& backend = *static_cast<LibeventBackend*>(who);
    backend.signals_.read(backend.inputs_);
  }, this);
  timer_event_ = make_event(timer_, EV_READ | EV_PERSIST, [](evutil_socket_t descriptor, short what, void* who) {
    take_count(descriptor, what, nullptr);
    static_cast<LibeventBackend*>(who)->armed_ = no_deadline;
  }, this);
  for (const EventPtr* const own : {&wake_event_, &signal_event_, &timer_event_}) {
    if (event_add(own->get(), nullptr) != 0) throw std::runtime_error("libevent: our descriptors cannot be watched");
  }
}

/// Not before libevent has forgotten them.
void LibeventBackend::close_descriptors() noexcept {
  wake_event_.reset();
  timer_event_.reset();
  for (const int descriptor : {wake_, timer_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
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
  bool sleeps = deadline != Instant::min();
  if (sleeps && deadline != no_deadline && deadline != armed_) {  // one left armed only ends a wait early
    sleeps = set_timer(timer_, deadline);
    armed_ = sleeps ? deadline : no_deadline;
  }
  const int how = EVLOOP_ONCE | (sleeps ? 0 : EVLOOP_NONBLOCK);  // alone, it runs on while callbacks bring about events
  static_cast<void>(through(seam(), SystemCall::wait, [&] { return event_base_loop(base_, how); }));
}

// --- descriptors -----------------------------------------------------------------------------------------------------

int LibeventBackend::add(event& added) {
  return through(seam(), SystemCall::watch, [&] { return event_add(&added, nullptr); });
}

int LibeventBackend::watch(int descriptor) {
  if ((event_base_get_features(base_) & EV_FEATURE_ET) == 0) return EOPNOTSUPP;
  lose(descriptor);
  const auto at = static_cast<std::size_t>(descriptor);
  if (sockets_.size() <= at) sockets_.resize(at + 1);
  const short edges = EV_READ | EV_WRITE | EV_ET | EV_PERSIST;
  sockets_[at] = make_event(descriptor, edges, [](evutil_socket_t ready, short what, void* who) {
    static_cast<LibeventBackend*>(who)->on_edge(ready, (what & EV_READ) != 0, (what & EV_WRITE) != 0, false);
  }, this);
  errno = 0;
  if (add(*sockets_[at]) == 0) return 0;
  sockets_[at].reset();
  return errno != 0 ? errno : EPERM;
}

/// Before it is closed: libevent knows descriptors by their numbers.
void LibeventBackend::unwatch(int descriptor) noexcept {
  if (seam()) static_cast<void>(seam()->before(SystemCall::unwatch));
  sockets_[static_cast<std::size_t>(descriptor)].reset();
}

/// Waits for this number were for a descriptor that was closed.
void LibeventBackend::lose(int descriptor) {
  for (Watches* const all : {&readers_, &writers_}) {
    const auto found = all->find(descriptor);
    if (found == all->end()) continue;
    strand(found->second.waiting);
    all->erase(found);
  }
}

void LibeventBackend::start_readiness(const Output& output) {
  FileBehind file;
  if (const int error = refusal_of(output.handle, file)) {  // libevent would tell standard error, and not us
    ready_.push_back(Input::completion(output.id, -error));
    return;
  }
  Watches& all = watches(output.kind);
  if (const auto old = all.find(output.handle); old != all.end() && old->second.file != file) lose(output.handle);
  const auto [at, fresh] = all.try_emplace(output.handle, Watch{this, nullptr, {}, file});
  Watch& watch = at->second;
  if (fresh) watch.event = make_watch(output, watch);
  event_del(watch.event.get());  // if somebody waits already: it may have been for another file that looks the same
  errno = 0;
  if (add(*watch.event) != 0) {
    const int error = errno != 0 ? errno : EPERM;
    strand(watch.waiting);
    ready_.push_back(Input::completion(output.id, -error));
    all.erase(at);
    return;
  }
  watch.waiting.push_back(output.id);
}

LibeventBackend::EventPtr LibeventBackend::make_watch(const Output& output, Watch& watch) {
  // On edges a registration that outlives its number tells but once. The caller may have events of his own for the
  // same descriptor, with which that does not mix.
  const bool edges = own_base_ && (event_base_get_features(base_) & EV_FEATURE_ET) != 0;
  const int what = (output.kind == OperationKind::readable ? EV_READ : EV_WRITE) | (edges ? EV_ET : 0);
  const auto fires = [](evutil_socket_t descriptor, short heard, void* argument) {
    auto& ready = *static_cast<Watch*>(argument);
    ready.backend->fire(descriptor, (heard & EV_READ) != 0, ready);
  };
  return make_event(output.handle, static_cast<short>(what), fires, &watch);
}

void LibeventBackend::fire(int descriptor, bool to_read, Watch& watch) {
  if (!is_ready(seam(), descriptor, to_read) && add(*watch.event) == 0) return;  // it was another's
  for (const OperationId id : watch.waiting) inputs_.push_back(Input::completion(id, 0));
  watch.waiting.clear();
}

void LibeventBackend::cancel_readiness(const Output& output) {
  if (cancel_stranded(output)) return;
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
