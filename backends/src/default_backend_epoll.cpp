// SPDX-License-Identifier: BSL-1.0
// default_backend_epoll.cpp - what run() uses in a program that was compiled for -Dloop_backend=epoll.
#include <rondo/backends/epoll.hpp>

namespace rondo::loop_backend_is_epoll {

std::unique_ptr<Backend> make_default_backend();
std::unique_ptr<Backend> make_default_backend() { return std::make_unique<EpollBackend>(); }

}  // namespace rondo::loop_backend_is_epoll
