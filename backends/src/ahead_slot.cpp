// SPDX-License-Identifier: BSL-1.0
// ahead_slot.cpp - see ahead_slot.hpp.
#include "ahead_slot.hpp"

#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace rondo {

AheadSlot::AheadSlot() {
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
}

AheadSlot::~AheadSlot() {
  for (const int end : ends_) ::close(end);
}

bool AheadSlot::put(const FrameHeader& header, std::string_view arguments) noexcept {
  iovec pieces[2] = {{const_cast<FrameHeader*>(&header), sizeof header},
                     {const_cast<char*>(arguments.data()), arguments.size()}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  return ::sendmsg(ends_[0], &message, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

bool AheadSlot::take_back() noexcept {
  char first = 0;  // the rest of the packet goes with it
  ssize_t got = 0;
  while ((got = ::recv(ends_[1], &first, 1, MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  return got > 0;
}

}  // namespace rondo
