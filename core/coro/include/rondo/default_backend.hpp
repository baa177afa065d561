// SPDX-License-Identifier: BSL-1.0
// default_backend.hpp - the backend that run() and the adapters use when they are given none.
#pragma once

#include <memory>

#include <rondo/backend.hpp>

#ifdef RONDO_OWN_BUILD
namespace rondo {

/// What is built together with the library serves every choice of loop_backend: only this function is another one.
std::unique_ptr<Backend> make_default_backend();

}  // namespace rondo
#else
#include <rondo/loop_backend.hpp>
#endif
