// SPDX-License-Identifier: BSL-1.0
// io_uring.cpp - the loop's values turned into submissions, and completions into inputs.
//
// user_data is the name of the operation, so a completion finds its place at once, and a cancellation names its target.
// The completion of a cancellation itself says nothing and is dropped: how the target ended is what counts.
#include <rondo/backends/io_uring.hpp>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "descriptor.hpp"
#include "open_socket.hpp"
#include "uring_buffers.hpp"
#include "uring_flight.hpp"
#include "uring_host.hpp"
#include "uring_ring.hpp"

namespace rondo {
namespace {

constexpr std::uint64_t internal_bit = std::uint64_t{1} << 63;

bool is_readiness(OperationKind kind) { return kind == OperationKind::readable || kind == OperationKind::writable; }

}  // namespace

UringBackend::UringBackend(UringOptions options)
    : ProcessBackend(std::move(options.default_executor), options.seam),
      ring_(std::make_unique<UringRing>(options.entries, options.seam)),
      buffers_(std::make_unique<UringBuffers>(ring_->system(), options.buffers, options.buffer_size, options.seam)) {
  wake_ = through(seam(), SystemCall::open, [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  if (wake_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

UringBackend::~UringBackend() {
  end_threads();
  end_all();
  for (std::size_t at = 0; at < handles_.size(); ++at) {
    if (handles_[at].open) drop(static_cast<int>(at));
  }
  buffers_.reset();
  ring_.reset();
  ::close(wake_);
}

unsigned UringBackend::setup_flags() const { return ring_->setup_flags(); }

/// Nothing that was lent to the kernel may go before the kernel has given it back. A thread that may not use the ring
/// leaves it to the kernel, which ends everything when the ring is closed.
void UringBackend::end_all() noexcept {
  try {
    waiting_ = ending_ = true;
    for (Flight& flight : flights_) {
      if (flight.state != Flight::State::done) cancel(flight);
    }
    for (std::size_t at = 0; at < handles_.size(); ++at) {
      if (handles_[at].listener && handles_[at].listener->armed) stop_accepting(static_cast<int>(at));
    }
    while (in_kernel_ + accepting_ > 0) {
      ring_->enter(std::nullopt);
      ring_->take([this](const io_uring_cqe& completion) {
        complete(completion);
        return true;
      });
    }
  } catch (...) {
  }
}

// --- waiting ---------------------------------------------------------------------------------------------------------

void UringBackend::wake() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(through(seam(), SystemCall::wake, [&] { return ::write(wake_, &one, sizeof one); }));
}

void UringBackend::reclaim() {
  buffers_->give_back();
  hot_.turn();
}

void UringBackend::wait(Instant deadline) {
  waiting_ = true;
  struct Leaving {
    bool& waiting;
    ~Leaving() { waiting = false; }
  } const leaving{waiting_};
  if (host_) host_->drain();
  begin_polls();
  restart_starved();
  if (deadline == no_deadline) {
    ring_->enter(std::nullopt);
  } else {
    ring_->enter(deadline == Instant::min() ? Duration::zero() : deadline - now());
  }
  left_ = !ring_->take([this](const io_uring_cqe& completion) {
    complete(completion);
    return hot_.has_room();
  });
}

void UringBackend::begin_polls() {
  if (polls_) return;
  polls_ = true;
  poll(wake_, Internal::wake);
  poll(signals_.descriptor(), Internal::signal);
}

int UringBackend::descriptor() {
  if (!host_) host_ = std::make_unique<UringHost>(wake_, seam());
  return host_->descriptor();
}

void UringBackend::arm(Instant deadline) {
  descriptor();
  begin_polls();
  if (ring_->has_unsubmitted()) ring_->submit();
  host_->attach(ring_->system());
  const bool ready = deadline == Instant::min() || !ready_.empty() || unfinished() || ring_->has_completions();
  if (!ready && deadline != host_->deadline()) {
    if (!set_timer(host_->timer(), deadline)) throw std::system_error(errno, std::generic_category(), "timerfd_settime");
    host_->set_to(deadline);
  }
  if (!inbox_.fall_asleep() || ready) host_->notify();
}

/// Tells of every edge; ends by itself only if the kernel runs out of something.
void UringBackend::poll(int descriptor, Internal what) {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_poll_multishot(&entry, descriptor, POLLIN);
  entry.user_data = internal_name(what, descriptor);
}

void UringBackend::complete(const io_uring_cqe& completion) {
  if (completion.user_data & internal_bit) return complete_internal(completion);
  Flight* const flight = find({static_cast<std::uint32_t>(completion.user_data >> 32),
                               static_cast<std::uint32_t>(completion.user_data)});
  if (!flight || flight->state != Flight::State::issued) return;
  --in_kernel_;
  switch (flight->output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      return complete_readiness(*flight, completion.res);
    case OperationKind::connect:
      return complete_connect(*flight, completion.res);
    default:
      return complete_transfer(*flight, completion);
  }
}

void UringBackend::complete_internal(const io_uring_cqe& completion) {
  const auto what = static_cast<Internal>(completion.user_data >> 32 & 0xff);
  const auto descriptor = static_cast<int>(completion.user_data & 0x7fffffff);
  const bool more = completion.flags & IORING_CQE_F_MORE;
  switch (what) {
    case Internal::none:
      return;
    case Internal::signal:
      signals_.read(inputs_);
      [[fallthrough]];
    case Internal::wake:
      if (!more && completion.res != -ECANCELED) poll(descriptor, what);
      return;
    case Internal::accept:
      return accepted(descriptor, completion.res, more);
  }
}

std::uint64_t UringBackend::internal_name(Internal what, int descriptor) {
  return internal_bit | std::uint64_t{static_cast<std::uint8_t>(what)} << 32 | static_cast<std::uint32_t>(descriptor);
}

// --- flights ---------------------------------------------------------------------------------------------------------

UringBackend::Flight& UringBackend::take_flight(const Output& output) {
  if (output.id.slot >= flights_.size()) flights_.resize(std::size_t{output.id.slot} + 1);
  Flight& flight = flights_[output.id.slot];
  flight.output = output;
  flight.state = Flight::State::queued;
  flight.cancelled = flight.polls = false;
  flight.limit = SIZE_MAX;
  return flight;
}

UringBackend::Flight* UringBackend::find(OperationId id) {
  if (id.slot >= flights_.size()) return nullptr;
  Flight& flight = flights_[id.slot];
  return flight.output.id == id && flight.state != Flight::State::done ? &flight : nullptr;
}

/// Ends in the backend's books; the report is the caller's.
void UringBackend::end(Flight& flight) {
  if (flight.in_lane) leave_lane(flight);
  flight.state = Flight::State::done;
}

void UringBackend::enter_lane(Lane& lane, Flight& flight) {
  flight.in_lane = true;
  flight.next = nobody;
  flight.before = lane.last;
  (lane.empty() ? lane.first : flights_[lane.last].next) = flight.output.id.slot;
  lane.last = flight.output.id.slot;
  if (lane.first == lane.last) serve(lane);
}

void UringBackend::leave_lane(Flight& flight) {
  Lane& lane = lane_of(flight.output);
  (flight.before == nobody ? lane.first : flights_[flight.before].next) = flight.next;
  (flight.next == nobody ? lane.last : flights_[flight.next].before) = flight.before;
  flight.in_lane = false;
}

UringBackend::Lane& UringBackend::lane_of(const Output& output) {
  const auto at = static_cast<std::size_t>(output.handle);
  switch (output.kind) {
    case OperationKind::readable:
      return watches_[at].in;
    case OperationKind::writable:
      return watches_[at].out;
    case OperationKind::send:
    case OperationKind::send_to:
    case OperationKind::shutdown:
      return handles_[at].out;
    default:
      return handles_[at].in;
  }
}

/// The first of a lane has its turn.
void UringBackend::serve(Lane& lane) {
  while (!lane.empty() && flights_[lane.first].state == Flight::State::queued) {
    Flight& flight = flights_[lane.first];
    const OperationKind kind = flight.output.kind;
    if (ending_ || kind == OperationKind::accept) return;  // a listener serves those by itself
    if (!is_readiness(kind) && handle(flight.output.handle).closing) return;
    if (kind != OperationKind::shutdown) return issue(flight);
    shut_down(flight);
  }
}

/// A receive that needs a buffer comes behind those that wait for one.
void UringBackend::issue(Flight& flight) {
  const Output& output = flight.output;
  const bool needs_buffer = output.kind == OperationKind::recv && !output.buffer && !is_pipe(output);
  needs_buffer && !starved_.empty() ? starve(flight) : hand_in(flight);
}

void UringBackend::starve(Flight& flight) {
  starved_.push_back(flight.output.id);
  flight.state = Flight::State::starved;
}

void UringBackend::hand_in(Flight& flight) {
  io_uring_sqe& entry = ring_->entry();
  prepare_entry(entry, flight);
  entry.user_data = flight.name();
  flight.state = Flight::State::issued;
  ++in_kernel_;
}

void UringBackend::cancel(Flight& flight) {
  if (flight.state == Flight::State::issued) {
    if (flight.cancelled) return;
    flight.cancelled = true;
    return cancel_in_kernel(flight.name());
  }
  const bool first = flight.in_lane && flight.before == nobody;
  report(flight.output.id, -ECANCELED);
  end(flight);
  if (first) serve(lane_of(flight.output));
}

void UringBackend::cancel_in_kernel(std::uint64_t name) {
  io_uring_sqe& entry = ring_->entry();
  io_uring_prep_cancel64(&entry, name, 0);
  entry.flags |= IOSQE_CQE_SKIP_SUCCESS;
  entry.user_data = internal_name(Internal::none, 0);
}

/// Those at the front, as many as there are buffers. Where completions are left, these have the buffers.
void UringBackend::restart_starved() {
  if (left_) return;
  const auto end = starved_.begin() + static_cast<std::ptrdiff_t>(std::min(starved_.size(), buffers_->count()));
  for (auto id = starved_.begin(); id != end; ++id) {
    Flight* const flight = find(*id);
    if (flight && flight->state == Flight::State::starved) hand_in(*flight);
  }
  starved_.erase(starved_.begin(), end);
}

// --- readiness -------------------------------------------------------------------------------------------------------

void UringBackend::start_readiness(const Output& output) {
  FileBehind file;
  int error = refusal_of(output.handle, file);  // the kernel would call a file ready
  if (error == 0 && seam()) error = seam()->before(SystemCall::watch).error;
  if (error != 0) return report(output.id, -error);
  const auto at = static_cast<std::size_t>(output.handle);
  if (at >= watches_.size()) watches_.resize(at + 1);
  if (watches_[at].file != file) lose(output.handle);
  watches_[at].file = file;
  Flight& flight = take_flight(output);
  enter_lane(lane_of(output), flight);
}

/// Whoever waits for this number waits for a descriptor that was closed. The kernel still has the file of those that it
/// knows; the others it can never be asked about.
void UringBackend::lose(int descriptor) {
  if (static_cast<std::size_t>(descriptor) >= watches_.size()) return;
  Watch& watch = watches_[static_cast<std::size_t>(descriptor)];
  for (const Lane* const lane : {&watch.in, &watch.out}) {
    while (!lane->empty()) leave_lane(flights_[lane->first]);
  }
}

/// What was asked for leaves its lane now: nothing is lost if it ends otherwise, and whoever waits for the same number
/// next may mean another descriptor.
void UringBackend::cancel_readiness(const Output& output) {
  Flight* const flight = find(output.id);
  if (!flight) return;  // its completion is on the way
  const bool leaves = flight->in_lane && flight->state == Flight::State::issued;
  cancel(*flight);
  if (!leaves) return;
  leave_lane(*flight);
  serve(lane_of(output));
}

void UringBackend::complete_readiness(Flight& flight, std::int32_t result) {
  const Output output = flight.output;
  const bool everybody = flight.in_lane && result >= 0;
  end(flight);
  report(output.id, std::min(result, 0));
  Lane& lane = lane_of(output);
  while (everybody && !lane.empty()) {
    Flight& next = flights_[lane.first];
    report(next.output.id, 0);
    end(next);
  }
  serve(lane);
}

}  // namespace rondo
