// SPDX-License-Identifier: BSL-1.0
// default_backend_asio.cpp - what run() uses in a library built with -Dloop_backend=asio.
#include <rondo/backends/asio.hpp>
#include <rondo/loop_backend.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<AsioBackend>(); }

std::unique_ptr<Backend> loop_backend_is_asio::make_default_backend() { return rondo::make_default_backend(); }

}  // namespace rondo
