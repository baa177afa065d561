// SPDX-License-Identifier: BSL-1.0
// loop.hpp - the loop as a function: step() runs what is ready, and says what it wants from the world and until when.
//
// The loop is what users see of the kernel, which holds its state and does the stepping. docs/the-loop.md draws one
// step with numbers.
#pragma once

#include <list>
#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/call.hpp>
#include <rondo/coro/signal_handler.hpp>
#include <rondo/task.hpp>

namespace rondo {

class Loop;

struct LoopOptions {
  std::pmr::memory_resource* resource = nullptr;  // for everything the loop allocates; null: new and delete
  bool debug = false;                             // check threads, report errors that were never retrieved with places
};

/// While it exists, somebody outside may still post: the loop waits for inputs instead of reporting a deadlock.
class [[nodiscard]] OutsideSource {
 public:
  OutsideSource() = default;
  OutsideSource(OutsideSource&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)) {}
  OutsideSource& operator=(OutsideSource&& other) noexcept {
    std::swap(loop_, other.loop_);
    return *this;
  }
  /// Belongs to the loop's thread, and must not outlive the loop.
  ~OutsideSource();

 private:
  friend class Loop;
  explicit OutsideSource(Loop& loop) : loop_(&loop) {}
  Loop* loop_ = nullptr;
};

class Loop final : private Kernel::Owner, public CreatesTasks<Loop> {
 public:
  explicit Loop(LoopOptions options = {});
  /// Reports every task that is not done to the exception handler, by name, and destroys it. A loop must not be
  /// destroyed inside its own step.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // --- the contract -------------------------------------------------------------------------------------------------

  /// Takes the inputs in their order, then runs ready tasks and callbacks, at most `budget` of them, and at most
  /// `max_batches` batches: what becomes ready in a batch runs in a later one. Writes operations to start and cancel
  /// into `out`; what does not fit stays inside for the next step. `now` smaller than before is clamped.
  /// Throws std::invalid_argument for a negative budget and RuntimeError when called from inside itself.
  StepResult step(Instant now, std::span<const Input> in, std::span<Output> out, int budget = 256) {
    return kernel_->step(now, in, out, budget);
  }

  /// What step() would answer now, without doing anything: for hosts that are about to block.
  StepResult peek(Instant now) const { return kernel_->peek(now); }

  /// Delays count from the call that asks for them, which may be long after its step began. A host that wants that
  /// exact calls this after a step that leaves timers `unplaced`, with a fresh reading of its clock; it gives the
  /// deadline again. They are then late by what was left of the step, and never early. Without it delays count from the
  /// time of the step.
  Instant place(Instant now) { return kernel_->place(now); }

  static constexpr std::uint32_t max_batches = Kernel::max_batches;

  // --- asyncio's loop -----------------------------------------------------------------------------------------------

  /// The time of the current step.
  Instant time() const { return kernel_->now(); }

  /// Posts `callback` behind everything that is ready. It sees the caller's context variables, or runs in the context
  /// that it is given ({.context = &ctx}). What it throws goes to the exception handler. Allocates one block.
  template <class F>
  Handle call_soon(F callback, CallOptions options = {}, Place place = Place::here()) {
    check_thread("call_soon");
    if (!steps_here()) take_posts();
    auto& call = Call<F>::make(*kernel_, std::move(callback), context_for(options.context), place);
    call.post();
    return Handle(call);
  }

  /// Runs `callback` when `delay` has passed since this call, at the earliest. Zero and less still pass through the
  /// timers: such a callback runs behind everything posted before the next batch begins (asyncio L4).
  template <class F>
  TimerHandle call_later(Delay delay, F callback, CallOptions options = {}, Place place = Place::here()) {
    check_thread("call_later");
    auto& call = Call<F>::make(*kernel_, std::move(callback), context_for(options.context), place);
    arm_in(call, delay);
    return TimerHandle(call);
  }
  template <class F>
  TimerHandle call_at(Instant when, F callback, CallOptions options = {}, Place place = Place::here()) {
    check_thread("call_at");
    auto& call = Call<F>::make(*kernel_, std::move(callback), context_for(options.context), place);
    call.arm(when);
    return TimerHandle(call);
  }

  /// The only member that any thread may call, as long as the loop lives: posts `callback` and wakes the loop.
  /// Calls keep their order, also with call_soon() and create_task() of the loop's own thread. Throws RuntimeError if
  /// the loop has no backend.
  template <class F>
  void call_soon_threadsafe(F callback, Place place = Place::here()) {
    if (steps_here() && backend_) {
      take_posts();
      static_cast<void>(call_soon(std::move(callback), {}, place));
    } else {
      Poster& poster = poster_for_call();
      poster.post(Call<F>::make_foreign(poster, std::move(callback), foreign_context(), place));
    }
  }

  template <class T = void>
  Future<T> create_future(Place place = Place::here()) {
    check_thread("create_future");
    return Future<T>(Ref<FutureCore>::adopt(FutureState<T>::make(*kernel_, place)));
  }

  /// `handler(const ErrorContext&)` hears of callbacks that throw, of failed tasks that nobody looked at, and of tasks
  /// destroyed while pending. Without one, such reports are kept for take_reports().
  template <class F>
  void set_exception_handler(F handler) {
    refuse_coroutine<std::invoke_result_t<F&, const ErrorContext&>>();
    check_thread("set_exception_handler");
    handler_ = std::make_shared<HandlerOf<F>>(std::move(handler));
  }
  void call_exception_handler(const ErrorContext& context) noexcept;
  /// What hears the reports as long as there is no exception handler: Features::report of a backend. Null: nobody.
  void set_default_report(ReportFunction function) { default_report_ = function; }
  /// Reports that nobody has heard, oldest first (at most 256 are kept).
  std::vector<ErrorContext> take_reports();

