// SPDX-License-Identifier: BSL-1.0
// process_backend.cpp - the order of things in a wait, and who starts what.
#include <rondo/backends/process_backend.hpp>

#include <fcntl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include <rondo/error.hpp>
#include <rondo/net/spawn.hpp>

#include "adopted_descriptor.hpp"
#include "open_socket.hpp"

namespace rondo {
namespace {

std::int64_t monotonic_ns() noexcept {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void print_report(const ErrorContext& context) {
  std::string text = "rondo: " + context.message + ": " + context.subject;
  if (context.exception) text += ": " + describe(context.exception);
  std::fprintf(stderr, "%s\n", text.c_str());
}

/// How often inputs that are there already may keep a reap from looking for others.
constexpr int most_unpolled = 8;

}  // namespace

ProcessBackend::ProcessBackend(ThreadPoolOptions default_executor, Seam* seam)
    : inbox_([](void* who) { static_cast<ProcessBackend*>(who)->wake(); }, this),
      start_ns_(monotonic_ns()),
      seam_(seam),
      jobs_(std::move(default_executor), inbox_),
      lookups_(jobs_),
      children_(seam) {}

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
  reclaim();
  inputs_.clear();
  std::swap(inputs_, ready_);
  const bool sleeps = inputs_.empty() && !unfinished() && deadline > now() && inbox_.fall_asleep();
  if (!sleeps) {
    take_inbox();
    if (!inputs_.empty() && ++unpolled_ < most_unpolled) return inputs();  // what submit() found: no need to ask again
  }
  unpolled_ = 0;
  wait(sleeps ? deadline : Instant::min());
  take_inbox();  // and is awake
  return inputs();
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

/// What moves bytes or takes connections: most of all that is asked for.
static bool is_transfer(OperationKind kind) {
  return kind >= OperationKind::accept && kind <= OperationKind::shutdown;
}

void ProcessBackend::start(const Output& output) {
  if (is_transfer(output.kind)) [[likely]] return start_socket(output);
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      // It is registered already, or the ring has its operations: what a second watcher would hear differs.
      if (is_socket(output.handle)) return ready_.push_back(Input::completion(output.id, -EEXIST));
      return start_readiness(output);
    case OperationKind::signal:
    case OperationKind::interrupt:
      return signals_.start(output, ready_);
    case OperationKind::job:
      return jobs_.start(output);
    case OperationKind::close_executor:
      return jobs_.close(output.id);
    case OperationKind::resolve:
      return lookups_.start(output);
    case OperationKind::adopt:
      return start_adopt(output);
    case OperationKind::pipe:
      return start_pipe(output);
    case OperationKind::spawn:
      return start_spawn(output);
    case OperationKind::child:
      return start_child(output);
    case OperationKind::kill:
      return complete(output, -children_.kill(output.handle, static_cast<int>(output.size)));
    default:
      return start_socket(output);
  }
}

void ProcessBackend::cancel(const Output& output) {
  if (is_transfer(output.kind)) [[likely]] return cancel_socket(output);
  switch (output.kind) {
    case OperationKind::readable:
    case OperationKind::writable: {
      const auto at = std::find(stranded_.begin(), stranded_.end(), output.id);
      if (at == stranded_.end()) return cancel_readiness(output);
      stranded_.erase(at);
      return ready_.push_back(Input::completion(output.id, -ECANCELED));
    }
    case OperationKind::signal:
    case OperationKind::interrupt:
      return signals_.cancel(output, ready_);
    case OperationKind::child:
      return cancel_child(output);
    case OperationKind::close_executor:
    case OperationKind::adopt:  // these have ended
    case OperationKind::pipe:
    case OperationKind::spawn:
    case OperationKind::kill:
      return;  // it goes on to its end
    case OperationKind::job:
    case OperationKind::resolve:
      return jobs_.cancel(output);
    default:
      return cancel_socket(output);
  }
}

// --- descriptors of the program's own, and pipes ---------------------------------------------------------------------

void ProcessBackend::start_adopt(const Output& output) {
  const int descriptor = output.handle;
  if (descriptor >= 0 && is_socket(descriptor)) return complete(output, -EEXIST);
  if (const int error = examine(seam_, descriptor, output.size, *output.endpoint)) return complete(output, -error);
  const int flags = ::fcntl(descriptor, F_GETFL);
  const bool blocks = (flags & O_NONBLOCK) == 0;
  if (blocks && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return complete(output, -errno);
  if (const int error = adopt(descriptor, output.endpoint->medium)) {
    if (blocks) ::fcntl(descriptor, F_SETFL, flags);
    return complete(output, -error);
  }
  adopted_[descriptor] = blocks;
  complete(output, descriptor);
}

void ProcessBackend::close_handle(int descriptor) noexcept {
  if (const auto at = adopted_.find(descriptor); at != adopted_.end()) {
    const bool blocked = at->second;
    adopted_.erase(at);
    if (blocked) block_again(descriptor);
  }
  close_descriptor(seam_, descriptor);
}

/// An open file that another adopted descriptor shares (standard output is often a duplicate of standard input) must
/// not block before that is closed, too: which does it then.
void ProcessBackend::block_again(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  for (auto& [other, blocked] : adopted_) {
    const int flags = ::fcntl(other, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) != 0) continue;
    ::fcntl(other, F_SETFL, flags | O_NONBLOCK);
    blocked = true;
  }
}

void ProcessBackend::start_pipe(const Output& output) {
  int ends[2];
  if (through(seam_, SystemCall::pipe, [&] { return ::pipe2(ends, O_CLOEXEC | O_NONBLOCK); }) < 0) {
    return complete(output, -errno);
  }
  const int error = adopt_all(ends);
  if (error == 0) *output.pipe_ends = {ends[0], ends[1]};
  complete(output, -error);
}

/// All of them or none: then they are closed.
int ProcessBackend::adopt_all(std::span<const int> descriptors) {
  int error = 0;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const bool socket = i == Spawn::channel_end;
    if (descriptors[i] >= 0 && error == 0) error = adopt(descriptors[i], socket ? Medium::stream : Medium::pipe);
    if (descriptors[i] >= 0 && error != 0) close_descriptor(seam_, descriptors[i]);
  }
  for (const int descriptor : descriptors) {
    if (error != 0 && descriptor >= 0 && is_socket(descriptor)) drop(descriptor);
  }
  return error;
}

