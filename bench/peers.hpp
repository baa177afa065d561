// SPDX-License-Identifier: BSL-1.0
// peers.hpp - rows measured against other libraries, where those were found.
#pragma once

#include <vector>

#include "measure.hpp"

namespace bench {

void add_peer_rows(std::vector<Row>& rows);

}  // namespace bench
