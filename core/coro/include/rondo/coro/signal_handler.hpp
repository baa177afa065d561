// SPDX-License-Identifier: BSL-1.0
// signal_handler.hpp - the handlers of a loop's signals, one for each.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <rondo/kernel/kernel.hpp>
#include <rondo/kernel/resident.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {

class Backend;

/// Throws if no handler can be set for `signal`: std::invalid_argument, or RuntimeError if it is the backend, null if
/// there is none, that cannot. Source: asyncio's ValueError and RuntimeError (unix_events.add_signal_handler).
void refuse_bad_signal(int signal, const Backend* backend);

/// What add_signal_handler() was given, without its type.
class SignalCallable {
 public:
  virtual ~SignalCallable() = default;
  virtual void call() = 0;
};
template <class F>
class SignalCallableOf final : public SignalCallable {
 public:
  explicit SignalCallableOf(F function) : function_(std::move(function)) {}
  void call() override { function_(); }

 private:
  F function_;
};

class SignalHandlers;

/// The operation of one signal. It stays when another callable takes the place of its own, so that the signal is never
/// left to what it does by default.
class SignalHandler final : public OwnedOperation {
 public:
  SignalHandler(SignalHandlers& all, int signal) : all_(&all), signal_(signal) {}
  int signal() const { return signal_; }
  void completed() override;
  std::string title() const override { return text_of({"handler of signal ", signal_}); }
  std::shared_ptr<SignalCallable> callable;

 private:
  SignalHandlers* all_;
  int signal_;
};

/// What is replaced or removed goes last: its destructor may set and remove others.
class SignalHandlers : public ResidentOf<SignalHandlers> {
 public:
  explicit SignalHandlers(Kernel& kernel);
  ~SignalHandlers();
  Kernel& kernel() const { return *kernel_; }
  void set(int signal, std::shared_ptr<SignalCallable> callable);
  /// False if there was none.
  bool remove(int signal);
  /// Of ResidentOf: removes all.
  void abandon() noexcept;
  /// Null if there is none.
  SignalHandler* of(int signal) const;

 private:
  void start(SignalHandler& handler);
  Kernel* kernel_;
  std::vector<std::unique_ptr<SignalHandler>> handlers_;
};

}  // namespace rondo
