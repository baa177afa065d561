// SPDX-License-Identifier: BSL-1.0
// backends_tests.h - precompiled for the builds of scripts/sanitize (-Db_pch=true). Tests include what they need without it.
#include "catch.hpp"

#include <rondo/rondo.hpp>
