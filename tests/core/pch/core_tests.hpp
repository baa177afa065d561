// SPDX-License-Identifier: BSL-1.0
// core_tests.hpp - precompiled for the builds of scripts/sanitize (-Db_pch=true). Tests include what they need without it.
#pragma once

#include "catch.hpp"

#include <rondo/rondo.hpp>
