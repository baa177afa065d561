// SPDX-License-Identifier: BSL-1.0
// core_tests.h - precompiled for the builds of scripts/sanitize (-Db_pch=true). Tests include what they need without it.
#define CATCH_CONFIG_EXTERNAL_INTERFACES  // arrow_counts.cpp listens
#include "catch.hpp"

#include <rondo/rondo.hpp>
