// SPDX-License-Identifier: BSL-1.0
// resolve_error.cpp - the words for a name without an address.
#include <rondo/resolve_error.hpp>

#include <rondo/net/printable.hpp>

namespace rondo {
namespace {

std::error_code code_of(ResolveError::Reason reason) {
  using Reason = ResolveError::Reason;
  if (reason == Reason::try_again) return std::make_error_code(std::errc::resource_unavailable_try_again);
  if (reason == Reason::failed) return std::make_error_code(std::errc::io_error);
  if (reason == Reason::unknown_service) return std::make_error_code(std::errc::invalid_argument);
  return std::make_error_code(std::errc::address_not_available);
}

const char* cause_of(ResolveError::Reason reason) {
  switch (reason) {
    case ResolveError::Reason::host_not_found:
      return "the name is not known";
    case ResolveError::Reason::try_again:
      return "no name server answered; try again later";
    case ResolveError::Reason::failed:
      return "the lookup failed, here or at the name server";
    case ResolveError::Reason::no_address:
      return "it has no address of this family";
    case ResolveError::Reason::unknown_service:
      return "the service is no known name, and no port from 0 to 65535";
  }
  return "unknown reason";
}

std::string words(ResolveError::Reason reason, const std::string& host, const std::string& service) {
  const std::string at = service.empty() ? "" : " (service '" + printable(service) + "')";
  return "cannot resolve '" + printable(host) + "'" + at + ": " + cause_of(reason);
}

}  // namespace

ResolveError::ResolveError(Reason reason, const std::string& host, const std::string& service)
    : std::system_error(code_of(reason)), reason_(reason), words_(words(reason, host, service)) {}

}  // namespace rondo
