// SPDX-License-Identifier: BSL-1.0
// stream_core.cpp - bytes between a socket's operations and the tasks of a stream.
#include <rondo/stream_core.hpp>

#include <cerrno>
#include <cstring>

namespace rondo {
namespace {

constexpr std::size_t most_at_once = 64 * 1024;  // asked of one recv

/// Gives the memory back, which clear() would not.
void forget(std::string& text) { std::string().swap(text); }

}  // namespace

std::string StreamWait::describe() const {
  const std::string peer = core_->remote().str();
  if (what_ == For::bytes) return "waits for bytes from " + peer;
  if (what_ == For::room) return "drains what it wrote to " + peer;
  return "waits for the connection to " + peer + " to close";
}

void StreamAwaiter::begin(FrameCore& frame) {
  const bool listens = what_ == For::end && core_->arrived().empty() && !core_->at_end();  // for a reset
  if (what_ == For::bytes || listens) core_->start_receiving();
  core_->waits_.push_back(*this);
  suspend(frame, *this);
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
    : kernel_(&kernel),
      socket_(std::move(socket)),
      limits_(limits),
      local_(std::move(endpoint.local)),
      remote_(std::move(endpoint.remote)),
      receiving_(*this),
      sending_operation_(*this) {
  kernel.combinators().push_back(*this);
}

void StreamCore::destroy() noexcept {
  abandon();
  Kernel& kernel = *kernel_;
  this->~StreamCore();
  kernel.deallocate(this, sizeof(StreamCore));
}

/// Also when the last handle goes: what arrives then is of no interest.
void StreamCore::abandon() noexcept {
  if (abandoned_) return;
  abandoned_ = true;
  Combinator::unlink();
  socket_.close();
  if (receiving_.in_flight()) kernel_->operations().abandon(receiving_);
  if (receiving_.Entry::linked()) receiving_.Entry::unlink();
  const bool held = sending();
  if (sending_operation_.in_flight()) kernel_->operations().abandon(sending_operation_);
  if (sending_operation_.Entry::linked()) sending_operation_.Entry::unlink();
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

StreamCore::Reading::Reading(StreamCore& core, const char* what) : core_(core) {
  if (core.reading_) {
    throw RuntimeError(std::string(what) + ": another task is reading from the stream to " + core.remote_.str() +
                       "; one at a time can");
  }
  core.reading_ = true;
}

void StreamCore::start_receiving() {
  if (receiving()) return;
  Output output;
  output.kind = OperationKind::recv;
  output.handle = socket_.handle();
  output.buffer = nullptr;
  output.size = most_at_once;
  kernel_->operations().start(receiving_, output);
}

void StreamCore::keep(const std::byte* bytes, std::size_t size) noexcept {
  try {
    if (taken_ == arrived_.size()) {
      arrived_.clear();
      taken_ = 0;
    }
    arrived_.append(reinterpret_cast<const char*>(bytes), size);
  } catch (...) {
    read_error_ = ENOMEM;
  }
}

void StreamCore::received(std::int32_t result) {
  if (result <= 0) note_end(-result);
  if (over()) end_ = true;  // closed on this side when these bytes were on their way already: they are the last ones
  wake(StreamWait::For::bytes);
}

void StreamCore::note_end(int error) {
  end_ = true;
  if (error == 0 || (error == ECANCELED && over())) return;  // closed on this side: just the end
  read_error_ = error;
  if (over()) return;
  if (unsent() > 0) write_error_ = error;
  if (!sending()) return finish();
  forget(pending_);
  close_socket();  // sent() finishes it
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

void StreamCore::write(std::string_view bytes) {
  if (eof_asked_) throw RuntimeError("write: after write_eof() nothing more can be written");
  if (closing_) throw RuntimeError("write: the writer is closed");
  if (bytes.empty() || over()) return;
  if (kernel_->ending()) return;  // from a destructor: nothing can be lent any more
  if (pending_.empty() && sending_operation_.in_flight() && !kernel_->operations().handed_out(sending_operation_)) {
    sending_ += bytes;  // the send has not left yet
    slice_ = rest();
  } else if (sending()) {
    pending_ += bytes;
  } else {
    sending_ += bytes;
    start_sending();
  }
  if (unsent() > limits_.high) paused_ = true;
}

Slice StreamCore::rest() const {
  return {reinterpret_cast<const std::byte*>(sending_.data()) + sent_, sending_.size() - sent_};
}

void StreamCore::start_sending() {
  slice_ = rest();
  Output output;
  output.kind = OperationKind::send;
  output.handle = socket_.handle();
  output.slices = &slice_;
  output.size = 1;
  kernel_->operations().start(sending_operation_, output);
  retain();  // until sent()
}

void StreamCore::sent(std::int32_t result) {
  const Ref<StreamCore> held = Ref<StreamCore>::adopt(*this);  // the operation's
  if (result < 0) {
    if (result != -ECANCELED) {
      if (write_error_ == 0) write_error_ = -result;
      if (!end_) read_error_ = write_error_;  // what was not received is lost, and must not look like an end
    }
    return finish();
  }
  if (over()) return finish();  // aborted meanwhile
  sent_ += static_cast<std::size_t>(result);
  if (paused_ && unsent() <= limits_.low) {
    paused_ = false;
    wake(StreamWait::For::room);
  }
  go_on_sending();
}

/// The next thing to do for the writer: the rest, what was written since, the end of the stream, the close.
void StreamCore::go_on_sending() {
  if (sent_ < sending_.size()) return start_sending();
  sent_ = 0;
  if (!pending_.empty()) {
    sending_.clear();
    std::swap(sending_, pending_);
    return start_sending();
  }
  forget(sending_);
  if (eof_asked_ && !eof_sent_ && !over()) {
    eof_sent_ = true;
    Output output;
    output.kind = OperationKind::shutdown;
    output.handle = socket_.handle();
    kernel_->operations().start(sending_operation_, output);
    return retain();
  }
  if (closing_) finish();
}

void StreamCore::close_socket() {
  socket_.close();
  if (!receiving()) end_ = true;  // else the receive ends now, too
}

/// Nothing more will be sent.
void StreamCore::finish() {
  forget(sending_);
  forget(pending_);
  sent_ = 0;
  paused_ = false;
  close_socket();
  wake(StreamWait::For::room);
  wake(StreamWait::For::end);
}

void StreamCore::write_eof() {
  if (closing_) throw RuntimeError("write_eof: the writer is closed");
  if (eof_asked_ || over()) return;
  eof_asked_ = true;
  if (!sending()) go_on_sending();
}

void StreamCore::close() {
  if (closing_) return;
  closing_ = true;
  if (!over() && !sending()) go_on_sending();
}

void StreamCore::abort() {
  closing_ = true;
  if (over()) return;
  forget(pending_);
  close_socket();
  if (sending()) return;  // sent() finishes it
  finish();
}

}  // namespace rondo
