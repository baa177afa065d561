// SPDX-License-Identifier: BSL-1.0
// sim_desk.cpp - see sim_desk.hpp.
#include "sim_desk.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rondo::sim {

Waiting& Desk::wait(const Output& output) {
  return waiting_.insert_or_assign(output.id, Waiting{output, nullptr, {}}).first->second;
}

void Desk::stand(Line& line, Waiting& waiting) {
  waiting.due.reset();
  line.push_back(&waiting);
  waiting.line = &line;
}

void Desk::finish_receive(Output output, std::string bytes, bool last) {
  const std::string& kept = lent_.emplace_back(std::move(bytes));
  Input input = Input::received(output.id, reinterpret_cast<const std::byte*>(kept.data()), kept.size());
  input.last = last;
  finish(output, input);
}

void Desk::finish_receive(Output output, std::size_t size, bool last) {
  Input input = Input::completion(output.id, static_cast<std::int32_t>(size));
  input.last = last;
  finish(output, input);
}

void Desk::finish(const Output& output, const Input& input) {
  std::uint32_t others = 0;  // of other sockets, and before this one
  while (others < 3 && others < ready_.size()) {
    const std::int32_t handle = ready_[ready_.size() - 1 - others].handle;
    if (handle >= 0 && handle == output.handle) break;
    ++others;
  }
  const std::uint32_t forward = choices_.choose("net.order", others + 1);
  ready_.insert(ready_.end() - static_cast<std::ptrdiff_t>(forward), {input, output.handle});
  forget(input.id);
}

void Desk::forget(OperationId id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return;
  Waiting& waiting = at->second;
  if (waiting.due) timeline_.remove(*waiting.due);
  if (waiting.line) waiting.line->erase(std::find(waiting.line->begin(), waiting.line->end(), &waiting));
  waiting_.erase(at);
}

void Desk::finish_all(Line& line, std::int32_t result) {
  while (!line.empty()) finish(line.front()->output, result);
}

bool Desk::cancel(OperationId id) {
  const auto at = waiting_.find(id);
  if (at == waiting_.end()) return false;
  if (timeline_.something_is_due() && choices_.choose("net.cancel", 2) == 1) {
    hurried_.push_back(id);
  } else {
    finish(at->second.output, -ECANCELED);
  }
  return true;
}

void Desk::take(std::vector<Input>& inputs) {
  for (const OperationId id : std::exchange(hurried_, {})) {
    const auto at = waiting_.find(id);
    if (at != waiting_.end()) finish(at->second.output, -ECANCELED);
  }
  for (const Ready& ready : ready_) inputs.push_back(ready.input);
  ready_.clear();
}

}  // namespace rondo::sim
