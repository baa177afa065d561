// SPDX-License-Identifier: BSL-1.0
// test_backend.cpp - see test_backend.hpp.
#include "test_backend.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <system_error>

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

template <class Made, class Options>
static std::unique_ptr<rondo::Backend> make(rondo::Seam* seam) {
  Options options;
  options.seam = seam;
  return std::make_unique<Made>(options);
}

const char* test_backend_name() {
  const char* const asked = std::getenv("RONDO_TEST_BACKEND");
  return asked ? asked : "epoll";
}

const std::string& test_backend_refusal() {
  static const std::string text = [] {
    try {
      make_test_backend();
      return std::string();
    } catch (const std::system_error& error) {
      return std::string(error.what());
    }
  }();
  return text;
}

std::unique_ptr<rondo::Backend> make_test_backend(rondo::Seam* seam) {
  const std::string name = test_backend_name();
  if (name == "epoll") return make<rondo::EpollBackend, rondo::EpollOptions>(seam);
#ifdef RONDO_WITH_IO_URING
  if (name == "io_uring") return make<rondo::UringBackend, rondo::UringOptions>(seam);
#endif
#ifdef RONDO_WITH_LIBEVENT
  if (name == "libevent") return make<rondo::LibeventBackend, rondo::LibeventOptions>(seam);
#endif
#ifdef RONDO_WITH_ASIO
  if (name == "asio") return make<rondo::AsioBackend, rondo::AsioOptions>(seam);
#endif
  throw std::runtime_error("RONDO_TEST_BACKEND=" + name + ": not built; epoll is always there");
}
