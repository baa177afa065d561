// SPDX-License-Identifier: BSL-1.0
// lookups.cpp - getaddrinfo as a job.
#include "lookups.hpp"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include <rondo/backends/process_backend.hpp>
#include <rondo/kernel/facilities.hpp>
#include <rondo/resolve_error.hpp>

#include "socket_address.hpp"

namespace rondo {
namespace {

int family_of(Address::Family family) {
  if (family == Address::Family::ipv4) return AF_INET;
  return family == Address::Family::ipv6 ? AF_INET6 : AF_UNSPEC;
}

std::int32_t failure(ResolveError::Reason reason) { return -static_cast<std::int32_t>(reason); }

std::int32_t result_of(int error) {
  switch (error) {
    case 0:
      return 0;
    case EAI_NONAME:
      return failure(ResolveError::Reason::host_not_found);
    case EAI_AGAIN:
      return failure(ResolveError::Reason::try_again);
#ifdef EAI_NODATA
    case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
    case EAI_ADDRFAMILY:
#endif
    case EAI_FAMILY:
      return failure(ResolveError::Reason::no_address);
    case EAI_SERVICE:
      return failure(ResolveError::Reason::unknown_service);
    default:
      return failure(ResolveError::Reason::failed);
  }
}

/// What the system would read as something else: see getaddrinfo() in resolve.hpp, which lets none of it come here.
std::int32_t refusal_of(const Lookup& lookup) {
  if (lookup.host.find('\0') != std::string::npos) return failure(ResolveError::Reason::host_not_found);
  const bool cut = lookup.service.find('\0') != std::string::npos;
  return cut || lookup.service.find_first_of("+- \t\n\v\f\r") == 0 ? failure(ResolveError::Reason::unknown_service) : 0;
}

struct FreeList {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

}  // namespace

void facilities::names() noexcept {
  jobs();
  BackendDesks::offer(BackendDesks::Name::names, [](ProcessBackend& backend) -> std::unique_ptr<BackendDesk> {
    return std::make_unique<LookupDesk>(*backend.desks_.get(BackendDesks::Name::jobs, backend));
  });
}

/// On the executor's thread.
void LookupDesk::LookupJob::run() noexcept {
  result = refusal_of(lookup);
  if (result != 0) return;
  addrinfo hints{};
  hints.ai_family = family_of(lookup.family);
  hints.ai_socktype = lookup.datagram ? SOCK_DGRAM : SOCK_STREAM;
  if (lookup.passive) hints.ai_flags |= AI_PASSIVE;
  const char* host = lookup.host.empty() ? nullptr : lookup.host.c_str();
  const char* service = lookup.service.empty() ? "0" : lookup.service.c_str();
  addrinfo* list = nullptr;
  const int error = getaddrinfo(host, service, &hints, &list);
  const std::unique_ptr<addrinfo, FreeList> owned(list);
  result = result_of(error);
  if (error != 0) return;
  try {
    for (const addrinfo* at = list; at; at = at->ai_next) {
      Address address = from_system(at->ai_addr, at->ai_addrlen);
      auto& found = lookup.addresses;
      if (std::find(found.begin(), found.end(), address) == found.end()) found.push_back(std::move(address));
    }
  } catch (...) {  // no memory
    result = failure(ResolveError::Reason::failed);
  }
}

void LookupDesk::start(const Output& output) {
  LookupJob& job = running_.emplace_back(*output.lookup, output.id);
  Output as_job;
  as_job.kind = OperationKind::job;
  as_job.id = output.id;
  as_job.job = &job;
  as_job.executor = nullptr;
  jobs_.start(as_job);
}

void LookupDesk::answer(std::vector<Input>& inputs) {
  if (running_.empty()) return;
  for (Input& input : inputs) {
    if (input.type == Input::Type::completion) end(input);
  }
}

void LookupDesk::end(Input& completion) {
  const auto at = std::find_if(running_.begin(), running_.end(),
                               [&](const LookupJob& job) { return job.id == completion.id; });
  if (at == running_.end()) return;
  if (completion.result == 0) {
    completion.result = at->result;
  } else if (completion.result != -ECANCELED) {
    completion.result = failure(ResolveError::Reason::failed);  // the executor would not take it
  }
  running_.erase(at);
}

}  // namespace rondo
