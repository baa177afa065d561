// SPDX-License-Identifier: BSL-1.0
// snippets.hpp - how the code of the documents is run: each file registers functions, main.cpp calls them all.
//
// What a document shows stands between `// [name]` and `// [/name]`; docs/check_snippets.py compares the two.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <rondo/place.hpp>

struct Snippet {
  const char* name;
  void (*run)();
};

inline std::vector<Snippet>& snippets() {
  static std::vector<Snippet> all;
  return all;
}

/// const AddSnippet sleeping("sleep", [] { ... });
struct AddSnippet {
  AddSnippet(const char* name, void (*run)()) { snippets().push_back({name, run}); }
};

inline void check(bool holds, rondo::Place place = rondo::Place::here()) {
  if (!holds) throw std::logic_error(std::string(place.file()) + ":" + std::to_string(place.line()) + ": does not hold");
}
