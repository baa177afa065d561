// SPDX-License-Identifier: BSL-1.0
// stream_writer.hpp - the writing end of a connection.
#pragma once

#include <span>
#include <string_view>

#include <rondo/coro.hpp>
#include <rondo/net/stream_core.hpp>
#include <rondo/net/stream_drain.hpp>

namespace rondo {

/// Writes bytes. A writer that goes is closed: what was written is still sent, if the loop lives long enough. Movable;
/// belongs to the loop's thread. Source: asyncio.StreamWriter.
class StreamWriter {
 public:
  StreamWriter() = default;
  explicit StreamWriter(Ref<StreamCore> core) : core_(std::move(core)) {}
  /// False for one that was default-constructed or moved from.
  explicit operator bool() const { return static_cast<bool>(core_); }
  StreamWriter(StreamWriter&& other) noexcept = default;
  StreamWriter& operator=(StreamWriter&& other) noexcept;
  ~StreamWriter();

  /// Takes a copy of `bytes`, to be sent at the end of this step; never waits. RuntimeError after write_eof() or
  /// close(); once the connection is lost the bytes are dropped, and drain() says why.
  void write(std::string_view bytes) const;
  void write(std::span<const std::byte> bytes) const;
  void writelines(std::span<const std::string> lines) const;
  /// Waits while more than the high-water mark is unsent, until that is down to the low-water mark; most often it does
  /// not suspend at all. std::system_error if the connection is lost. A cancellation leaves the bytes where they are.
  Drain drain() const;
  /// Nothing more will be written: the peer reads the end of the stream after all that was. The reader goes on, but for
  /// a pipe's and a terminal's, whose end is their close.
  void write_eof() const;
  /// Sends what was written, then closes; the reader then is at its end.
  void close() const;
  /// Closes at once; what is not sent is dropped.
  void abort() const;
  bool is_closing() const;
  /// Waits until it is closed here, or reset by the peer; std::system_error if bytes could not be sent.
  Coro<> wait_closed() const;

  /// The socket beneath, for options of the system's (setsockopt, SO_PEERCRED) by its handle(). Closed with the stream;
  /// what is received or sent on it is lost to the stream.
  const Socket& socket() const { return core().socket(); }

  /// Bytes written and not yet taken by the backend.
  std::size_t unsent() const { return core().unsent(); }
  const Address& local_address() const { return core().local(); }
  const Address& peer_address() const { return core().remote(); }

 private:
  StreamCore& core() const;
  Ref<StreamCore> core_;
};

}  // namespace rondo
