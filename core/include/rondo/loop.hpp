// SPDX-License-Identifier: BSL-1.0
// loop.hpp - the loop as a function: step() runs what is ready, and says what it wants from the world and until when.
//
// The loop is the runner around the kernel: the kernel decides what is next, the loop resumes it. docs/the-loop.md
// draws one step with numbers.
#pragma once

#include <memory>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

#include <rondo/call.hpp>
#include <rondo/machines/loop.hpp>
#include <rondo/task.hpp>

namespace rondo {

class Backend;

/// What the exception handler is told.
struct ErrorContext {
  std::string message;           // what happened
  std::exception_ptr exception;  // may be null
  std::string subject;           // the task, future or callback, with the place where it was made
};

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

class Loop {
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
  StepResult step(Instant now, std::span<const Input> in, std::span<Output> out, int budget = 256);

  /// What step() would answer now, without doing anything: for hosts that are about to block.
  StepResult peek(Instant now) const;

  static constexpr std::uint32_t max_batches = 64;

  // --- asyncio's loop -----------------------------------------------------------------------------------------------

  /// The time of the current step.
  Instant time() const { return kernel_->now(); }

  /// Posts `callback` behind everything that is ready. It sees the caller's context variables. What it throws goes to
  /// the exception handler. Allocates one block.
  template <class F>
  Handle call_soon(F callback, Place place = Place::here()) {
    check_thread("call_soon");
    auto& call = Call<F>::make(*kernel_, std::move(callback), context_or_empty(), place);
    return post_call(call);
  }

  /// Runs `callback` at time() + delay at the earliest. Zero and less still pass through the timers: such a callback
  /// runs behind everything posted before the next batch begins (asyncio L4).
  template <class F>
  TimerHandle call_later(Duration delay, F callback, Place place = Place::here()) {
    check_thread("call_later");
    return call_at(after(time(), delay), std::move(callback), place);
  }
  template <class F>
  TimerHandle call_at(Instant when, F callback, Place place = Place::here()) {
    check_thread("call_at");
    auto& call = Call<F>::make(*kernel_, std::move(callback), context_or_empty(), place);
    return arm_call(call, when);
  }

  /// The only member that any thread may call, as long as the loop lives: posts `callback` and wakes the loop.
  /// Calls of one thread keep their order. Throws RuntimeError if the loop has no backend.
  template <class F>
  void call_soon_threadsafe(F callback, Place place = Place::here()) {
    hand_over(Call<F>::make_foreign(std::move(callback), foreign_context(), place));
  }

  template <class T = void>
  Future<T> create_future(Place place = Place::here()) {
    return Future<T>(Ref<FutureCore>::adopt(FutureState<T>::make(*kernel_, place)));
  }

  template <class T>
  Task<T> create_task(Coro<T> coro, TaskOptions options = {}, Place place = Place::here()) {
    check_thread("create_task");
    return start_task(*kernel_, coro, options, place);
  }

  /// `handler(const ErrorContext&)` hears of callbacks that throw, of failed tasks that nobody looked at, and of tasks
  /// destroyed while pending. Without one, such reports are kept for take_reports().
  template <class F>
  void set_exception_handler(F handler) {
    handler_ = std::make_unique<HandlerOf<F>>(std::move(handler));
  }
  void call_exception_handler(const ErrorContext& context) noexcept;
  /// Reports that no handler has heard, oldest first (at most 256 are kept).
  std::vector<ErrorContext> take_reports() { return std::exchange(reports_, {}); }

  /// Runs `handler()` on each arrival of the signal, as an ordinary callback. The loop counts as waiting for an
  /// outside source while it is set. Replaces an earlier handler of the same signal.
  template <class F>
  void add_signal_handler(int signal, F handler) {
    install_signal_handler(signal, std::make_unique<SignalHandlerOf<F>>(std::move(handler)));
  }
  /// False if there was none.
  bool remove_signal_handler(int signal);

  /// Ends the loop's run after the current batch; without one, after the next.
  void stop();

  [[nodiscard]] OutsideSource open_source();

  bool debug() const { return debug_; }
  void set_debug(bool debug) { debug_ = debug; }

  // --- for backends, runners and tests ------------------------------------------------------------------------------

  /// Makes this loop the running one of the thread while it exists: for hosts that create tasks between steps.
  class Scope {
   public:
    explicit Scope(Loop& loop);
    ~Scope() { here = before_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Here before_;
    Context context_;
  };

  void attach(Backend& backend) { backend_ = &backend; }
  void detach() { backend_ = nullptr; }
  Backend* backend() const { return backend_; }
  Kernel& kernel() const { return *kernel_; }
  loop::State state() const { return state_; }
  std::uint64_t clamped() const { return kernel_->clamped_; }
  /// In debug mode: the task or callback that ran last, in words.
  const std::string& last_run() const { return last_run_; }
  /// Destroys all tasks, callbacks and signal handlers that are left, as the destructor does: what they had started is
  /// cancelled by the outputs of the next steps. Nothing may be scheduled afterwards.
  void discard() { discard_everything(); }
  /// Marks the pending tasks as known: the destructor drops them in silence.
  void drop_tasks_silently() { silent_ = true; }

  loop::State& state_in(const decltype(loop::diagram)&) { return state_; }
  void perform(loop::Do) {}

 private:
  friend OutsideSource;
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
  struct SignalHandler : Operation {
    SignalHandler() : Operation(Use::handler) {}
    virtual ~SignalHandler() = default;
    virtual void call() = 0;
    int signal = 0;
  };
  template <class F>
  struct SignalHandlerOf final : SignalHandler {
    explicit SignalHandlerOf(F f) : function(std::move(f)) {}
    void call() override { function(); }
    F function;
  };

  void check_thread(const char* what) const {
    if (debug_) [[unlikely]] refuse_foreign_thread(what);
  }
  void refuse_foreign_thread(const char* what) const;
  Handle post_call(CallCore& call);
  TimerHandle arm_call(CallCore& call, Instant when);
  void hand_over(CallCore& call);
  static Context foreign_context();
  void install_signal_handler(int signal, std::unique_ptr<SignalHandler> handler);

  void note_run(Entry& entry);
  void run(Entry& entry);
  struct Progress {
    std::uint32_t resumed;
    std::uint32_t batches;
    bool done;
  };
  template <bool debug>
  Progress run_batches(Kernel& kernel, std::uint32_t budget);
  template <bool debug>
  std::uint32_t run_batch(Kernel& kernel, std::uint32_t left, std::uint64_t& order);
  void run_task(Kernel& kernel, TaskCore& task);
  bool begin_unusual(Kernel& kernel, TaskCore& task);
  void end_task(Kernel& kernel, TaskCore& task);
  void run_call(CallCore& call);
  void run_operation(Operation& operation);
  void run_signal_handler(SignalHandler& handler, std::uint32_t times);
  StepResult answer(Instant now) const;
  void discard_everything();
  static void drop_entry(Entry& entry);

  const Message closed_{"the loop was closed"};  // made now, for an end that may have no memory
  Kernel* kernel_;
  Backend* backend_ = nullptr;
  std::unique_ptr<Handler> handler_;
  std::vector<ErrorContext> reports_;
  std::vector<std::unique_ptr<SignalHandler>> signal_handlers_;
  const void* home_ = nullptr;  // the thread that steps, as the address of its own slot
  loop::State state_ = loop::State::idle;
  std::string last_run_;
  bool debug_ = false;
  bool silent_ = false;
};

/// The loop that runs on this thread; throws RuntimeError if there is none.
Loop& this_loop();

}  // namespace rondo
