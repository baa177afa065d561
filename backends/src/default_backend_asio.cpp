// SPDX-License-Identifier: BSL-1.0
// default_backend_asio.cpp - what run() uses in a program that was compiled for -Dloop_backend=asio.
#include <rondo/backends/asio.hpp>

namespace rondo::loop_backend_is_asio {

std::unique_ptr<Backend> make_default_backend();
std::unique_ptr<Backend> make_default_backend() { return std::make_unique<AsioBackend>(); }

}  // namespace rondo::loop_backend_is_asio
