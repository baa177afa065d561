// SPDX-License-Identifier: BSL-1.0
// descriptors.cpp - see descriptors.hpp.
#include "descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include <rondo/kernel/facilities.hpp>
#include <rondo/net/spawn.hpp>

#include "adopted_descriptor.hpp"
#include "descriptor.hpp"

namespace rondo {

void facilities::descriptors() noexcept {
  sockets();
  BackendDesks::offer(BackendDesks::Name::descriptors, [](ProcessBackend& backend) -> std::unique_ptr<BackendDesk> {
    return std::make_unique<DescriptorDesk>(backend);
  });
}

void DescriptorDesk::start(const Output& output) {
  return output.kind == OperationKind::pipe ? open_pipe(output) : adopt(output);
}

void DescriptorDesk::adopt(const Output& output) {
  const int descriptor = output.handle;
  if (descriptor >= 0 && backend_.is_socket(descriptor)) return backend_.complete(output, -EEXIST);
  if (const int error = examine(backend_.seam(), descriptor, output.size, *output.endpoint)) {
    return backend_.complete(output, -error);
  }
  const int flags = ::fcntl(descriptor, F_GETFL);
  const bool blocks = (flags & O_NONBLOCK) == 0;
  if (blocks && ::fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return backend_.complete(output, -errno);
  if (const int error = backend_.adopt(descriptor, output.endpoint->medium)) {
    if (blocks) ::fcntl(descriptor, F_SETFL, flags);
    return backend_.complete(output, -error);
  }
  adopted_[descriptor] = blocks;
  backend_.complete(output, descriptor);
}

void DescriptorDesk::before_close(int descriptor) noexcept {
  const auto at = adopted_.find(descriptor);
  if (at == adopted_.end()) return;
  const bool blocked = at->second;
  adopted_.erase(at);
  if (blocked) block_again(descriptor);
}

/// An open file that another adopted descriptor shares (standard output is often a duplicate of standard input) must
/// not block before that is closed, too: which does it then.
void DescriptorDesk::block_again(int descriptor) noexcept {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) & ~O_NONBLOCK);
  for (auto& [other, blocked] : adopted_) {
    const int flags = ::fcntl(other, F_GETFL);
    if (flags < 0 || (flags & O_NONBLOCK) != 0) continue;
    ::fcntl(other, F_SETFL, flags | O_NONBLOCK);
    blocked = true;
  }
}

void DescriptorDesk::open_pipe(const Output& output) {
  int ends[2];
  if (through(backend_.seam(), SystemCall::pipe, [&] { return ::pipe2(ends, O_CLOEXEC | O_NONBLOCK); }) < 0) {
    return backend_.complete(output, -errno);
  }
  const int error = adopt_ends(backend_, ends);
  if (error == 0) *output.pipe_ends = {ends[0], ends[1]};
  backend_.complete(output, -error);
}

int adopt_ends(ProcessBackend& backend, std::span<const int> descriptors) {
  int error = 0;
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    const bool socket = i == Spawn::channel_end;
    if (descriptors[i] >= 0 && error == 0) error = backend.adopt(descriptors[i], socket ? Medium::stream : Medium::pipe);
    if (descriptors[i] >= 0 && error != 0) close_descriptor(backend.seam(), descriptors[i]);
  }
  for (const int descriptor : descriptors) {
    if (error != 0 && descriptor >= 0 && backend.is_socket(descriptor)) backend.drop(descriptor);
  }
  return error;
}

}  // namespace rondo
