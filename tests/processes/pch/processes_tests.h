// SPDX-License-Identifier: BSL-1.0
// processes_tests.h - precompiled where -Db_pch=true. Tests include what they need without it.
#include "catch.hpp"

#include <rondo/rondo.hpp>
