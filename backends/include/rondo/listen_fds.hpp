// SPDX-License-Identifier: BSL-1.0
// listen_fds.hpp - the listening sockets that a service manager has started this process with.
#pragma once

#include <rondo/kernel/language.hpp>

#include <vector>

namespace rondo {

/// The descriptors that systemd, or who speaks its protocol, passes in LISTEN_PID and LISTEN_FDS, for
/// start_server(handler, {.socket = descriptor}); empty if there are none, or they are for another process. They are
/// closed in children from now on, and the variables are removed, so a second call finds nothing. Before other threads
/// begin: it changes the environment. Source: sd_listen_fds(3).
std::vector<int> listen_fds();

}  // namespace rondo
