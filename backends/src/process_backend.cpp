// SPDX-License-Identifier: BSL-1.0
// process_backend.cpp - the order of things in a wait, and who starts what.
#include <rondo/backends/process_backend.hpp>

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/loop.hpp>

namespace rondo {
namespace {

std::int64_t monotonic_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// How often inputs that are there already may keep a reap from looking for others.
constexpr int most_unpolled = 8;

}  // namespace

ProcessBackend::ProcessBackend(ThreadPoolOptions default_executor, Seam* seam)
    : start_ns_(monotonic_ns()),
      seam_(seam),
      jobs_(
          std::move(default_executor),
          [](void* who, const Input& input) noexcept { static_cast<ProcessBackend*>(who)->put(input); }, this),
      lookups_(jobs_) {}

Instant ProcessBackend::now() noexcept { return Instant(Duration(monotonic_ns() - start_ns_)); }

void ProcessBackend::put(const Input& input) noexcept {
  inbox_.put(input, [](void* who) { static_cast<ProcessBackend*>(who)->wake(); }, this);
}

void ProcessBackend::post(CallCore& call) noexcept { put(Input::post(call)); }

std::span<const Input> ProcessBackend::reap(Instant deadline) {
  reclaim();
  inputs_.clear();
  std::swap(inputs_, ready_);
  const bool sleeps = inputs_.empty() && !unfinished() && deadline > now() && inbox_.fall_asleep();
  if (!sleeps) {
    take_inbox();
    if (!inputs_.empty() && ++unpolled_ < most_unpolled) return inputs_;  // what submit() found: no need to ask again
  }
  unpolled_ = 0;
  wait(sleeps ? deadline : Instant::min());
  take_inbox();  // and is awake
  return inputs_;
}

void ProcessBackend::take_inbox() {
  std::size_t from = inputs_.size();
  inbox_.take(inputs_);
  for (; from < inputs_.size(); ++from) lookups_.end(inputs_[from]);
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

void ProcessBackend::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      return start_readiness(output);
    case OperationKind::signal:
      return signals_.start(output, ready_);
    case OperationKind::job:
      return jobs_.start(output);
    case OperationKind::resolve:
      return lookups_.start(output);
    default:
      return start_socket(output);
  }
}

void ProcessBackend::cancel(const Output& output) {
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      return cancel_readiness(output);
    case OperationKind::signal:
      return signals_.cancel(output, ready_);
    case OperationKind::job:
    case OperationKind::resolve:
      return jobs_.cancel(output);
    default:
      return cancel_socket(output);
  }
}

void ProcessBackend::prepare(Loop& loop) {
  loop.set_exception_handler([](const ErrorContext& context) {
    std::string text = "rondo: " + context.message + ": " + context.subject;
    if (context.exception) text += ": " + describe(context.exception);
    std::fprintf(stderr, "%s\n", text.c_str());
  });
  const char* debug = std::getenv("RONDO_DEBUG");
  if (debug && *debug && *debug != '0') loop.set_debug(true);
}

}  // namespace rondo
