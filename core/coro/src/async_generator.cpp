// SPDX-License-Identifier: BSL-1.0
// async_generator.cpp - running a generator's body inside the task that asks.
#include <rondo/async_generator.hpp>

#include <string>
#include <vector>

#include <rondo/coro/countdown.hpp>
#include <rondo/kernel/text.hpp>
#include <rondo/loop.hpp>

namespace rondo {

// --- the end of the loop ---------------------------------------------------------------------------------------------

namespace {

WaitWords waits(const Parking&) { return "waits for what is left to end"; }

/// Those that have begun when this runs, oldest first.
Coro<void> close_generators(Kernel& kernel) {
  Countdown closing;
  std::vector<Coro<void>> closers;
  for (Resident* resident = kernel.residents().front(); resident; resident = kernel.residents().after(*resident)) {
    GeneratorCore* const core = GeneratorCore::from(*resident);
    if (core && core->begun()) closers.push_back(close_generator(Ref<GeneratorCore>(*core)));
  }
  for (auto& closer : closers) closing.add(create_task(std::move(closer)).core());
  if (!closing.done()) {
    Parking parking(&waits);
    closing.then_wake(parking);
    co_await unnoted(WaitAt(parking));
  }
  closing.report_failures("an async generator failed while run() closed it", "async generator");
}

}  // namespace

/// The loop is to close it when it ends.
void GeneratorCore::enter_loop() {
  thread_slot.kernel->residents().push_back(*this);
  this_loop().set_generator_closer(&close_generators);
}

// --- beginning and end -----------------------------------------------------------------------------------------------

void GeneratorCore::begin(GeneratorFrame& frame) {
  frame_ = &frame;
  frame.resident = this;
  if (thread_slot.kernel) enter_loop();
}

void GeneratorCore::abandon() noexcept {
  if (linked()) unlink();
  if (!frame_ || !begun()) return;
  fire<machines::generator::Event::drop>(*this);
  const Ref<GeneratorCore> held(*this);  // what goes with the frame may hold the last handle
  frame_->handle().destroy();
}

/// The last reference is gone: so is everything.
void GeneratorCore::drop() noexcept {
  Kernel* const kernel = reinterpret_cast<const GeneratorHead&>(*this).kernel;
  if (kernel && kernel->leaks_here()) return kernel->report_leak("an async generator");
  if (linked()) unlink();
  if (!kernel) return free();
  abandon_ = [](Resident& resident) noexcept { static_cast<GeneratorCore&>(resident).free(); };
  kernel->destroy(static_cast<Resident&>(*this));
}

void GeneratorCore::free() noexcept {
  if (frame_) {
    frame_->handle().destroy();  // and with it the block: see frame_gone()
  } else {
    const std::size_t size = block_size_;
    this->~GeneratorCore();
    release_block<GeneratorHead>(this, size);
  }
}

void GeneratorCore::frame_gone(std::size_t size) noexcept {
  frame_ = nullptr;
  block_size_ = sizeof(GeneratorHead) + size;
  if (references_ == 0) free();
}

// --- running it ------------------------------------------------------------------------------------------------------

std::exception_ptr GeneratorCore::refusal(const char* what) {
  if (!paused()) {
    return std::make_exception_ptr(RuntimeError(text_of({what, ": the async generator is already running"})));
  }
  if (!thread_slot.task) {
    return std::make_exception_ptr(RuntimeError(text_of({what, ": an async generator needs a task to run in"})));
  }
  const Kernel* const home = reinterpret_cast<const GeneratorHead&>(*this).kernel;
  if (linked() && home && home != thread_slot.kernel) {  // which would destroy the frame when it ends
    return std::make_exception_ptr(
        RuntimeError(text_of({what, ": the async generator belongs to another loop, which has not ended"})));
  }
  if (!linked()) enter_loop();
  return nullptr;
}

void GeneratorFrame::unhandled_exception() noexcept {
  if (core().state() == machines::generator::State::closing) {
    try {
      throw;
    } catch (const GeneratorExit&) {
      return;
    } catch (...) {
    }
  }
  note_failure(*this, result);
}

bool GeneratorAwaiter::run_body(FrameCore& frame) {
  parent = &frame;
  GeneratorFrame& body = *core_->frame();
  body.link = this;
  fire<machines::frame::Event::enter>(static_cast<FrameCore&>(body));
  if (!may_nest()) {
    fire<machines::frame::Event::part>(static_cast<FrameCore&>(body));
    hand_over_to(body);
    return true;
  }
  body.handle().resume();
  if (core_->paused()) return false;
  fire<machines::frame::Event::part>(static_cast<FrameCore&>(body));
  return true;
}

void GeneratorAwaiter::raise_error() {
  if (refusal_) std::rethrow_exception(refusal_);
  if (auto error = core_->take_error()) std::rethrow_exception(std::move(error));
}

Outcome<void> GeneratorClose::outcome() {
  return caught_outcome([this] { await_resume(); });
}

bool GeneratorClose::await_ready() {
  if ((refusal_ = core_->refusal("aclose"))) return true;
  if (core_->state() == machines::generator::State::stubborn) {
    refusal_ =
        std::make_exception_ptr(StopAsyncIteration("aclose: the async generator was closed before, and ignored it"));
    return true;
  }
  fire<machines::generator::Event::close>(*core_);
  return core_->state() != machines::generator::State::closing;
}

void GeneratorClose::await_resume() {
  raise_error();
  if (core_->state() == machines::generator::State::stubborn) {
    throw RuntimeError("the async generator ignored GeneratorExit");
  }
}

Coro<void> close_generator(Ref<GeneratorCore> core) { co_await unnoted(Closing(core)); }

template struct NoArrow<machines::generator::Event>;

}  // namespace rondo
