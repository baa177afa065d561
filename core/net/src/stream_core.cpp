// SPDX-License-Identifier: BSL-1.0
// stream_core.cpp - bytes between a socket's operations and the tasks of a stream.
#include <rondo/net/stream_core.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <rondo/backend.hpp>
#include <rondo/loop.hpp>

namespace rondo {
namespace {

constexpr std::size_t most_at_once = 64 * 1024;     // asked of one recv
constexpr std::size_t most_of_peer = 1024 * 1024;   // that is thrown away, or taken in unasked
constexpr int most_lingers = 10;                    // of a peer that sends a little now and then

/// Gives the memory back, which clear() would not.
void forget(std::string& text) { std::string().swap(text); }

}  // namespace

WaitWords StreamWait::waits(const Parking& parking) {
  const auto& wait = static_cast<const StreamWait&>(parking);
  const std::string peer = wait.core_->peer();
  if (wait.what_ == For::bytes) return "waits for bytes from " + peer;
  if (wait.what_ == For::room) return "drains what it wrote to " + peer;
  return "waits for the connection to " + peer + " to close";
}

void StreamAwaiter::begin(FrameCore& frame) {
  const bool listens = what_ == For::end && core_->arrived().empty() && !core_->at_end();  // for a reset
  if (what_ == For::bytes || listens) core_->start_receiving();
  core_->waits_.push_back(*this);
  suspend(frame, *this);
}

void StreamCore::wait_for_bytes(StreamWait& wait) {
  start_receiving();
  waits_.push_back(wait);
}

std::size_t StraightAwaiter::await_resume() {
  if (result() < 0 && result() != -ECANCELED) core_->note_end(-result());  // also if the task is cancelled meanwhile
  const std::size_t size = SocketAwaiter::await_resume();
  if (size == 0 || last()) core_->note_end(0);
  if (core_->salvages()) core_->go_on_salvaging();
  return size;
}

Outcome<std::size_t> StraightAwaiter::outcome() {
  return caught_outcome([this] { return await_resume(); });
}

void StreamLimits::check() const {
  if (low > high) {
    throw std::invalid_argument("stream: the low-water mark " + std::to_string(low) + " is above the high-water mark " +
                                std::to_string(high));
  }
  if (line == 0) throw std::invalid_argument("stream: the limit of a line must be 1 byte or more");
}

Ref<StreamCore> StreamCore::make(Socket socket, Endpoint endpoint, StreamLimits limits) {
  limits.check();
  Kernel& kernel = running_kernel("stream");
  void* memory = kernel.allocate(sizeof(StreamCore));
  return Ref<StreamCore>::adopt(*::new (memory) StreamCore(kernel, std::move(socket), std::move(endpoint), limits));
}

StreamCore::StreamCore(Kernel& kernel, Socket socket, Endpoint endpoint, StreamLimits limits)
    : pipe_(endpoint.medium == Medium::pipe),
      kernel_(&kernel),
      socket_(std::move(socket)),
      limits_(limits),
      local_(std::move(endpoint.local)),
      remote_(std::move(endpoint.remote)),
      sending_(kernel),
      pending_(kernel),
      receiving_(*this),
      sending_operation_(*this),
      silence_(*this) {
  kernel.residents().push_back(*this);
  if (pipe_) limits_.linger = Duration::zero();
  if (!endpoint.reads) fire<machines::reading::Event::end>(*this);
}

void refuse_foreign_thread(const char* what, const StreamCore& stream) {
  refuse_foreign_thread(what, "the stream to " + stream.peer());
}

bool StreamCore::is_left_here() const noexcept {
  if (!kernel_->leaks_here()) return false;
  kernel_->report_leak("a stream");
  return true;
}

void StreamCore::destroy() noexcept {
  if (is_left_here()) return;
  abandon();
  Kernel& kernel = *kernel_;
  this->~StreamCore();
  kernel.deallocate(this, sizeof(StreamCore));
}

/// Also when the last handle goes: what arrives then is of no interest.
void StreamCore::abandon() noexcept {
  using machines::writing::State;
  if (!Resident::linked()) return;
  Resident::unlink();
  const Ref<StreamCore> self = std::move(self_);
  const bool held = sending();
  kernel_->operations().abandon(receiving_);
  kernel_->operations().abandon(sending_operation_);
  if (writing_ == State::lingering) {
    fire<machines::writing::Event::finish>(*this);
  } else if (writing_ != State::lost && writing_ != State::closed) {
    fire<machines::writing::Event::lose>(*this);
  }
  if (held) release();
}

void StreamCore::wake(StreamWait::For what) {
  StreamWait* next = nullptr;
  for (StreamWait* wait = waits_.front(); wait; wait = next) {
    next = waits_.after(*wait);
    if (wait->what() != what) continue;
    wait->Link<StreamWaitTag>::unlink();
    kernel_->wake(*wait);
  }
}

// --- reading ---------------------------------------------------------------------------------------------------------

void StreamCore::refuse_reading(const char* what) const {
  throw RuntimeError(std::string(what) + ": another task is reading from the stream to " + peer() +
                     "; one at a time can");
}

void StreamCore::perform(machines::reading::Do effect) {
  if (effect == machines::reading::Do::wake_readers) wake(StreamWait::For::bytes);
}

Output StreamCore::receive(std::byte* buffer, std::size_t size) const {
  Output output;
  output.kind = OperationKind::recv;
  output.handle = socket_.handle();
  output.buffer = buffer;
  output.size = size;
  return output;
}

void StreamCore::start_receiving() {
  if (!receiving()) kernel_->operations().start(receiving_, receive(nullptr, most_at_once));
}

void StreamCore::look_for_end() {
  if (!socket_.is_open() || thread_slot.kernel != kernel_) return;
  const Backend* const backend = this_loop().backend();
  if (backend && backend->has_ended(socket_.handle())) note_end(0);
}

void StreamCore::append(const std::byte* bytes, std::size_t size) noexcept {
  if (at_end()) return;  // nobody can read them any more
  try {
    if (taken_ == arrived_.size()) {
      arrived_.clear();
      taken_ = 0;
    }
    arrived_.append(reinterpret_cast<const char*>(bytes), size);
  } catch (...) {
    cut_ = true;
  }
}

void StreamCore::received(std::int32_t result, bool last) {
  const bool usual = result > 0 && !last && !cut_ && writing_ == machines::writing::State::open;
  if (usual) [[likely]] return wake(StreamWait::For::bytes);
  const Ref<StreamCore> held(*this);
  if (writing_ == machines::writing::State::lingering) return discarded(result, last);
  if (result <= 0) {
    note_end(-result);
  } else if (cut_) {
    note_end(ENOMEM);
  } else if (salvages()) {
    go_on_salvaging();
  } else if (last || !socket_.is_open()) {  // closed on this side when these bytes were on their way: the last ones
    note_end(0);
  }
  wake(StreamWait::For::bytes);
}

void StreamCore::note_end(int error) {
  if (writing_ == machines::writing::State::lingering) return fire<machines::writing::Event::finish>(*this);
  if (error == ECANCELED && !socket_.is_open()) error = 0;  // closed on this side: just the end
  if (error == 0 && salvages()) error = write_error_;       // what was not received is lost: it must not look like an end
  if (error == 0) return fire<machines::reading::Event::end>(*this);
  if (!at_end()) read_error_ = error;
  fire<machines::reading::Event::fail>(*this);
  if (!socket_.is_open()) return;
  if (unsent() > 0) write_error_ = error;
  fire<machines::writing::Event::lose>(*this);
}

std::string StreamCore::take(std::size_t size) {
  if (taken_ == 0 && size == arrived_.size()) return std::exchange(arrived_, std::string());
  std::string text = arrived_.substr(taken_, size);
  taken_ += size;
  if (taken_ == arrived_.size()) {
    forget(arrived_);
    taken_ = 0;
  } else if (taken_ > most_at_once && taken_ > arrived_.size() / 2) {
    arrived_.erase(0, taken_);
    taken_ = 0;
  }
  return text;
}

void StreamCore::take(std::byte* to, std::size_t size) {
  std::memcpy(to, arrived_.data() + taken_, size);
  taken_ += size;
  if (taken_ < arrived_.size()) return;
  forget(arrived_);
  taken_ = 0;
}

// --- writing ---------------------------------------------------------------------------------------------------------

bool StreamCore::closed() const {
  using machines::writing::State;
  return writing_ == State::closing || writing_ == State::leaving || writing_ == State::lingering ||
         writing_ == State::parting || writing_ == State::closed;
}

bool StreamCore::over() const {
  using machines::writing::State;
  return salvages() || writing_ == State::lost || writing_ == State::closed;
}

void StreamCore::perform(machines::writing::Do effect) {
  using machines::writing::Do;
  switch (effect) {
    case Do::shut_down:
      shut_down();
      break;
    case Do::linger:
      linger();
      break;
    case Do::take_in:
      take_in();
      break;
    case Do::release:
      release_socket();
      break;
    case Do::nothing:
      break;
  }
}

void StreamCore::refuse_write() const {
  using machines::writing::State;
  switch (writing_) {
    case State::ending:
    case State::shutting:
    case State::half_closed:
      throw RuntimeError("write: after write_eof() nothing more can be written");
    case State::salvaging:
    case State::lost:
      return;  // drain() says why
    default:
      throw RuntimeError("write: the writer is closed");
  }
}

void StreamCore::write(std::string_view bytes) {
  if (writing_ != machines::writing::State::open) [[unlikely]] return refuse_write();
  if (bytes.empty() || kernel_->ending()) return;  // from a destructor: nothing can be lent any more
  written_ += bytes.size();
  if (pending_.empty() && sending_operation_.in_flight() && !kernel_->operations().handed_out(sending_operation_)) {
    sending_.append(bytes);  // the send has not left yet
    slice_ = {sending_.data(), sending_.size()};
  } else if (sending()) {
    pending_.append(bytes);
  } else {
    sending_.append(bytes);
    start_sending();
  }
  if (unsent() > limits_.high) paused_ = true;
}

void StreamCore::start_sending() {
  slice_ = {sending_.data(), sending_.size()};
  Output output;
  output.kind = OperationKind::send;
  output.handle = socket_.handle();
  output.slices = &slice_;
  output.size = 1;
  kernel_->operations().start(sending_operation_, output);
  retain();  // until sent()
}

void StreamCore::shut_down() {
  Output output;
  output.kind = OperationKind::shutdown;
  output.handle = socket_.handle();
  try {
    kernel_->operations().start(sending_operation_, output);
    retain();  // until sent()
  } catch (...) {  // no memory: the peer will never see the end
    write_error_ = ENOMEM;
    fire<machines::writing::Event::lose>(*this);
  }
}

/// The send or the shutdown has ended.
void StreamCore::sent(std::int32_t result) {
  using machines::writing::Event;
  using machines::writing::State;
  const Ref<StreamCore> held = Ref<StreamCore>::adopt(*this);  // the operation's
  if (!socket_.is_open()) return forget_unsent();              // closed meanwhile
  if (result < 0) return send_failed(-result);
  if (writing_ == State::shutting) return fire<Event::shut>(*this);
  sending_.consume(static_cast<std::size_t>(result));
  if (paused_ && unsent() <= limits_.low) {
    paused_ = false;
    wake(StreamWait::For::room);
  }
  advance();
}

void StreamCore::send_failed(int error) {
  if (error == ECANCELED) return fire<machines::writing::Event::lose>(*this);  // the loop ends
  if (write_error_ == 0) write_error_ = error;
  return at_end() ? fire<machines::writing::Event::lose>(*this) : fire<machines::writing::Event::fail>(*this);
}

/// The next thing to do for the writer: the rest, what was written since, the end of the stream, the close.
void StreamCore::advance() {
  using machines::writing::Event;
  using machines::writing::State;
  if (sending_.empty()) sending_.swap(pending_);
  if (!sending_.empty()) return start_sending();
  if (writing_ == State::ending) return pipe_ ? fire<Event::finish>(*this) : fire<Event::flushed>(*this);
  if (writing_ == State::closing) return must_linger() ? fire<Event::flushed>(*this) : fire<Event::finish>(*this);
  if (writing_ == State::leaving) return must_linger() ? fire<Event::shut>(*this) : fire<Event::finish>(*this);
}

void StreamCore::forget_unsent() {
  pending_.clear();
  paused_ = false;
  if (!sending()) sending_.clear();  // else it has that; sent() forgets it
}

void StreamCore::write_eof() {
  if (writing_ == machines::writing::State::open) {
    fire<machines::writing::Event::eof>(*this);
    if (!sending()) advance();  // else sent() does
  } else if (closed()) {
    throw RuntimeError("write_eof: the writer is closed");
  }
}

// --- the end ---------------------------------------------------------------------------------------------------------

void StreamCore::close() {
  if (closed()) return;
  fire<machines::writing::Event::close>(*this);
  if (sending() || !socket_.is_open()) return;  // sent() goes on, or nothing is left to do
  if (writing_ == machines::writing::State::parting) return receiving() ? void() : go_on_salvaging();
  try {
    advance();
  } catch (...) {  // no memory to send the rest
    abort();
    throw;
  }
}

void StreamCore::abort() {
  using machines::writing::State;
  if (writing_ == State::closed) return;
  if (writing_ == State::lost) return fire<machines::writing::Event::close>(*this);
  fire<machines::writing::Event::finish>(*this);
}

/// Whether the peer may still send, and lose something by the reset that answers it.
bool StreamCore::must_linger() const { return written_ > 0 && !at_end() && Duration(limits_.linger) > Duration::zero(); }

bool StreamCore::salvages() const {
  return writing_ == machines::writing::State::salvaging || writing_ == machines::writing::State::parting;
}

/// The reader is at its end, although the peer is not.
void StreamCore::linger() {
  self_ = Ref<StreamCore>(*this);
  lingers_until_ = kernel_->now();
  for (int i = 0; i < most_lingers; ++i) lingers_until_ = after(lingers_until_, limits_.linger);
  fire<machines::reading::Event::end>(*this);
  wait_for_peer();
}

/// A send has failed: what had arrived before is taken in for the reader.
void StreamCore::take_in() {
  forget_unsent();
  wake(StreamWait::For::room);
  wake(StreamWait::For::end);
  wait_for_peer();
}

void StreamCore::wait_for_peer() {
  try {
    kernel_->disarm(silence_);
    kernel_->arm_in(silence_, limits_.linger);
    start_receiving();
  } catch (...) {
    note_end(ENOMEM);
  }
}

void StreamCore::discarded(std::int32_t result, bool last) {
  thrown_away_ += static_cast<std::size_t>(std::max(result, 0));
  const bool enough = thrown_away_ > most_of_peer || kernel_->now() >= lingers_until_;
  if (result <= 0 || last || enough) return fire<machines::writing::Event::finish>(*this);
  wait_for_peer();
}

/// Not without bound: the rest waits in the system until somebody reads; once the program has closed the stream, it is
/// lost.
void StreamCore::go_on_salvaging() {
  if (arrived().size() < most_of_peer) return wait_for_peer();
  if (writing_ == machines::writing::State::parting) return note_end(0);
  kernel_->disarm(silence_);
}

void StreamCore::silent() {
  const Ref<StreamCore> held(*this);
  note_end(0);
}

void StreamCore::release_socket() {
  const Ref<StreamCore> self = std::move(self_);
  kernel_->disarm(silence_);
  socket_.close();
  forget_unsent();
  if (!receiving()) fire<machines::reading::Event::end>(*this);  // else the receive ends now, too
  wake(StreamWait::For::room);
  wake(StreamWait::For::end);
}

template struct NoArrow<machines::reading::Event>;
template struct NoArrow<machines::writing::Event>;

}  // namespace rondo