  /// Runs `handler()` on each arrival of the signal, as an ordinary callback. The loop counts as waiting for an
  /// outside source while it is set. Replaces an earlier handler of the same signal. A handler may replace or remove
  /// itself: arrivals that it has not seen go to the new one, or to nobody. Other loops of the process keep theirs, and
  /// hear the same arrivals.
  /// Throws std::invalid_argument for a number that no signal has, and RuntimeError for a signal that the backend
  /// cannot handle. A loop without a backend cannot ask it: then the exception handler is told later.
  template <class F>
  void add_signal_handler(int signal, F handler) {
    refuse_coroutine<std::invoke_result_t<F&>>();
    check_thread("add_signal_handler");
    refuse_bad_signal(signal, backend_);
    if (!signal_handlers_) signal_handlers_ = std::make_shared<SignalHandlers>(*kernel_);
    signal_handlers_->set(signal, std::make_shared<SignalCallableOf<F>>(std::move(handler)));
  }
  /// False if there was none, also for a number that no signal has. When the step ends, the signal does again what it
  /// did before the process's first handler of a loop, unless other loops still hear it.
  bool remove_signal_handler(int signal) {
    check_thread("remove_signal_handler");
    return signal_handlers_ && signal_handlers_->remove(signal);
  }

  /// Ends the loop's run after the current batch; without one, after the next.
  void stop() { kernel_->stop(); }

  [[nodiscard]] OutsideSource open_source();

  bool debug() const { return kernel_->debug(); }
  void set_debug(bool debug) { kernel_->set_debug(debug); }

  // --- for backends, runners and tests ------------------------------------------------------------------------------

  /// Makes this loop the running one of the thread while it exists: for hosts that create tasks between steps.
  class Scope {
   public:
    explicit Scope(Loop& loop);
    ~Scope() { thread_slot = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    ThreadSlot before_;
    Context context_;
  };

  void attach(Backend& backend) {
    detach();
    backend_ = &backend;
    backend.serve(*kernel_);
  }
  void detach() {
    if (backend_) std::exchange(backend_, nullptr)->leave(*kernel_);
  }
  Backend* backend() const { return backend_; }

  /// Closes the async generators that have begun. They bring it along: a program without any links none of it.
  using GeneratorCloser = Coro<void> (*)(Kernel& kernel);
  void set_generator_closer(GeneratorCloser closer) { generator_closer_ = closer; }
  GeneratorCloser generator_closer() const { return generator_closer_; }
  Kernel& kernel() const { return *kernel_; }
  machines::loop::State state() const { return kernel_->state(); }
  std::uint64_t clamped() const { return kernel_->clamped(); }
  std::uint64_t steps() const { return kernel_->steps(); }
  /// In debug mode: the task or callback that ran last, in words.
  const std::string& last_run() const { return kernel_->last_run(); }
  /// Destroys all tasks, callbacks and signal handlers that are left, as the destructor does: what they had started is
  /// cancelled by the outputs of the next steps. Nothing may be scheduled afterwards.
  void discard();
  /// Marks the pending tasks as known: the destructor drops them in silence.
  void drop_tasks_silently() { silent_ = true; }

 private:
  friend Loop& this_loop();
  struct Handler {
    virtual ~Handler() = default;
    virtual void call(const ErrorContext&) = 0;
  };
  template <class F>
  struct HandlerOf final : Handler {
    explicit HandlerOf(F f) : function(std::move(f)) {}
    void call(const ErrorContext& context) override { function(context); }
    F function;
  };

  friend CreatesTasks<Loop>;
  template <class T>
  Task<T> start_coroutine(Coro<T> coro, const TaskOptions& options, Place place) {
    check_thread("create_task");
    if (!steps_here()) take_posts();
    return start_task(*kernel_, coro, options, place);
  }
  bool steps_here() const { return thread_slot.kernel == kernel_ && kernel_->stepping(); }
  void check_thread(const char* what) const {
    if (debug()) [[unlikely]] refuse_foreign_thread(what);
  }
  void refuse_foreign_thread(const char* what) const;
  void arm_in(CallCore& call, Duration delay);
  Poster& poster_for_call() const;
  void take_posts();
  static Context foreign_context() { return context_or_empty().detached(); }
  void report(const ErrorContext& context) noexcept override { call_exception_handler(context); }
  void report_from_thread(const ErrorContext& context) noexcept override;

  Kernel* kernel_;
  Backend* backend_ = nullptr;
  GeneratorCloser generator_closer_ = nullptr;
  std::shared_ptr<Handler> handler_;
  ReportFunction default_report_ = nullptr;
  std::list<ErrorContext> reports_;
  std::shared_ptr<SignalHandlers> signal_handlers_;  // made for the first: a program without any links none of it
  bool silent_ = false;
};

/// The loop that runs on this thread; throws RuntimeError if there is none.
Loop& this_loop();

/// Steps `loop` on `backend` until stop(). I/O is looked at when nothing is ready and at least every 64th batch.
/// Throws DeadlockError when nothing can ever happen again.
void drive(Loop& loop, Backend& backend);

}  // namespace rondo
