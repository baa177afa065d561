// SPDX-License-Identifier: BSL-1.0
// conformance_network.hpp - what every backend with a network must pass, used as conformance.hpp is; see network.hpp.
#pragma once

#include "conformance_cancel.hpp"
#include "conformance_cancel_tasks.hpp"
#include "conformance_connections.hpp"
#include "conformance_datagrams.hpp"
#include "conformance_order.hpp"
#include "conformance_reading.hpp"
#include "conformance_servers.hpp"
#include "conformance_sockets.hpp"
#include "conformance_streams.hpp"
#include "conformance_writing.hpp"
#include "needs.hpp"

SUITE_PART(network);
