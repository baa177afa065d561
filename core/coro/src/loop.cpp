// SPDX-License-Identifier: BSL-1.0
// loop.cpp - the loop as its users see it: posts from threads, reports, and its end.
#include <rondo/loop.hpp>

#include <rondo/driver.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {

Loop::Loop(LoopOptions options)
    : kernel_(new Kernel(options.resource ? *options.resource : *std::pmr::new_delete_resource(), *this)) {
  kernel_->set_debug(options.debug);
}

Loop::~Loop() {
  discard();
  {
    const Scope scope(*this);  // what the handler and the reports own may still ask for the loop, or begin something
    handler_.reset();
    reports_.clear();
  }
  discard();
  detach();
  kernel_->close();
}

void Loop::discard() {
  const Scope scope(*this);
  kernel_->discard_everything(silent_);
}

Loop& this_loop() { return static_cast<Loop&>(running_kernel("this_loop").owner()); }

Loop::Scope::Scope(Loop& loop) : before_(thread_slot) {
  loop.kernel_->claim_thread();
  thread_slot = {.kernel = loop.kernel_, .context = &context_};
}

// --- threads ---------------------------------------------------------------------------------------------------------

Poster& Loop::poster_for_call() const {
  if (!backend_) throw RuntimeError("call_soon_threadsafe: the loop has no backend that could be woken");
  return backend_->poster();
}

/// What was posted before is ready before what is made ready now.
void Loop::take_posts() {
  if (!backend_) return;
  std::vector<Input> posts;
  backend_->poster().take_posts(posts);
  for (const Input& post : posts) kernel_->feed(post);
}

void Loop::refuse_foreign_thread(const char* what) const {
  if (!kernel_->is_foreign_here()) return;
  throw_error<RuntimeError>({what, ": called from a thread that is not the loop's; use call_soon_threadsafe"});
}

/// A step knows the time only at its beginning, so a delay that is asked for in it gets its place later. Between steps
/// the backend's clock can be read at once.
void Loop::arm_in(CallCore& call, Duration delay) {
  if (steps_here() || !backend_ || delay <= Duration::zero()) return call.arm_in(delay);
  call.arm(after(backend_->now(), delay));
}

OutsideSource Loop::open_source() {
  check_thread("open_source");
  kernel_->open_source();
  return OutsideSource(*this);
}

OutsideSource::~OutsideSource() {
  if (loop_) loop_->kernel().close_source();
}

void drive(Loop& loop, Backend& backend) { drive(loop.kernel(), backend); }

void Loop::report_from_thread(const ErrorContext& context) noexcept {
  try {
    auto tell = [context] { this_loop().call_exception_handler(context); };
    if (!backend_) return;
    Poster& poster = backend_->poster();
    poster.post(Call<decltype(tell)>::make_foreign(poster, std::move(tell), Context(), Place()));
  } catch (...) {  // no memory for the report
  }
}

// --- reports ---------------------------------------------------------------------------------------------------------

std::vector<ErrorContext> Loop::take_reports() {
  const std::list<ErrorContext> reports = std::exchange(reports_, {});
  return {reports.begin(), reports.end()};
}

void Loop::call_exception_handler(const ErrorContext& context) noexcept {
  try {
    const std::shared_ptr<Handler> handler = handler_;  // it may replace itself
    if (handler) return handler->call(context);
    if (default_report_) return default_report_(context);
  } catch (...) {  // who throws has not heard it: the report is kept
  }
  try {
    if (reports_.size() < 256) reports_.push_back(context);
  } catch (...) {
  }
}

}  // namespace rondo
