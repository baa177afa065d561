// SPDX-License-Identifier: BSL-1.0
// catch_main.cpp - main() for Catch2 2.13; version 3 brings one.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
