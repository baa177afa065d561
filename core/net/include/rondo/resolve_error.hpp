// SPDX-License-Identifier: BSL-1.0
// resolve_error.hpp - why a name has no address.
#pragma once

#include <rondo/kernel/language.hpp>

#include <stdexcept>
#include <string>
#include <system_error>

namespace rondo {

/// asyncio's gaierror: "cannot resolve 'db' (service '80'): the name is not known". As a std::system_error its code is
/// the nearest of the system's own; that has no word for such things, so what() does not end with it.
class ResolveError : public std::system_error {
 public:
  enum class Reason {
    host_not_found = 1,   // there is no such name
    try_again = 2,        // the name server did not answer
    failed = 3,           // the name server refused or broke down, or this process could not ask
    no_address = 4,       // the name has no address of the family asked for
    unknown_service = 5,  // no such service, and no port from 0 to 65535
  };
  ResolveError(Reason reason, const std::string& host, const std::string& service);
  Reason reason() const { return reason_; }
  const char* what() const noexcept override { return words_.what(); }

 private:
  Reason reason_;
  std::runtime_error words_;  // a text that is copied without a throw
};

}  // namespace rondo
