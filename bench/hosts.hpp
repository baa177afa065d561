// SPDX-License-Identifier: BSL-1.0
// hosts.hpp - the hosts that hosts.cpp measures, each with a loop of its own for one program.
#pragma once

#include <functional>
#include <vector>

#include <rondo/backend.hpp>
#include <rondo/coro.hpp>

struct HostRow {
  const char* name;
  void (*run)(rondo::Coro<int> main, rondo::Backend& backend);
};

const std::vector<HostRow>& hosts();

/// The limit: a GSource of nothing but a descriptor, whose callback reads it; until `function` gives false.
void run_bare_source(int descriptor, const std::function<bool()>& function);
