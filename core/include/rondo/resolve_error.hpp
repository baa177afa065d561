// SPDX-License-Identifier: BSL-1.0
// resolve_error.hpp - why a name has no address.
#pragma once

#include <string>
#include <system_error>

namespace rondo {

/// asyncio's gaierror. As a std::system_error its code is the nearest of the system's own.
class ResolveError : public std::system_error {
 public:
  enum class Reason {
    host_not_found = 1,   // there is no such name
    try_again = 2,        // the name server did not answer
    failed = 3,           // the name server refused, or broke down
    no_address = 4,       // the name has no address of the family asked for
    unknown_service = 5,  // no such service, and no port from 0 to 65535
  };
  ResolveError(Reason reason, const std::string& name);
  Reason reason() const { return reason_; }

 private:
  Reason reason_;
};

}  // namespace rondo
