// SPDX-License-Identifier: BSL-1.0
// server_core.cpp - accepting, and what becomes of connections.
#include <rondo/net/server_core.hpp>

#include <cerrno>

#include <rondo/net/adopted.hpp>
#include <rondo/server.hpp>

namespace rondo {

ServerCore& Server::core() const {
  if (!core_) throw RuntimeError("the Server is empty: it was default-constructed or moved from");
  core_->check_thread("Server");
  return *core_;
}

ServerCore::ServerCore(Kernel& kernel, std::shared_ptr<ConnectionHandler> handler, ServerOptions options)
    : kernel_(&kernel),
      handler_(std::move(handler)),
      options_(options),
      ended_("server ended"),
      closed_("server closed") {
  kernel.residents().push_back(*this);
}

bool ServerCore::is_left_here() const noexcept {
  if (!kernel_->leaks_here()) return false;
  kernel_->report_leak("a server");
  return true;
}

void ServerCore::destroy() noexcept {
  if (is_left_here()) return;
  let_go();
  Kernel& kernel = *kernel_;
  this->~ServerCore();
  kernel.deallocate(this, sizeof(ServerCore));
}

void ServerCore::abandon() noexcept {
  const Ref<ServerCore> held(*this);
  let_go();
}

void ServerCore::let_go() noexcept {
  if (!Resident::linked()) return;
  Resident::unlink();
  serving_ = false;
  std::uint32_t references = 0;
  for (const auto& listener : listeners_) references += listener->abandon();
  ended_.set();  // for whoever asks later
  for (; references > 0; --references) release();
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
  const auto addresses = co_await unnoted(getaddrinfo(std::move(host), port, {.family = options.family, .passive = true}));
  std::exception_ptr unavailable;
  for (const Address& address : addresses) {
    const auto outcome = co_await unnoted(as_outcome(core->listen(address)));
    if (!is_unavailable(outcome.error())) outcome.raise();
    if (!outcome.has_value()) unavailable = outcome.error();
  }
  if (core->listeners_.empty() && unavailable) std::rethrow_exception(unavailable);
  core->begin();
  co_return Server(core);
}

Coro<Server> ServerCore::start(std::shared_ptr<ConnectionHandler> handler, std::string path, ServerOptions options) {
  const auto core = make("start_unix_server", std::move(handler), options);
  co_await unnoted(core->listen(Address::unix_path(path)));
  core->begin();
  co_return Server(core);
}

Coro<Server> ServerCore::start(std::shared_ptr<ConnectionHandler> handler, int descriptor, ServerOptions options) {
  const auto core = make("start_server", std::move(handler), options);
  Endpoint endpoint;
  Socket socket = co_await unnoted(adopt_socket(descriptor, adopts_listener, "start_server", endpoint));
  core->add_listener(std::move(socket), std::move(endpoint));
  core->begin();
  co_return Server(core);
}

Coro<> ServerCore::listen(Address address) {
  Endpoint endpoint{std::move(address), Address(), options_.socket, options_.backlog};
  if (!options_.cleanup_socket) endpoint.options.cleanup_socket = false;
  Socket socket = co_await unnoted(listen_socket(endpoint));
  add_listener(std::move(socket), std::move(endpoint));
}

void ServerCore::add_listener(Socket socket, Endpoint endpoint) {
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

void ServerCore::Listener::perform(machines::listener::Do effect) {
  using machines::listener::Do;
  switch (effect) {
    case Do::accept:
      return start_accept();
    case Do::wait:
      return wait_for_descriptors();
    case Do::report:
      return server_->kernel_->report({"a server cannot accept any more", accept_error(-result()), address_.str()});
    case Do::close:
      return start_close();
    case Do::drop:
      retry_.cancel();
      return socket_.close();
  }
}

void ServerCore::Listener::start_accept() {
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
  Socket socket = result() >= 0 ? Socket(result()) : Socket();
  if (state_ == machines::listener::State::closed) return;  // accepted too late: closed
  if (!socket.is_open()) return refused(-result());
  server_->connected(std::move(socket), std::move(endpoint_));
  accept();
}

void ServerCore::Listener::refused(int error) {
  if (error == ECANCELED) return;  // the loop ends
  if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM) {
    return fire<machines::listener::Event::starve>(*this);
  }
  if (error == EBADF || error == EINVAL || error == ENOTSOCK) return fire<machines::listener::Event::fail>(*this);
  accept();  // this connection broke before it was accepted
}

void ServerCore::Listener::wait_for_descriptors() {
  retry_ = this_loop().call_later(server_->options_.accept_retry_delay,
                                  [core = Ref<ServerCore>(*server_), this] { accept(); });
  server_->kernel_->report({"a server has no descriptor left for a connection; it tries again later",
                            accept_error(-result()), address_.str()});  // last: who hears of it may close the server
}

void ServerCore::Listener::start_close() noexcept {
  retry_.cancel();
  socket_.close(closing_);
  ++server_->closing_;
  server_->retain();  // until listener_closed()
}

std::uint32_t ServerCore::Listener::abandon() noexcept {
  fire<machines::listener::Event::abandon>(*this);
  std::uint32_t references = under_way() ? 1 : 0;
  const bool late = under_way() && !in_flight() && result() >= 0;
  server_->kernel_->operations().abandon(*this);
  if (late) Socket(result()).close();
  if (closing_.under_way()) ++references;
  if (closing_.in_flight()) server_->kernel_->operations().detach(closing_);
  closing_.withdraw();
  return references;
}

void ServerCore::connected(Socket socket, Endpoint endpoint) {
  static_cast<void>(create_task(serve(Counted(*this), std::move(socket), std::move(endpoint))));
}

ServerCore::Counted::Counted(ServerCore& core) : core_(core) { ++core.connections_; }

ServerCore::Counted::~Counted() {
  if (!core_) return;
  --core_->connections_;
  core_->end_if_closed();
}

Coro<> ServerCore::serve(Counted counted, Socket socket, Endpoint endpoint) {
  const Ref<ServerCore>& core = counted.core();
  const auto stream = StreamCore::make(std::move(socket), std::move(endpoint), core->options_.limits);
  try {
    co_await unnoted(core->handler_->call(StreamReader(stream), StreamWriter(stream)));
  } catch (const CancelledError&) {
    throw;
  } catch (...) {
    core->kernel_->report(
        {"the handler of a connection failed", std::current_exception(), "connection from " + stream->remote().str(),
         await_stack()});
  }
  while (stream->closing() && !stream->over()) co_await unnoted(stream->end());  // what was written is on its way
}

// --- closing ---------------------------------------------------------------------------------------------------------

void ServerCore::close() noexcept {
  if (!serving_) return;
  serving_ = false;
  for (const auto& listener : listeners_) listener->close();
  closed_.set();
  end_if_closed();
}

void ServerCore::listener_closed() {
  const Ref<ServerCore> held = Ref<ServerCore>::adopt(*this);  // the operation's
  --closing_;
  end_if_closed();
}

void ServerCore::end_if_closed() {
  if (!serving_ && closing_ == 0 && connections_ == 0 && Resident::linked()) ended_.set();
}

std::vector<Address> ServerCore::addresses() const {
  std::vector<Address> addresses;
  if (!serving_) return addresses;
  for (const auto& listener : listeners_) addresses.push_back(listener->address());
  return addresses;
}

Coro<> ServerCore::wait_closed(Ref<ServerCore> core) { co_await unnoted(core->ended_.wait()); }

Coro<> ServerCore::serve_forever(Ref<ServerCore> core) {
  if (!core->serving_) throw RuntimeError("serve_forever: the server is closed");
  if (core->awaited_) throw RuntimeError("serve_forever: another task awaits it already; wait_closed() may be awaited by many");
  struct Awaiting {
    explicit Awaiting(ServerCore& awaited) : server(awaited) { server.awaited_ = true; }
    ~Awaiting() { server.awaited_ = false; }
    ServerCore& server;
  } const awaiting(*core);
  const auto outcome = co_await unnoted(as_outcome(core->closed_.wait()));
  if (outcome.cancelled()) {
    core->close();
    co_await unnoted(core->ended_.wait());
    outcome.raise();
  }
}

template struct NoArrow<machines::listener::Event>;

}  // namespace rondo
