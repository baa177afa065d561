// SPDX-License-Identifier: BSL-1.0
// test_backend.cpp - the backend that a test of a host runs on.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <rondo/backends/epoll.hpp>
#ifdef RONDO_WITH_IO_URING
#include <rondo/backends/io_uring.hpp>
#endif
#ifdef RONDO_WITH_LIBEVENT
#include <rondo/backends/libevent.hpp>
#endif
#ifdef RONDO_WITH_ASIO
#include <rondo/backends/asio.hpp>
#endif

#include "hosted_program.hpp"

std::unique_ptr<rondo::Backend> make_test_backend() {
  const char* const asked = std::getenv("RONDO_TEST_BACKEND");
  const std::string name = asked ? asked : "epoll";
  if (name == "epoll") return std::make_unique<rondo::EpollBackend>();
#ifdef RONDO_WITH_IO_URING
  if (name == "io_uring") return std::make_unique<rondo::UringBackend>();
#endif
#ifdef RONDO_WITH_LIBEVENT
  if (name == "libevent") return std::make_unique<rondo::LibeventBackend>();
#endif
#ifdef RONDO_WITH_ASIO
  if (name == "asio") return std::make_unique<rondo::AsioBackend>();
#endif
  throw std::runtime_error("RONDO_TEST_BACKEND=" + name + ": not built; epoll is always there");
}
