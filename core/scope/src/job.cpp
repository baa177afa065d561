// SPDX-License-Identifier: BSL-1.0
// job.cpp - a job between the loop and an executor.
#include <rondo/job.hpp>

#include <cerrno>
#include <string>

#include <rondo/kernel/facilities.hpp>
#include <rondo/kernel/words.hpp>

namespace rondo {

void JobFuture::begin(Executor* executor) {
  facilities::jobs();
  Output output;
  output.kind = OperationKind::job;
  output.job = this;
  output.executor = executor;
  kernel().operations().start(operation_, output);
  retain();  // the executor's reference, until the terminal completion
  kernel().residents().push_back(*this);
  add_waiter(outer_hook_);
}

void JobFuture::run() noexcept {
  const ThreadSlot before = thread_slot;
  thread_slot = {.context = &context_};
  ran_ = true;
  try {
    call();
  } catch (...) {
    error_ = std::current_exception();
  }
  thread_slot = before;
}

void JobFuture::ask_for_end() {
  if (operation_.in_flight()) kernel().operations().cancel(operation_);
}

void JobFuture::finish(std::int32_t code) {
  const Ref<FutureCore> held(*this);
  if (pending()) {
    try {
      if (error_) {
        set_failed(std::exchange(error_, nullptr));
      } else if (code == -ECANCELED) {
        FutureCore::cancel(Message());
      } else if (code == -ESHUTDOWN) {
        throw RuntimeError("cannot schedule a job: the executor is shut down");
      } else if (code == -ENOBUFS) {
        throw RuntimeError("cannot schedule a job: the queue of the executor is full");
      } else if (code == -ENOTSUP) {
        throw RuntimeError("cannot schedule a job: the backend runs none (Features::jobs)");
      } else if (code < 0) {
        throw RuntimeError("the executor failed with error " + std::to_string(-code));
      } else if (!ran_) {
        throw RuntimeError("the backend reports a job as done that never ran");
      } else {
        deliver();
        set_returned();
      }
    } catch (...) {
      set_failed(std::current_exception());
    }
  }
  let_go();
}

void JobFuture::let_go() noexcept {
  Resident::unlink();
  outer_hook_.withdraw();
  release();
}

/// The loop ends. A job that an executor holds may still run, and writes into this block: the block is then left to it
/// for ever. (A Runner waits for its jobs before it comes to that.)
void JobFuture::abandon() noexcept {
  const bool held = kernel().operations().handed_out(operation_);
  kernel().operations().abandon(operation_);
  outer_hook_.withdraw();
  if (!held) return let_go();
  Resident::unlink();
  if (kernel().closed()) return;
  try {
    kernel().report(
        {"the loop was destroyed while a job was on an executor; its memory is not given back", nullptr,
         describe(static_cast<FutureCore&>(*this))});
  } catch (...) {  // no memory for the report
  }
}

}  // namespace rondo
