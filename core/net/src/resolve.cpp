// SPDX-License-Identifier: BSL-1.0
// resolve.cpp - one lookup between the loop and a backend.
#include <rondo/resolve.hpp>

#include <cerrno>
#include <optional>

#include <rondo/future.hpp>
#include <rondo/kernel/facilities.hpp>
#include <rondo/net/printable.hpp>

namespace rondo {
namespace {

/// The future of a lookup. The backend may hold it longer than anybody wants the result, so it holds itself until the
/// terminal completion.
class LookupFuture final : public PooledFuture<LookupFuture, FutureBlock, std::vector<Address>>,
                           public ResidentOf<LookupFuture> {
 public:
  LookupFuture(Kernel& kernel, Lookup lookup)
      : PooledFuture(kernel, Place::here()), lookup_(std::move(lookup)), operation_(*this) {}

  void begin() {
    facilities::names();
    Output output;
    output.kind = OperationKind::resolve;
    output.lookup = &lookup_;
    kernel().operations().start(operation_, output);
    retain();
    kernel().residents().push_back(*this);
  }

  void abandon() noexcept {
    kernel().operations().abandon(operation_);
    let_go();
  }

 private:
  class Looking final : public OwnedOperation {
   public:
    explicit Looking(LookupFuture& owner) : OwnedOperation(WaitableKind::lent_operation), owner_(&owner) {}
    void completed() override { owner_->finish(result()); }

   private:
    LookupFuture* owner_;
  };

  void finish(std::int32_t code) {
    if (pending()) {
      if (code == 0 && lookup_.addresses.empty()) code = -static_cast<int>(ResolveError::Reason::no_address);
      if (code == 0) {
        result_.set(std::move(lookup_.addresses));
        set_returned();
      } else if (code == -ECANCELED) {
        FutureCore::cancel(Message());
      } else {
        const auto reason = static_cast<ResolveError::Reason>(-code);
        set_failed(std::make_exception_ptr(ResolveError(reason, lookup_.host, lookup_.service)));
      }
    }
    let_go();
  }
  void let_go() noexcept {
    Resident::unlink();
    release();
  }

  Lookup lookup_;
  Looking operation_;
};

bool is_number(const std::string& service) { return service.find_first_not_of("0123456789") == std::string::npos; }

/// Nothing for what is no number, or too large for a port; 0 for an empty service.
std::optional<std::uint16_t> port_of(const std::string& service) {
  if (!is_number(service)) return std::nullopt;
  std::uint32_t port = 0;
  for (const char digit : service) {
    port = port * 10 + static_cast<std::uint32_t>(digit - '0');
    if (port > 65535) return std::nullopt;
  }
  return static_cast<std::uint16_t>(port);
}

/// What the system would read as a number, though it is none: it passes over blanks, and takes a sign.
bool looks_like_number(const std::string& service) {
  return service.find_first_of("+- \t\n\v\f\r") == 0;
}

}  // namespace

Coro<std::vector<Address>> getaddrinfo(std::string host, std::string service, LookupOptions options) {
  refuse_null(host, "the host");
  refuse_null(service, "the service");
  const auto port = port_of(service);
  if (!port && (is_number(service) || looks_like_number(service))) {
    throw ResolveError(ResolveError::Reason::unknown_service, host, service);
  }
  if (port) {
    if (const Address address = Address::parse(host, *port)) {
      if (options.family != Address::Family::none && options.family != address.family()) {
        throw ResolveError(ResolveError::Reason::no_address, host, service);
      }
      co_return std::vector<Address>{address};
    }
  }
  Kernel& kernel = running_kernel("getaddrinfo");
  auto& lookup = LookupFuture::make(kernel, Lookup{std::move(host), std::move(service), options.family,
                                                   options.datagram, options.passive, {}});
  Future<std::vector<Address>> future(Ref<FutureCore>::adopt(lookup));
  lookup.begin();
  co_return co_await unnoted(future);
}

}  // namespace rondo
