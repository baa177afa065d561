// SPDX-License-Identifier: BSL-1.0
// async_generator.cpp - running a generator's body inside the task that asks.
#include <rondo/async_generator.hpp>

#include <string>

namespace rondo {

GeneratorCore::GeneratorCore() {
  shared = true;
  if (here.kernel) here.kernel->generators().push_back(*this);
}

GeneratorCore::~GeneratorCore() {
  if (Link<GeneratorListTag>::linked()) Link<GeneratorListTag>::unlink();
}

std::exception_ptr GeneratorCore::refusal(const char* what) {
  if (!paused()) {
    return std::make_exception_ptr(RuntimeError(std::string(what) + ": the async generator is already running"));
  }
  if (!here.kernel || !here.kernel->current()) {
    return std::make_exception_ptr(RuntimeError(std::string(what) + ": an async generator needs a task to run in"));
  }
  if (!Link<GeneratorListTag>::linked()) here.kernel->generators().push_back(*this);
  return nullptr;
}

void GeneratorCore::unhandled_exception() noexcept {
  if (state_ == generator::State::closing) {
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
  core_->link = this;
  core_->handed_over = false;
  Kernel& kernel = *here.kernel;
  if (!kernel.may_nest()) {
    core_->handed_over = true;
    kernel.run_next(core_.get());
    return true;
  }
  core_->handle().resume();
  if (core_->paused()) return false;
  core_->handed_over = true;
  return true;
}

void GeneratorAwaiter::raise_error() {
  if (refusal_) std::rethrow_exception(refusal_);
  if (core_->result.error) std::rethrow_exception(std::exchange(core_->result.error, nullptr));
}

bool GeneratorClose::await_ready() {
  if ((refusal_ = core_->refusal("aclose"))) return true;
  mark_begun();
  if (core_->closed_ && core_->state() == generator::State::suspended) {
    refusal_ =
        std::make_exception_ptr(StopAsyncIteration("aclose: the async generator was closed before, and ignored it"));
    return true;
  }
  core_->closed_ = true;
  fire<generator::diagram, generator::Event::close>(*core_);
  return core_->state() != generator::State::closing;
}

void GeneratorClose::await_resume() {
  raise_error();
  if (core_->state() == generator::State::suspended) throw RuntimeError("the async generator ignored GeneratorExit");
}

Outcome<void> GeneratorClose::outcome() {
  try {
    await_resume();
    return Outcome<void>::of_value({});
  } catch (const CancelledError& error) {
    return Outcome<void>::of_cancelled(error.shared_message());
  } catch (...) {
    return Outcome<void>::of_error(std::current_exception());
  }
}

Coro<void> close_generator(Ref<GeneratorCore> core) { co_await Closing(core); }

}  // namespace rondo