// --- children --------------------------------------------------------------------------------------------------------

void ProcessBackend::start_spawn(const Output& output) {
  ChildDesk::Ends ends = {-1, -1, -1, -1};
  const int process = children_.spawn(*output.spawn, ends);
  if (process < 0) return complete(output, process);
  if (const int error = adopt_all(ends)) {
    children_.discard(process);
    return complete(output, -error);
  }
  std::copy(ends.begin(), ends.end(), output.spawn->ends.begin());
  complete(output, process);
}

void ProcessBackend::start_child(const Output& output) {
  if (!children_.begin_wait(output.handle, output.id)) return complete(output, -ECHILD);
  await_child(output.handle, output.id);
}

/// The pidfd, or SIGCHLD, reports under the name of the operation itself: end_child() makes the answer of that. A child
/// that has ended before SIGCHLD was listened for is found at once.
void ProcessBackend::await_child(int process, OperationId id) {
  Output news;
  news.id = id;
  news.handle = children_.pidfd(process);
  if (news.handle >= 0) {
    const std::size_t before = ready_.size();
    start_readiness(news);
    if (ready_.size() == before || ready_.back().result >= 0) return;
    ready_.pop_back();  // it cannot be watched
    children_.give_up_pidfd(process);
  }
  news.kind = OperationKind::signal;
  news.handle = SIGCHLD;
  signals_.start(news, ready_);
  ready_.push_back(Input::completion(id, 0, true));
}

void ProcessBackend::cancel_child(const Output& output) {
  const int process = children_.process_of(output.id);
  if (process == 0) return;  // it has ended, and its completion is on the way
  Output news = output;
  news.handle = children_.pidfd(process);
  if (news.handle >= 0) {
    news.kind = OperationKind::readable;
    return cancel_readiness(news);
  }
  news.kind = OperationKind::signal;
  news.handle = SIGCHLD;
  signals_.cancel(news, ready_);
}

/// `input` is news of a child that somebody waits for. False if there is nothing to tell.
bool ProcessBackend::end_child(Input& input) {
  const int process = children_.process_of(input.id);
  if (input.result < 0) {
    children_.end_wait(input.id);
    return true;
  }
  const bool by_pidfd = children_.pidfd(process) >= 0;
  if (!children_.reap(process, input.result)) {
    if (by_pidfd) await_child(process, input.id);
    return false;
  }
  children_.end_wait(input.id);
  if (!by_pidfd) {
    Output listener;
    listener.kind = OperationKind::signal;
    listener.id = input.id;
    // Signals that have come meanwhile are told to those who still listen: other children may have no later one.
    std::vector<Input> last;
    signals_.cancel(listener, last);
    ready_.insert(ready_.end(), last.begin(), last.end());
    std::erase_if(ready_, [&](const Input& each) {  // this one has ended
      return each.type == Input::Type::completion && each.id == input.id;
    });
  }
  input.more = false;
  return true;
}

/// What was heard of children becomes their answers.
void ProcessBackend::end_children() {
  std::vector<OperationId> ended;
  std::erase_if(inputs_, [&](Input& input) {
    if (input.type != Input::Type::completion) return false;
    if (std::find(ended.begin(), ended.end(), input.id) != ended.end()) return true;
    if (children_.process_of(input.id) == 0) return false;
    if (!end_child(input)) return true;
    ended.push_back(input.id);
    return false;
  });
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
