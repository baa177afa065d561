// SPDX-License-Identifier: BSL-1.0
// function_registry.hpp - the functions that other processes of this program may be asked to run, by number.
//
// Each function that is a template argument of pool.run<>() enters itself before main() begins. A worker is the same
// executable, so its table is the same; the handshake compares them all the same. Numbers are the keys: the names that
// compilers give are not unique, and are for texts alone.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {

class FunctionRegistry {
 public:
  struct Entry {
    /// Takes archived arguments, gives an archived result; throws what the function throws.
    std::string (*call)(std::string_view arguments);
    std::string_view name;
  };

  /// The one of this process.
  static FunctionRegistry& instance();

  /// Before main() begins, one after the other; then it is only read, from any thread. Numbers begin at 1.
  std::uint32_t add(Entry entry);
  /// Null if there is none.
  const Entry* find(std::uint32_t number) const;
  /// What two processes must have in common: the build of the executable, and this table.
  std::string identity() const;

 private:
  std::vector<Entry> entries_;
};

/// The name in a __PRETTY_FUNCTION__ that ends with "F = name]".
std::string_view name_in(std::string_view pretty_function);

}  // namespace rondo
