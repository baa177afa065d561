// SPDX-License-Identifier: BSL-1.0
// common.hpp - what the raw echo servers share: a listener, a hello to who started them, and a send that sends all.
#pragma once

#include <cstddef>

namespace echo {

constexpr std::size_t usual_buffer = 16 * 1024;

/// A non-blocking listener on 127.0.0.1, at a port that was free. Ends the process if that fails.
int listen_here();
/// A connection that waits, non-blocking and without delay; -1 if there is none.
int accept_one(int listener);
/// Tells who started the server where to find it: "PORT PID" and a new line.
void announce(int port);
int port_of(int listener);
/// The size of buffers: the argument at `at`, or the usual one.
std::size_t buffer_size(int argc, char** argv, int at);

/// False when the connection is broken. Where the kernel has no room this waits for it, and with it the whole server;
/// the client always reads, so that ends, and with one request under way at a time it hardly ever happens.
bool send_all(int socket, const std::byte* bytes, std::size_t size);

/// `result`, if it is no failure; else ends the process, naming `what`.
int check(int result, const char* what);

}  // namespace echo
