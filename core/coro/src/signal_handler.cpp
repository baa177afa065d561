// SPDX-License-Identifier: BSL-1.0
// signal_handler.cpp - arrivals, and changes of handlers while they run.
#include <rondo/coro/signal_handler.hpp>

#include <stdexcept>

#include <rondo/backend.hpp>
#include <rondo/kernel/facilities.hpp>
#include <rondo/kernel/text.hpp>

namespace rondo {
namespace {

constexpr int highest_signal = 64;

/// "1-8, 10-18", or "none".
std::string signals_in_words(const Features& features) {
  std::string words;
  for (int first = 1; first <= highest_signal; ++first) {
    if (!features.hears(first)) continue;
    int last = first;
    while (features.hears(last + 1)) ++last;
    append(words, {words.empty() ? "" : ", ", first});
    if (last > first) append(words, {"-", last});
    first = last;
  }
  return words.empty() ? "none" : words;
}

}  // namespace

void refuse_bad_signal(int signal, const Backend* backend) {
  if (signal < 1 || signal > highest_signal) {
    throw_error<std::invalid_argument>({"add_signal_handler: ", signal,
                                        " is not the number of a signal; they are 1 to ", highest_signal});
  }
  if (!backend) return;
  const Features features = backend->features();
  if (features.hears(signal)) return;
  throw_error<RuntimeError>({"add_signal_handler: signal ", signal, " cannot be handled; with the backend ",
                             backend->name(), " these can: ", signals_in_words(features)});
}

void SignalHandler::completed() {
  SignalHandlers& all = *all_;  // this may be gone after its first call
  const int signal = signal_;
  const std::string subject = title();
  const std::uint32_t times = take_times();
  if (result() < 0) {
    return all.kernel().report(
        {text_of({"the signal cannot be handled (error ", -result(), ")"}), nullptr, subject});
  }
  for (std::uint32_t i = 0; i < times; ++i) {
    const SignalHandler* const current = all.of(signal);
    if (!current) return;
    const std::shared_ptr<SignalCallable> held = current->callable;
    try {
      held->call();
    } catch (...) {
      all.kernel().report({"a signal handler threw an exception", std::current_exception(), subject});
    }
  }
}

SignalHandlers::SignalHandlers(Kernel& kernel) : kernel_(&kernel) {}

SignalHandlers::~SignalHandlers() = default;

SignalHandler* SignalHandlers::of(int signal) const {
  for (const auto& handler : handlers_) {
    if (handler->signal() == signal) return handler.get();
  }
  return nullptr;
}

void SignalHandlers::set(int signal, std::shared_ptr<SignalCallable> callable) {
  if (SignalHandler* const known = of(signal)) {
    std::swap(known->callable, callable);
    if (!known->under_way()) start(*known);  // it had failed
    return;
  }
  if (!linked()) kernel_->residents().push_back(*this);
  auto handler = std::make_unique<SignalHandler>(*this, signal);
  handler->callable = std::move(callable);
  handlers_.reserve(handlers_.size() + 1);
  start(*handler);
  handlers_.push_back(std::move(handler));
}

void SignalHandlers::start(SignalHandler& handler) {
  facilities::signal_handlers();
  Output output;
  output.kind = OperationKind::signal;
  output.handle = handler.signal();
  kernel_->operations().start(handler, output);
}

bool SignalHandlers::remove(int signal) {
  for (auto at = handlers_.begin(); at != handlers_.end(); ++at) {
    if ((*at)->signal() != signal) continue;
    kernel_->operations().abandon(**at);
    const std::unique_ptr<SignalHandler> gone = std::move(*at);
    handlers_.erase(at);
    return true;
  }
  return false;
}

void SignalHandlers::abandon() noexcept {
  unlink();
  while (!handlers_.empty()) remove(handlers_.back()->signal());
}

}  // namespace rondo
