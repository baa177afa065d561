// SPDX-License-Identifier: BSL-1.0
// default_backend_epoll.cpp - what run() uses in a library built with -Dloop_backend=epoll.
#include <rondo/backends/epoll.hpp>
#include <rondo/loop_backend.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<EpollBackend>(); }

std::unique_ptr<Backend> loop_backend_is_epoll::make_default_backend() { return rondo::make_default_backend(); }

}  // namespace rondo
