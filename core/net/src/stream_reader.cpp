// SPDX-License-Identifier: BSL-1.0
// stream_reader.cpp - the ways to read.
#include <rondo/stream_reader.hpp>

#include <algorithm>

namespace rondo {
namespace {

void raise_read_error(const StreamCore& core) {
  if (core.read_error() != 0) throw_system_error(core.read_error(), "read from " + core.peer());
}

Coro<std::string> read_all(Ref<StreamCore> core) {
  const StreamCore::Reading reading(*core, "read");
  while (!core->at_end()) co_await unnoted(core->more());
  raise_read_error(*core);
  co_return core->take(core->arrived().size());
}

Coro<std::string> read_exactly(Ref<StreamCore> core, std::size_t size) {
  const StreamCore::Reading reading(*core, "readexactly");
  while (core->arrived().size() < size && !core->at_end()) co_await unnoted(core->more());
  if (core->arrived().size() < size) {
    raise_read_error(*core);
    throw IncompleteReadError(core->take(core->arrived().size()), size);
  }
  co_return core->take(size);
}

Coro<std::string> read_until(Ref<StreamCore> core, std::string separator, const char* what) {
  const StreamCore::Reading reading(*core, what);
  if (separator.empty()) throw std::invalid_argument("readuntil: the separator is empty; it must have a byte or more");
  const std::size_t limit = core->limits().line;
  std::size_t searched = 0;
  for (;;) {
    const std::string_view arrived = core->arrived();
    const std::size_t found = arrived.find(separator, searched);
    if (found != std::string_view::npos) {
      if (found > limit) {
        throw LimitOverrunError(
            "the separator was found, but after more bytes than the limit of " + std::to_string(limit), found);
      }
      co_return core->take(found + separator.size());
    }
    searched = arrived.size() < separator.size() ? 0 : arrived.size() - separator.size() + 1;
    if (searched > limit) {
      throw LimitOverrunError("no separator within the limit of " + std::to_string(limit) + " bytes", searched);
    }
    if (core->at_end()) {
      raise_read_error(*core);
      throw IncompleteReadError(core->take(arrived.size()), 0);
    }
    co_await unnoted(core->more());
  }
}

Coro<std::string> read_line(Ref<StreamCore> core) {
  try {
    co_return co_await unnoted(read_until(core, "\n", "readline"));
  } catch (const IncompleteReadError& error) {
    co_return error.partial();
  } catch (const LimitOverrunError& error) {
    const std::string_view arrived = core->arrived();
    const bool whole = arrived.substr(error.consumed(), 1) == "\n";
    static_cast<void>(core->take(whole ? error.consumed() + 1 : arrived.size()));
    throw;
  }
}

}  // namespace

std::string ReadSomeAwaiter::take() {
  if (most_ == 0) return {};
  if (core_->arrived().empty()) raise_read_error(*core_);
  return core_->take(std::min(most_, core_->arrived().size()));
}

Outcome<std::size_t> ReadIntoAwaiter::outcome() {
  return caught_outcome([this] { return await_resume(); });
}

std::size_t ReadIntoAwaiter::await_resume() {
  StreamCore& core = this->core();
  turn_.end();
  if (way_ == Way::straight) {
    const Outcome<std::size_t> outcome = straight_.outcome();
    if (outcome.cancelled()) outcome.raise();
    if (outcome.has_value() && outcome.value() > 0) return outcome.value();
  } else if (way_ == Way::in_line) {
    in_line_.await_resume();
  }
  const std::size_t size = std::min(buffer_.size(), core.arrived().size());
  if (size > 0) {
    core.take(buffer_.data(), size);
  } else if (!buffer_.empty()) {
    raise_read_error(core);
  }
  return size;
}

IncompleteReadError::IncompleteReadError(std::string partial, std::size_t expected)
    : std::runtime_error("the stream ended after " + std::to_string(partial.size()) + " bytes, where " +
                         (expected != 0 ? std::to_string(expected) + " were expected" : "a separator was expected")),
      partial_(std::move(partial)),
      expected_(expected) {}

StreamCore& StreamReader::core() const {
  if (!core_) throw RuntimeError("the StreamReader is empty: it was default-constructed or moved from");
  core_->check_thread("StreamReader");
  return *core_;
}

ReadSome StreamReader::read(std::size_t most) const { return ReadSome(Ref<StreamCore>(core()), most); }
Coro<std::string> StreamReader::read() const { return read_all(Ref<StreamCore>(core())); }
ReadInto StreamReader::read_into(std::span<std::byte> buffer) const {
  return ReadInto(Ref<StreamCore>(core()), buffer);
}
Coro<std::string> StreamReader::readexactly(std::size_t size) const {
  return read_exactly(Ref<StreamCore>(core()), size);
}
Coro<std::string> StreamReader::readline() const { return read_line(Ref<StreamCore>(core())); }
Coro<std::string> StreamReader::readuntil(std::string separator) const {
  return read_until(Ref<StreamCore>(core()), std::move(separator), "readuntil");
}
bool StreamReader::at_eof() const { return core().at_end_now() && core().arrived().empty(); }

}  // namespace rondo
