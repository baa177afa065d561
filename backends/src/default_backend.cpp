// SPDX-License-Identifier: BSL-1.0
// default_backend.cpp - what run() uses in the programs of this project, which are compiled once for every choice.
// RONDO_LOOP_BACKEND: the namespace of the one that was picked.
#include <rondo/default_backend.hpp>

namespace rondo {

namespace RONDO_LOOP_BACKEND {

std::unique_ptr<Backend> make_default_backend();

}  // namespace RONDO_LOOP_BACKEND

std::unique_ptr<Backend> make_default_backend() { return RONDO_LOOP_BACKEND::make_default_backend(); }

}  // namespace rondo
