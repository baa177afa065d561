// SPDX-License-Identifier: BSL-1.0
// hosted.hpp - Hosted<T>: the handle of a coroutine that runs inside somebody else's loop.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <rondo/adapters/hosted_core.hpp>
#include <rondo/default_backend.hpp>
#include <rondo/outcome.hpp>
#include <rondo/task.hpp>

namespace rondo::adapters {

/// The core, and the outcome of main.
template <class T>
class HostedState final : public HostedCore {
 public:
  HostedState(const char* host, const HostedOptions& options) : HostedCore(host, options, &make_default_backend) {}

  using HostedCore::begin;
  using HostedCore::need_descriptor;

  const Outcome<T>& outcome() {
    if (!ended()) throw RuntimeError("Hosted::outcome: the hosted loop has not ended; ask done(), or use on_done()");
    heeded_ = true;
    return *outcome_;
  }

  template <class F>
  void on_done(F function) {
    heeded_ = true;
    auto callback = std::make_unique<CallbackOf<F>>(std::move(function));
    if (ended()) return callback->call(*outcome_);
    callbacks_.push_back(std::move(callback));
  }

 private:
  struct Callback {
    virtual ~Callback() = default;
    virtual void call(Outcome<T>& outcome) = 0;
  };
  template <class F>
  struct CallbackOf final : Callback {
    explicit CallbackOf(F f) : function(std::move(f)) {}
    void call(Outcome<T>& outcome) override {
      if constexpr (std::invocable<F&, Outcome<T>&>) {
        function(outcome);
      } else {
        function(std::move(outcome));
      }
    }
    F function;
  };

  ~HostedState() override = default;
  void take_outcome(FutureCore& main, std::exception_ptr failure) override {
    outcome_.emplace(main.done() ? read_outcome<T>(main) : Outcome<T>::of_error(std::move(failure)));
  }
  void fail(std::exception_ptr failure) override {
    if (outcome_->has_value()) outcome_.emplace(Outcome<T>::of_error(std::move(failure)));
  }
  void tell() noexcept override {
    for (auto& callback : std::exchange(callbacks_, {})) {
      try {
        callback->call(*outcome_);
      } catch (...) {
        report("a callback of on_done() failed", std::current_exception());
      }
    }
  }
  std::exception_ptr take_unheeded_error() override {
    return outcome_ && !std::exchange(heeded_, true) ? outcome_->error() : nullptr;
  }

  std::optional<Outcome<T>> outcome_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
  bool heeded_ = false;
};

/// Dropping it detaches: main runs on, and its error, if nobody has asked for it by then, goes to the exception
/// handler. All members belong to the host's thread, and throw RuntimeError on another one. Copies are handles to the
/// same loop.
template <class T>
class [[nodiscard("main runs without its handle, but nobody can cancel it: keep it, or cast to void")]] Hosted {
 public:
  /// For adapters: `attach(core)` puts the core into the host, and gives the Host. `needs_descriptor`: RuntimeError if
  /// the backend has none. Nothing of main runs before the host calls.
  template <class Attach>
  static Hosted start(Coro<T> main, const char* host, const HostedOptions& options, bool needs_descriptor, Place place,
                      Attach attach) {
    Hosted hosted(Ref<HostedState<T>>::adopt(*new HostedState<T>(host, options)));
    HostedState<T>& core = *hosted.core_;
    if (needs_descriptor) core.need_descriptor();
    Task<T> task = core.loop().create_task(std::move(main), {}, place);
    core.begin(attach(core), task.core());
    return hosted;
  }

  /// True once main and everything it left behind have ended, and nothing of it is in the host any more.
  bool done() const { return checked("done").ended(); }

  /// Asks main to end, as Task::cancel(). False if it is done. The orderly end of everything else follows it.
  bool cancel(std::string_view message = {}) const { return checked("cancel").cancel(Message(message)); }

  /// `function(outcome)` is called once this is done, from the host's loop, or now if it is. It takes an Outcome<T> by
  /// value or by reference, or by value and moved if T can only be moved (then give one function). What it throws is
  /// reported. It is not called if the host goes first, or after abandon(): what it would stop or tell may be gone.
  template <class F>
  void on_done(F function) const {
    checked("on_done").on_done(std::move(function));
  }

  /// How main ended. RuntimeError before done().
  const Outcome<T>& outcome() const { return checked("outcome").outcome(); }

  /// For create_task, call_soon, call_later and so on from code of the host: they take effect before it sleeps again.
  /// RuntimeError once this is done.
  Loop& loop() const { return checked("loop").loop(); }

  /// For hosts that go without telling, before they do: what is left is reported and destroyed, as when the host is
  /// noticed to be gone, and outcome() is a RuntimeError if main was not done. Does nothing once this is done; inside a
  /// turn, it is done when that ends.
  void abandon() const { checked("abandon").abandon(); }

  /// How often the host has had it run.
  std::uint64_t turns() const { return checked("turns").turns(); }

  HostedState<T>& core() const { return *core_; }

 private:
  explicit Hosted(Ref<HostedState<T>> core) : core_(std::move(core)) {}
  HostedState<T>& checked(const char* what) const {
    core_->check_thread(what);
    return *core_;
  }
  Ref<HostedState<T>> core_;
};

}  // namespace rondo::adapters
