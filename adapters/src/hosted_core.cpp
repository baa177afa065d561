// SPDX-License-Identifier: BSL-1.0
// hosted_core.cpp - turns for a host, and every way in which a hosted loop may end.
#include <rondo/adapters/hosted_core.hpp>

#include <string>
#include <vector>

#include <rondo/dump.hpp>

namespace rondo::adapters {
namespace {

/// A backend that fails so often in a row will not end what it has begun.
constexpr std::uint32_t most_failures = 16;

/// What is in a host of this thread. A host that goes without telling is noticed when the thread ends.
class Residents {
 public:
  ~Residents() {
    while (!all_.empty()) {
      HostedCore& core = *all_.back();
      all_.pop_back();
      core.thread_ends();
    }
  }
  void add(HostedCore& core) { all_.push_back(&core); }
  void remove(HostedCore& core) noexcept { std::erase(all_, &core); }

 private:
  std::vector<HostedCore*> all_;
};
thread_local Residents residents;

}  // namespace

HostedCore::HostedCore(const char* host, const HostedOptions& options, std::unique_ptr<Backend> (*make_backend)())
    : name_(host),
      limits_(options.limits),
      own_backend_(options.backend ? nullptr : make_backend()),
      backend_(options.backend ? options.backend : own_backend_.get()) {
  if (!backend_->poster().claim()) {
    throw RuntimeError(std::string(name_) + ": a loop is driven on this backend already; give each one a backend");
  }
  try {
    const Features features = backend_->features();
    print_ = features.report;
    loop_ = std::make_unique<Loop>(LoopOptions{options.resource, options.debug || features.debug});
    loop_->attach(*backend_);
    loop_->set_default_report(print_);
    stop_.emplace(loop_->kernel());
    driver_.emplace(loop_->kernel(), *backend_);
    driver_->on_wakeup_needed(&wake, this);
  } catch (...) {
    backend_->poster().give_back();
    throw;
  }
}

HostedCore::~HostedCore() {
  if (ended_ || !loop_) return;
  loop_->drop_tasks_silently();  // it did not get into its host
  leave();
  free_loop();
}

void HostedCore::destroy() noexcept {
  report_unheeded();
  delete this;
}

void HostedCore::need_descriptor() const {
  if (backend_->descriptor() >= 0) return;
  throw RuntimeError(std::string(name_) + ": the backend \"" + std::string(backend_->name()) +
                     "\" has no descriptor that a host could watch; use adapters::guest::run, or give "
                     "HostedOptions::backend one that has (epoll, io_uring)");
}

void HostedCore::begin(std::unique_ptr<Host> host, FutureCore& main) {
  host_ = std::move(host);
  residents.add(*this);
  main_ = Ref<FutureCore>(main);
  main.add_waiter(*stop_);
  self_ = Ref<HostedCore>(*this);
  host_->wake();
}

// --- before the host sleeps ------------------------------------------------------------------------------------------

Instant HostedCore::deadline() {
  if (failure_) return Instant::min();
  return ending_ ? ending_->deadline() : driver_->deadline();
}

bool HostedCore::prepare() noexcept {
  if (!is_at_home() || ended_) return false;
  if (turning_) {
    note_nested();
    return false;
  }
  try {
    const Instant until = deadline();
    if (until == Instant::min()) return true;
    backend_->arm(until);
    return false;
  } catch (...) {
    failure_ = std::current_exception();
    return true;
  }
}

bool HostedCore::arm() noexcept {
  if (!prepare()) return true;
  try {
    backend_->arm(Instant::min());
    return true;
  } catch (...) {
    failure_ = std::current_exception();
    return false;
  }
}

/// Work has appeared outside of a turn.
void HostedCore::wake(void* self) noexcept {
  const auto& core = *static_cast<HostedCore*>(self);
  if (core.host_) core.host_->wake();
}

// --- turns -----------------------------------------------------------------------------------------------------------

void HostedCore::turn() noexcept {
  if (!is_at_home() || ended_) return;
  if (turning_) return note_nested();
  const Ref<HostedCore> self(*this);
  ++turns_;
  turning_ = true;
  nested_ = false;
  host_->watch(false);
  if (loop_->debug()) host_->probe();
  try {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    const std::span<const Input> in = host_->reap(*backend_);
    if (!ending_) {
      run(in);
    } else {
      run_to_end(in);
    }
    failures_ = 0;
  } catch (...) {
    ++failures_;
    if (!ending_) {
      begin_end(std::current_exception());
    } else if (ending_->wound_up()) {
      report("the backend failed while the hosted loop ended", std::current_exception());
    } else {
      fail(std::current_exception());
      ending_->give_up();
      loop_->drop_tasks_silently();
    }
  }
  end_turn();
}

void HostedCore::run(std::span<const Input> in) {
  if (driver_->turn(in, limits_) != Turn::done) return;  // one that is stuck waits for what the host does
  begin_end(main_->done() ? nullptr
                          : std::make_exception_ptr(RuntimeError("the loop was stopped before its main task was done")));
}

void HostedCore::run_to_end(std::span<const Input> in) {
  ending_->turn(in, limits_);
  if (ending_->wound_up()) loop_->drop_tasks_silently();
}

void HostedCore::begin_end(std::exception_ptr failure) {
  take_outcome(*main_, std::move(failure));
  main_ = Ref<FutureCore>();
  stop_.reset();
  driver_.reset();
  ending_.emplace(*loop_, *backend_);
  ending_->on_wakeup_needed(&wake, this);
}

void HostedCore::end_turn() noexcept {
  if (abandoned_) return destroy_rest();
  if (ending_ && (ending_->ended() || failures_ >= most_failures)) {
    if (!ending_->ended()) report("the backend fails again and again; what it had begun is not waited for", nullptr);
    constexpr std::uint32_t own = 2;  // of self_, and of turn()
    if (references() == own) report_unheeded();
    leave();
    tell();
    return free_loop();
  }
  turning_ = false;
  const bool due = prepare();
  host_->watch(true);
  if (due) host_->wake();
}

void HostedCore::note_nested() noexcept {
  if (std::exchange(nested_, true) || !loop_->debug()) return;
  loop_->call_exception_handler({"a nested loop of the host " + std::string(name_) +
                                     " was entered by what runs; until it ends, nothing else of rondo runs",
                                 nullptr, loop_->last_run()});
}

// --- the end ---------------------------------------------------------------------------------------------------------

/// Out of the host. Another loop may be driven on the backend.
void HostedCore::leave() noexcept {
  ended_ = true;
  residents.remove(*this);
  host_.reset();
  main_ = Ref<FutureCore>();
  ending_.reset();
  stop_.reset();
  driver_.reset();
  loop_->detach();
  backend_->poster().give_back();
}

void HostedCore::free_loop() noexcept {
  loop_.reset();
  own_backend_.reset();
  turning_ = false;
  self_ = Ref<HostedCore>();
}

void HostedCore::host_gone() noexcept {
  if (std::this_thread::get_id() != home_) {
    host_is_gone_ = true;
    return;
  }
  const Ref<HostedCore> self(*this);
  host_->forsake();
  abandon();
}

void HostedCore::thread_ends() noexcept {
  const Ref<HostedCore> self(*this);
  if (!host_->tells_of_its_end()) host_->forsake();
  abandon();
}

void HostedCore::abandon() noexcept {
  if (ended_) return;
  if (turning_) {
    abandoned_ = true;
    return;
  }
  const Ref<HostedCore> self(*this);
  turning_ = true;
  destroy_rest();
}

void HostedCore::destroy_rest() noexcept {
  if (host_is_gone_) host_->forsake();
  const std::string what = std::string(name_) + ": the host goes before its rondo loop";
  loop_->call_exception_handler({what + "; what was left is destroyed", nullptr, dump_tasks(*loop_)});
  if (!ending_) begin_end(std::make_exception_ptr(RuntimeError(what + ", and main is not done")));
  ending_->give_up();
  loop_->drop_tasks_silently();
  host_->watch(false);
  bool first = true;
  for (failures_ = 0; !ending_->ended() && failures_ < most_failures;) {
    try {
      ending_->turn(std::exchange(first, false) ? host_->reap(*backend_) : backend_->reap(ending_->deadline()));
    } catch (...) {
      ++failures_;
      report("the backend failed while the hosted loop ended", std::current_exception());
    }
  }
  leave();
  free_loop();
}

// --- for handles -----------------------------------------------------------------------------------------------------

Loop& HostedCore::loop() const {
  if (ended_ || (ending_ && ending_->wound_up())) throw RuntimeError(std::string(name_) + ": the hosted loop has ended");
  return *loop_;
}

bool HostedCore::cancel(const Message& message) { return main_ && main_->cancel(message); }

void HostedCore::check_thread(const char* what) const {
  if (std::this_thread::get_id() == home_) return;
  throw RuntimeError("Hosted::" + std::string(what) + ": called from a thread that is not the host's; have " + name_ +
                     " run it there, or use Loop::call_soon_threadsafe");
}

/// What is said on another thread must not touch the loop.
bool HostedCore::is_at_home() noexcept {
  if (std::this_thread::get_id() == home_) return true;
  if (!strayed_.exchange(true) && print_) {
    print_({"the host runs on another thread than the one that called run(), so nothing of rondo can run", nullptr, name_});
  }
  return false;
}

/// While the loop is there, its exception handler is told.
void HostedCore::report_unheeded() noexcept {
  if (std::exception_ptr error = take_unheeded_error()) report("main failed, and nobody asked for its outcome", error);
}

void HostedCore::report(const char* what, std::exception_ptr error) noexcept {
  try {
    const ErrorContext context{what, std::move(error), name_};
    if (loop_) {
      loop_->call_exception_handler(context);
    } else if (print_) {
      print_(context);
    }
  } catch (...) {  // no memory for words
  }
}

}  // namespace rondo::adapters
