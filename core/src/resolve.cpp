// SPDX-License-Identifier: BSL-1.0
// resolve.cpp - one lookup between the loop and a backend.
#include <rondo/resolve.hpp>

#include <cerrno>
#include <optional>

#include <rondo/combinator.hpp>
#include <rondo/future.hpp>

namespace rondo {
namespace {

/// The future of a lookup. The backend may hold it longer than anybody wants the result, so it holds itself until the
/// terminal completion.
class LookupFuture final : public FutureBlock, public Combinator {
 public:
  static LookupFuture& make(Kernel& kernel, Lookup lookup) {
    return *::new (kernel.allocate(sizeof(LookupFuture))) LookupFuture(kernel, std::move(lookup));
  }

  void begin() {
    Output output;
    output.kind = OperationKind::resolve;
    output.lookup = &lookup_;
    kernel().operations().start(operation_, output);
    retain();
    kernel().combinators().push_back(*this);
  }

  void abandon() noexcept override {
    if (operation_.in_flight()) kernel().operations().abandon(operation_);
    if (operation_.Entry::linked()) operation_.Entry::unlink();
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

  LookupFuture(Kernel& kernel, Lookup lookup)
      : FutureBlock(WaitableKind::future, kernel, result_, &destroy_block, Place::here()),
        lookup_(std::move(lookup)),
        operation_(*this) {}

  void finish(std::int32_t code) {
    if (pending()) {
      if (code == 0 && lookup_.addresses.empty()) code = -static_cast<int>(ResolveError::Reason::no_address);
      if (code == 0) {
        result_.set(std::move(lookup_.addresses));
        set_returned();
      } else if (code == -ECANCELED) {
        FutureCore::cancel(Message());
      } else {
        const std::string& name = code == -static_cast<int>(ResolveError::Reason::unknown_service) ? lookup_.service
                                                                                                     : lookup_.host;
        set_failed(std::make_exception_ptr(ResolveError(static_cast<ResolveError::Reason>(-code), name)));
      }
    }
    let_go();
  }
  void let_go() noexcept {
    Combinator::unlink();
    release();
  }
  static void destroy_block(FutureBlock& block) noexcept {
    auto& state = static_cast<LookupFuture&>(block);
    Kernel& kernel = state.kernel();
    state.~LookupFuture();
    kernel.deallocate(&state, sizeof(LookupFuture));
  }

  Result<std::vector<Address>> result_;
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

}  // namespace

Coro<std::vector<Address>> getaddrinfo(std::string host, std::string service, LookupOptions options) {
  const auto port = port_of(service);
  if (!port && is_number(service)) throw ResolveError(ResolveError::Reason::unknown_service, service);
  if (port) {
    if (const Address address = Address::parse(host, *port)) {
      if (options.family != Address::Family::none && options.family != address.family()) {
        throw ResolveError(ResolveError::Reason::no_address, host);
      }
      co_return std::vector<Address>{address};
    }
  }
  auto& lookup = LookupFuture::make(running_kernel("getaddrinfo"), {std::move(host), std::move(service), options.family,
                                                                    options.datagram, options.passive, {}});
  Future<std::vector<Address>> future(Ref<FutureCore>::adopt(lookup));
  lookup.begin();
  co_return co_await future;
}

Coro<std::vector<Address>> getaddrinfo(std::string host, std::uint16_t port, LookupOptions options) {
  return getaddrinfo(std::move(host), std::to_string(port), options);
}

}  // namespace rondo
