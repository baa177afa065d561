// SPDX-License-Identifier: BSL-1.0
// net/adopted.hpp - descriptors of the program's own, made into streams and listeners.
#pragma once

#include <rondo/stream_reader.hpp>
#include <rondo/stream_writer.hpp>

namespace rondo {

/// Adopts `descriptor` if it is what `needs` (AdoptNeeds) says; else std::invalid_argument with `what`, the function
/// that needs it, and the descriptor is still the caller's.
Coro<Socket> adopt_socket(int descriptor, std::size_t needs, const char* what, Endpoint& endpoint);
Coro<Ref<StreamCore>> adopt_stream(int descriptor, std::size_t needs, const char* what, StreamLimits limits);

/// The streams of the ends of a pipe.
StreamReader reader_of_pipe(Socket read_end, StreamLimits limits);
StreamWriter writer_of_pipe(Socket write_end, StreamLimits limits);

}  // namespace rondo
