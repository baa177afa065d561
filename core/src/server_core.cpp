// SPDX-License-Identifier: BSL-1.0
// server_core.cpp - accepting, and what becomes of connections.
#include <rondo/server_core.hpp>

#include <cerrno>

#include <rondo/server.hpp>

namespace rondo {

ServerCore& Server::core() const {
  if (!core_) throw RuntimeError("the Server is empty: it was default-constructed or moved from");
  return *core_;
}

ServerCore::ServerCore(Kernel& kernel, std::shared_ptr<ConnectionHandler> handler, ServerOptions options)
    : kernel_(&kernel),
      handler_(std::move(handler)),
      options_(options),
      ended_("server ended"),
      closed_("server closed") {
  kernel.combinators().push_back(*this);
}

void ServerCore::destroy() noexcept {
  references_ = 1;  // abandon() takes one and gives it back
  abandon();
  Kernel& kernel = *kernel_;
  this->~ServerCore();
  kernel.deallocate(this, sizeof(ServerCore));
}

void ServerCore::abandon() noexcept {
  if (abandoned_) return;
  abandoned_ = true;
  serving_ = false;
  Combinator::unlink();
  retain();
  for (const auto& listener : listeners_) listener->abandon();
  release();
}

// --- starting --------------------------------------------------------------------------------------------------------

/// The system gives out addresses of a family that it does not have.
static bool is_unavailable(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::system_error& refused) {
    return refused.code() == std::errc::address_family_not_supported ||
           refused.code() == std::errc::address_not_available;
  } catch (...) {
  }
  return false;
}

Ref<ServerCore> ServerCore::make(const char* what, std::shared_ptr<ConnectionHandler> handler, ServerOptions options) {
  options.limits.check();
  Kernel& kernel = running_kernel(what);
  void* memory = kernel.allocate(sizeof(ServerCore));
  return Ref<ServerCore>::adopt(*::new (memory) ServerCore(kernel, std::move(handler), options));
}

Coro<Server> ServerCore::start(std::shared_ptr<ConnectionHandler> handler, std::string host, std::uint16_t port,
                               ServerOptions options) {
  const auto core = make("start_server", std::move(handler), options);
  const auto addresses = co_await getaddrinfo(std::move(host), port, {.family = options.family, .passive = true});
  std::exception_ptr unavailable;
  for (const Address& address : addresses) {
    const auto outcome = co_await as_outcome(core->listen(address));
    if (!is_unavailable(outcome.error())) outcome.raise();
    if (!outcome.has_value()) unavailable = outcome.error();
  }
  if (core->listeners_.empty() && unavailable) std::rethrow_exception(unavailable);
  core->begin();
  co_return Server(core);
}

Coro<Server> ServerCore::start(std::shared_ptr<ConnectionHandler> handler, std::string path, ServerOptions options) {
  const auto core = make("start_unix_server", std::move(handler), options);
  co_await core->listen(Address::unix_path(path));
  core->begin();
  co_return Server(core);
}

Coro<> ServerCore::listen(Address address) {
  Endpoint endpoint{std::move(address), Address(), options_.socket, options_.backlog};
  Socket socket = co_await listen_socket(endpoint);
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(socket), std::move(endpoint.local)));
}

void ServerCore::begin() {
  serving_ = true;
  for (const auto& listener : listeners_) listener->accept();
}

// --- accepting -------------------------------------------------------------------------------------------------------

static std::exception_ptr accept_error(int error) {
  return std::make_exception_ptr(std::system_error(error, std::generic_category(), "accept"));
}

void ServerCore::Listener::accept() {
  Output output;
  output.kind = OperationKind::accept;
  output.handle = socket_.handle();
  output.endpoint = &endpoint_;
  endpoint_ = Endpoint();
  endpoint_.options = server_->options_.socket;
  server_->kernel_->operations().start(*this, output);
  server_->retain();  // until completed()
}

void ServerCore::Listener::completed() {
  const Ref<ServerCore> held = Ref<ServerCore>::adopt(*server_);  // the operation's
  if (result() >= 0) {
    Socket socket(result());
    if (!server_->serving_) return;  // accepted too late: closed
    server_->connected(std::move(socket), std::move(endpoint_));
    return accept();
  }
  if (!server_->serving_ || result() == -ECANCELED) return;
  const int error = -result();
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) return wait_for_descriptors();
  if (error == EBADF || error == EINVAL || error == ENOTSOCK) {
    server_->kernel_->loop().call_exception_handler(
        {"a server cannot accept any more", accept_error(error), address_.str()});
    return;
  }
  accept();  // this connection broke before it was accepted
}

void ServerCore::Listener::wait_for_descriptors() {
  Loop& loop = server_->kernel_->loop();
  loop.call_exception_handler({"a server has no descriptor left for a connection; it tries again later",
                               accept_error(-result()), address_.str()});
  retry_ = loop.call_later(server_->options_.accept_retry_delay,
                           [core = Ref<ServerCore>(*server_), this] {
                             if (core->serving_) accept();
                           });
}

void ServerCore::Listener::close() noexcept {
  retry_.cancel();
  socket_.close();
}

void ServerCore::Listener::abandon() noexcept {
  retry_.cancel();
  socket_.close();
  const bool held = in_flight() || Entry::linked();
  const bool late = held && !in_flight() && result() >= 0;
  if (in_flight()) server_->kernel_->operations().abandon(*this);
  if (Entry::linked()) Entry::unlink();
  if (late) Socket(result()).close();
  if (held) server_->release();
}

void ServerCore::connected(Socket socket, Endpoint endpoint) {
  static_cast<void>(kernel_->loop().create_task(serve(Counted(*this), std::move(socket), std::move(endpoint))));
}

ServerCore::Counted::Counted(ServerCore& core) : core_(core) { ++core.connections_; }

ServerCore::Counted::~Counted() {
  if (core_ && --core_->connections_ == 0 && !core_->serving_) core_->ended_.set();
}

Coro<> ServerCore::serve(Counted counted, Socket socket, Endpoint endpoint) {
  const Ref<ServerCore>& core = counted.core();
  const auto stream = StreamCore::make(std::move(socket), std::move(endpoint), core->options_.limits);
  try {
    co_await core->handler_->call(StreamReader(stream), StreamWriter(stream));
  } catch (const CancelledError&) {
    throw;
  } catch (...) {
    core->kernel_->loop().call_exception_handler(
        {"the handler of a connection failed", std::current_exception(), "connection from " + stream->remote().str()});
  }
}

// --- closing ---------------------------------------------------------------------------------------------------------

void ServerCore::close() noexcept {
  if (!serving_) return;
  serving_ = false;
  for (const auto& listener : listeners_) listener->close();
  if (abandoned_) return;
  closed_.set();
  if (connections_ == 0) ended_.set();
}

std::vector<Address> ServerCore::addresses() const {
  std::vector<Address> addresses;
  if (!serving_) return addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

Coro<> ServerCore::wait_closed(Ref<ServerCore> core) { co_await core->ended_.wait(); }

Coro<> ServerCore::serve_forever(Ref<ServerCore> core) {
  if (!core->serving_) throw RuntimeError("serve_forever: the server is closed");
  const auto outcome = co_await as_outcome(core->closed_.wait());
  if (outcome.cancelled()) {
    core->close();
    co_await core->ended_.wait();
    outcome.raise();
  }
}

}  // namespace rondo
