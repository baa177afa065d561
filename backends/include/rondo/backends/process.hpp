// SPDX-License-Identifier: BSL-1.0
// process.hpp - what a loop of a program takes from its process, whatever backend drives it.
#pragma once

namespace rondo {

class Loop;

/// Reports that no handler of the user's hears go to standard error; RONDO_DEBUG=1 in the environment turns debug mode on.
void prepare_for_process(Loop& loop);

}  // namespace rondo
