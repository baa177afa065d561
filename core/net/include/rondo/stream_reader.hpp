// SPDX-License-Identifier: BSL-1.0
// stream_reader.hpp - the reading end of a connection.
#pragma once

#include <span>

#include <rondo/coro.hpp>
#include <rondo/net/stream_core.hpp>
#include <rondo/net/stream_reads.hpp>

namespace rondo {

/// The stream ended before all that was asked for had come.
class IncompleteReadError : public std::runtime_error {
 public:
  /// `expected`: 0 if that is not known (readuntil).
  IncompleteReadError(std::string partial, std::size_t expected);
  /// What had come; it is taken from the stream.
  const std::string& partial() const { return partial_; }
  std::size_t expected() const { return expected_; }

 private:
  std::string partial_;
  std::size_t expected_;
};

/// The separator was not found within the limit. Nothing is taken from the stream.
class LimitOverrunError : public std::runtime_error {
 public:
  LimitOverrunError(const std::string& message, std::size_t consumed)
      : std::runtime_error(message), consumed_(consumed) {}
  /// Bytes that surely hold no separator: read that many to go on.
  std::size_t consumed() const { return consumed_; }

 private:
  std::size_t consumed_;
};

/// Reads bytes as std::string. One task at a time: a second one gets RuntimeError at its first step, and the first goes
/// on. A cancelled or timed-out read takes nothing: what has arrived, or arrives later, is for the next read. An error
/// of the connection comes as std::system_error when all that arrived before it was read. Source: asyncio.StreamReader.
class StreamReader {
 public:
  StreamReader() = default;
  explicit StreamReader(Ref<StreamCore> core) : core_(std::move(core)) {}
  /// False for one that was default-constructed or moved from.
  explicit operator bool() const { return static_cast<bool>(core_); }

  /// What has arrived, up to `most` bytes; waits if that is nothing. "" at the end of the stream, and for 0 bytes.
  ReadSome read(std::size_t most) const;
  /// All there is, to the end of the stream.
  Coro<std::string> read() const;
  /// The same as read(most), straight into memory of the caller's where nothing had arrived before: no copy. The memory
  /// must live until the await has ended. A cancellation waits for the operation (socket.hpp). 0 is the end.
  ReadInto read_into(std::span<std::byte> buffer) const;
  /// Exactly `size` bytes; IncompleteReadError if the stream ends before.
  Coro<std::string> readexactly(std::size_t size) const;
  /// Up to and with '\n'; at the end of the stream what is left. LimitOverrunError for a line longer than the limit: it
  /// is dropped, as asyncio does, so that the next readline() begins after it, or where it was cut.
  Coro<std::string> readline() const;
  /// Up to and with `separator`; IncompleteReadError if the stream ends before, LimitOverrunError if more than the
  /// limit comes before: nothing is taken then.
  Coro<std::string> readuntil(std::string separator = "\n") const;
  /// True when everything was read and the end has arrived, also if nobody has read it yet: then the backend is asked,
  /// in a real process with two system calls at most. Not between the turns of a loop.
  bool at_eof() const;

 private:
  StreamCore& core() const;
  Ref<StreamCore> core_;
};

}  // namespace rondo
