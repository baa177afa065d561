// SPDX-License-Identifier: BSL-1.0
// default_backend_asio.cpp - what run() uses in a library built with -Dloop_backend=asio.
#include <rondo/backends/asio.hpp>

namespace rondo {

std::unique_ptr<Backend> make_default_backend() { return std::make_unique<AsioBackend>(); }

}  // namespace rondo
