// SPDX-License-Identifier: BSL-1.0
// adopted_descriptor.hpp - descriptors that a backend takes over: what they are, and bytes through what is no socket.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>

#include <rondo/backends/seam.hpp>
#include <rondo/endpoint.hpp>

namespace rondo {

/// What a descriptor is goes into `endpoint`. 0, or why it is not taken: EPERM for what is always ready, EINVAL if it
/// is not what `needs` (AdoptNeeds) says, ENOTCONN for a stream socket that is nothing yet.
int examine(Seam* seam, int descriptor, std::size_t needs, Endpoint& endpoint);

/// True for devices like /dev/null, which are always ready, and which the system refuses to watch.
bool is_memory_device(int descriptor);

/// read(2), but the end of the other side of a terminal is the end of the stream.
ssize_t read_some(int descriptor, std::byte* to, std::size_t size);

/// writev(2) without SIGPIPE: 1024 slices at most.
ssize_t write_some(int descriptor, std::span<const Slice> slices);

}  // namespace rondo
