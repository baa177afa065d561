// SPDX-License-Identifier: BSL-1.0
// resolve_error.cpp - the words for a name without an address.
#include <rondo/resolve_error.hpp>

namespace rondo {
namespace {

std::error_code code_of(ResolveError::Reason reason) {
  using Reason = ResolveError::Reason;
  if (reason == Reason::try_again) return std::make_error_code(std::errc::resource_unavailable_try_again);
  if (reason == Reason::failed) return std::make_error_code(std::errc::io_error);
  if (reason == Reason::unknown_service) return std::make_error_code(std::errc::invalid_argument);
  return std::make_error_code(std::errc::address_not_available);
}

std::string words(ResolveError::Reason reason, const std::string& name) {
  switch (reason) {
    case ResolveError::Reason::host_not_found:
      return "the name '" + name + "' is not known";
    case ResolveError::Reason::try_again:
      return "no name server answered for '" + name + "'; try again later";
    case ResolveError::Reason::failed:
      return "the name server refused to answer for '" + name + "'";
    case ResolveError::Reason::no_address:
      return "'" + name + "' has no address of this family";
    case ResolveError::Reason::unknown_service:
      return "'" + name + "' names no service, and is no port from 0 to 65535";
  }
  return name;
}

}  // namespace

ResolveError::ResolveError(Reason reason, const std::string& name)
    : std::system_error(code_of(reason), words(reason, name)), reason_(reason) {}

}  // namespace rondo
