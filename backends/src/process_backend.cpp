// SPDX-License-Identifier: BSL-1.0
// process_backend.cpp - the order of things in a wait, and who starts what.
#include <rondo/backends/process_backend.hpp>

#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/kernel/text.hpp>

#include "descriptor.hpp"

namespace rondo {
namespace {

std::int64_t monotonic_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void print_report(const ErrorContext& context) {
  std::string text = text_of({"rondo: ", context.message, ": ", context.subject});
  if (context.exception) append(text, {": ", describe(context.exception)});
  if (!context.stack.empty()) append(text, {", from ", context.stack});
  std::fprintf(stderr, "%s\n", text.c_str());
}

/// How often inputs that are there already may keep a reap from looking for others.
constexpr int most_unpolled = 8;

}  // namespace

ProcessBackend::ProcessBackend(ThreadPoolOptions default_executor, Seam* seam)
    : inbox_([](void* who) { static_cast<ProcessBackend*>(who)->wake(); }, this),
      start_ns_(monotonic_ns()),
      seam_(seam),
      default_executor_(std::move(default_executor)) {}

Instant ProcessBackend::now() noexcept { return Instant(Duration(monotonic_ns() - start_ns_)); }

bool ProcessBackend::set_timer(int timer, Instant deadline) noexcept {
  itimerspec setting{};
  if (const Instant absolute = after(deadline, Duration(start_ns_)); absolute != no_deadline) {
    const std::int64_t ns = std::max<std::int64_t>(1, absolute.time_since_epoch().count());  // 0 would disarm it
    setting.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  const auto set = [&] { return ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, nullptr); };
  return through(seam_, SystemCall::wait, set) == 0;
}

std::span<const Input> ProcessBackend::reap(Instant deadline) {
  if (std::exchange(given_, false)) {
    reclaim();
    inputs_.clear();
  }
  if (inputs_.empty()) {
    std::swap(inputs_, ready_);
  } else {  // the last reap has thrown
    for (Input& input : ready_) inputs_.push_back(std::move(input));
    ready_.clear();
  }
  const bool sleeps = inputs_.empty() && !unfinished() && deadline > now() && inbox_.fall_asleep();
  if (!sleeps) {
    inbox_.take(inputs_);
    // What submit() has found: no need to ask again, unless somebody is owed a try, who came before.
    if (!inputs_.empty() && !unfinished() && ++unpolled_ < most_unpolled) return inputs();
  }
  unpolled_ = 0;
  wait(sleeps ? deadline : Instant::min());
  inbox_.take(inputs_);  // and is awake
  return inputs();
}

void ProcessBackend::submit(std::span<const Output> outputs) {
  for (const Output& output : outputs) {
    if (output.verb == Output::Verb::start) {
      start(output);
    } else {
      cancel(output);
    }
  }
}

/// What moves bytes or takes connections: most of all that is asked for.
static bool is_transfer(OperationKind kind) {
  return kind >= OperationKind::accept && kind <= OperationKind::shutdown;
}

/// Whose it is.
static BackendDesks::Name desk_of(OperationKind kind) {
  switch (kind) {
    case OperationKind::resolve:
      return BackendDesks::Name::names;
    case OperationKind::adopt:
    case OperationKind::pipe:
      return BackendDesks::Name::descriptors;
    case OperationKind::spawn:
    case OperationKind::child:
    case OperationKind::kill:
      return BackendDesks::Name::processes;
    default:
      return BackendDesks::Name::jobs;
  }
}

void ProcessBackend::start(const Output& output) {
  if (is_transfer(output.kind)) [[likely]] return transfers_ ? transfers_->start(output) : start_socket(output);
  start_other(output);
}

void ProcessBackend::start_other(const Output& output) {
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      // It is registered already, or the ring has its operations: what a second watcher would hear differs.
      if (is_socket(output.handle)) return ready_.push_back(Input::completion(output.id, -EEXIST));
      return start_readiness(output);
    case OperationKind::signal:
    case OperationKind::interrupt:
      return signals_.start(output, ready_);
    case OperationKind::close_executor:
      if (!desks_.find(BackendDesks::Name::jobs)) return complete(output, 0);
      return start_at_desk(output);
    case OperationKind::job:
    case OperationKind::resolve:
    case OperationKind::adopt:
    case OperationKind::pipe:
    case OperationKind::spawn:
    case OperationKind::child:
    case OperationKind::kill:
      return start_at_desk(output);
    default:
      return start_socket(output);
  }
}

void ProcessBackend::start_at_desk(const Output& output) {
  BackendDesk* const desk = desks_.get(desk_of(output.kind), *this);
  return desk ? desk->start(output) : complete(output, -ENOTSUP);
}

void ProcessBackend::cancel(const Output& output) {
  if (is_transfer(output.kind)) [[likely]] return cancel_socket(output);
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      return cancel_readiness(output);
    case OperationKind::signal:
    case OperationKind::interrupt:
      return signals_.cancel(output, ready_);
    case OperationKind::close_executor:
    case OperationKind::job:
    case OperationKind::resolve:
    case OperationKind::adopt:
    case OperationKind::pipe:
    case OperationKind::spawn:
    case OperationKind::child:
    case OperationKind::kill:
      if (BackendDesk* const desk = desks_.find(desk_of(output.kind))) desk->cancel(output);
      return;
    default:
      return cancel_socket(output);
  }
}

bool ProcessBackend::cancel_stranded(const Output& output) {
  const auto at = std::find(stranded_.begin(), stranded_.end(), output.id);
  if (at == stranded_.end()) return false;
  stranded_.erase(at);
  ready_.push_back(Input::completion(output.id, -ECANCELED));
  return true;
}

void ProcessBackend::close_handle(int descriptor) noexcept {
  if (BackendDesk* const desk = desks_.find(BackendDesks::Name::descriptors)) desk->before_close(descriptor);
  close_descriptor(seam_, descriptor);
}

Features ProcessBackend::features() const noexcept {
  const char* debug = std::getenv("RONDO_DEBUG");
  Features all;
  all.adopts = all.processes = true;
  all.descriptors = all.sockets = all.datagrams = all.unix_sockets = all.jobs = all.names = true;
  all.signal_mask = SignalDesk::mask();
  all.debug = debug && *debug && *debug != '0';
  all.report = &print_report;
  return all;
}

}  // namespace rondo
