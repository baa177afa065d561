// SPDX-License-Identifier: BSL-1.0
// child_desk.cpp - see child_desk.hpp.
#include "child_desk.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <vector>

#include <rondo/kernel/facilities.hpp>
#include <rondo/net/spawn.hpp>

#include "descriptors.hpp"

namespace rondo {

void facilities::processes() noexcept {
  descriptors();
  readiness();  // of what tells that a child has ended
  signal_handlers();  // where nothing does
  BackendDesks::offer(BackendDesks::Name::processes, [](ProcessBackend& backend) -> std::unique_ptr<BackendDesk> {
    return std::make_unique<ChildDesk>(backend);
  });
}

void ChildDesk::start(const Output& output) {
  switch (output.kind) {
    case OperationKind::spawn:
      return spawn(output);
    case OperationKind::child:
      return begin_wait(output);
    default:
      return backend_.complete(output, -children_.kill(output.handle, static_cast<int>(output.size)));
  }
}

void ChildDesk::spawn(const Output& output) {
  Children::Ends ends = {-1, -1, -1, -1};
  const int process = children_.spawn(*output.spawn, ends);
  if (process < 0) return backend_.complete(output, process);
  if (const int error = adopt_ends(backend_, ends)) {
    children_.discard(process);
    return backend_.complete(output, -error);
  }
  std::copy(ends.begin(), ends.end(), output.spawn->ends.begin());
  backend_.complete(output, process);
}

// --- waiting for an end ----------------------------------------------------------------------------------------------

void ChildDesk::begin_wait(const Output& output) {
  if (!children_.begin_wait(output.handle, output.id)) return backend_.complete(output, -ECHILD);
  await_end(output.handle, output.id);
}

/// The pidfd, or SIGCHLD, reports under the name of the operation itself: end_wait() makes the answer of that. A child
/// that has ended before SIGCHLD was listened for is found at once.
void ChildDesk::await_end(int process, OperationId id) {
  Output news;
  news.id = id;
  news.handle = children_.pidfd(process);
  std::vector<Input>& ready = backend_.ready_;
  if (news.handle >= 0) {
    const std::size_t before = ready.size();
    backend_.start_readiness(news);
    if (ready.size() == before || ready.back().result >= 0) return;
    ready.pop_back();  // it cannot be watched
    children_.give_up_pidfd(process);
  }
  news.kind = OperationKind::signal;
  news.handle = SIGCHLD;
  backend_.signals_.start(news, ready);
  ready.push_back(Input::completion(id, 0, true));
}

void ChildDesk::cancel(const Output& output) {
  if (output.kind != OperationKind::child) return;  // the others have ended
  const int process = children_.process_of(output.id);
  if (process == 0) return;  // it has ended, and its completion is on the way
  Output news = output;
  news.handle = children_.pidfd(process);
  if (news.handle >= 0) {
    news.kind = OperationKind::readable;
    return backend_.cancel_readiness(news);
  }
  news.kind = OperationKind::signal;
  news.handle = SIGCHLD;
  backend_.signals_.cancel(news, backend_.ready_);
}

void ChildDesk::answer(std::vector<Input>& inputs) {
  if (!children_.waited()) return;
  std::vector<OperationId> ended;
  std::erase_if(inputs, [&](Input& input) {
    if (input.type != Input::Type::completion) return false;
    if (std::find(ended.begin(), ended.end(), input.id) != ended.end()) return true;
    if (children_.process_of(input.id) == 0) return false;
    if (!end_wait(input)) return true;
    ended.push_back(input.id);
    return false;
  });
}

/// `input` is news of a child that somebody waits for. False if there is nothing to tell.
bool ChildDesk::end_wait(Input& input) {
  const int process = children_.process_of(input.id);
  if (input.result < 0) {
    children_.end_wait(input.id);
    return true;
  }
  const bool by_pidfd = children_.pidfd(process) >= 0;
  if (!children_.reap(process, input.result)) {
    if (by_pidfd) await_end(process, input.id);
    return false;
  }
  children_.end_wait(input.id);
  if (!by_pidfd) stop_listening(input.id);
  input.more = false;
  return true;
}

/// Signals that have come meanwhile are told to those who still listen: other children may have no later one.
void ChildDesk::stop_listening(OperationId id) {
  Output listener;
  listener.kind = OperationKind::signal;
  listener.id = id;
  std::vector<Input>& ready = backend_.ready_;
  backend_.signals_.cancel(listener, ready);
  std::erase_if(ready, [&](const Input& each) {  // this one has ended
    return each.type == Input::Type::completion && each.id == id;
  });
}

}  // namespace rondo
