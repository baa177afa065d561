// SPDX-License-Identifier: BSL-1.0
// pipe.hpp - streams on what is no socket: pipes, standard input and output, terminals.
//
// A pipe has one direction, and its end is its close: there is nothing to shut down and nobody to linger for. What
// cannot be waited for, a regular file, is refused.
#pragma once

#include <rondo/stream_reader.hpp>
#include <rondo/stream_writer.hpp>

namespace rondo {

/// Reads from a descriptor of the program's own until its end: a pipe, a FIFO, a terminal, a connected socket. The
/// reader owns it from now on, as Socket::adopt() says, which has the errors, too; std::invalid_argument if it is not
/// open for reading, or is a listener or a datagram socket: then it is still the caller's. To keep it open pass a dup()
/// of it. When the other side of a terminal goes that is an end, not EIO. Source: loop.connect_read_pipe.
Coro<StreamReader> connect_read_pipe(int descriptor, StreamLimits limits = {});
/// The same for writing. write_eof() closes it when all is written. Once nobody reads any more drain() throws
/// std::errc::broken_pipe; there is no SIGPIPE. Source: loop.connect_write_pipe.
Coro<StreamWriter> connect_write_pipe(int descriptor, StreamLimits limits = {});

struct Pipe {
  StreamReader reader;
  StreamWriter writer;
};
/// A new pipe: what is written to one end is read at the other. Also in a simulated world. Source: os.pipe.
Coro<Pipe> open_pipe(StreamLimits limits = {});

}  // namespace rondo
