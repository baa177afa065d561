// SPDX-License-Identifier: BSL-1.0
// sim_listener.cpp - see sim_listener.hpp.
#include "sim_listener.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace rondo::sim {

Listener::Listener(World& world, SocketOptions options, int backlog)
    : NetworkSocket(world), options_(options), room_(static_cast<std::size_t>(std::max(backlog, 0)) + 1) {}  // as Linux

Listener::~Listener() {
  if (!local_) return;
  if (local_.family() == Address::Family::unix_domain) {
    world_.ports.give_back_path(local_.path(), options_.cleanup_socket);
  } else {
    world_.ports.give_back(Protocol::tcp, local_, *this);
  }
}

std::int32_t Listener::claim(Address& local) {
  const std::int32_t error = local.family() == Address::Family::unix_domain
                                 ? world_.ports.claim_path(local.path(), *this)
                                 : world_.ports.claim(Protocol::tcp, local, options_.reuse_port, *this);
  if (error == 0) local_ = local;
  return error;
}

void Listener::start(const Output& output) {
  const bool tcp = local_.family() != Address::Family::unix_domain;
  switch (output.kind) {
    case OperationKind::accept:
      return accept(output);
    case OperationKind::shutdown:
      return world_.desk.finish(output, 0);
    case OperationKind::send:
      return world_.desk.finish(output, tcp ? -EPIPE : -ENOTCONN);
    case OperationKind::recv:
      return world_.desk.finish(output, -ENOTCONN);
    default:
      return world_.desk.finish(output, -EOPNOTSUPP);
  }
}

void Listener::close() {
  world_.desk.finish_all(acceptors_, -ECANCELED);
  world_.desk.finish_all(connects_, -ECONNREFUSED);
  for (const Caller& caller : std::exchange(callers_, {})) caller.connection->abort(1);
}

void Listener::call(const Output& connect) {
  if (room() > 0 && connects_.empty()) {
    establish(connect);
    serve();
  } else if (local_.family() == Address::Family::unix_domain) {
    world_.desk.finish(connect, -EAGAIN);
  } else {
    world_.desk.wait_in(connects_, connect);
  }
}

/// The connect is done as soon as the connection waits here, accepted or not.
void Listener::establish(Output connect) {
  Endpoint& endpoint = *connect.endpoint;
  const bool tcp = local_.family() != Address::Family::unix_domain;
  auto connection = std::make_shared<SimConnection>(world_, tcp ? SimConnection::Kind::tcp : SimConnection::Kind::unix_domain,
                                                 endpoint.options, options_);
  auto socket = std::make_unique<StreamSocket>(world_, connection, 0);
  const Address remote = tcp ? target_of(endpoint.remote) : endpoint.remote;
  Address local = tcp ? source_for(remote) : Address::unix_path("");
  if (endpoint.local && !endpoint.local.is_any()) local = endpoint.local;
  if (tcp && endpoint.local) local = local.with_port(endpoint.local.port());
  if (tcp || !local.path().empty()) {
    if (const std::int32_t error = socket->claim(local, endpoint.options)) return world_.desk.finish(connect, error);
  }
  callers_.push_back({std::move(connection), remote, local});
  endpoint.local = std::move(local);
  endpoint.remote = remote;
  world_.desk.finish(connect, world_.sockets.add(std::move(socket)));
}

void Listener::accept(const Output& output) {
  world_.desk.wait_in(acceptors_, output);
  serve();
}

/// Each connection that is accepted makes room for another.
void Listener::serve() {
  while (!acceptors_.empty() && !callers_.empty()) {
    const Output output = acceptors_.front()->output;
    Caller caller = std::move(callers_.front());
    callers_.pop_front();
    output.endpoint->local = std::move(caller.local);
    output.endpoint->remote = std::move(caller.remote);
    const std::int32_t handle =
        world_.sockets.add(std::make_unique<StreamSocket>(world_, std::move(caller.connection), 1));
    world_.desk.finish(output, handle);
    while (room() > 0 && !connects_.empty()) establish(connects_.front()->output);
  }
}

// --- operations without a handle -------------------------------------------------------------------------------------

void start_listen(World& world, const Output& output) {
  Endpoint& endpoint = *output.endpoint;
  const Address::Family family = endpoint.local.family();
  if (family == Address::Family::none || (family == Address::Family::unix_domain && endpoint.local.path().empty())) {
    return world.desk.finish(output, -EINVAL);
  }
  auto listener = std::make_unique<Listener>(world, endpoint.options, endpoint.backlog);
  if (const std::int32_t error = listener->claim(endpoint.local)) return world.desk.finish(output, error);
  endpoint.remote = Address();
  world.desk.finish(output, world.sockets.add(std::move(listener)));
}

namespace {

/// The most particular of those that listen there; null if nobody does.
Listener* find_listener(World& world, const Address& target) {
  std::vector<Listener*> found;
  bool exact = false;
  for (const Ports::Claim& claim : world.ports.at(Protocol::tcp, target)) {
    Listener* const listener = claim.owner->as_listener();
    if (!listener || (exact && claim.address.is_any())) continue;
    if (!exact && !claim.address.is_any()) {
      exact = true;
      found.clear();
    }
    found.push_back(listener);
  }
  if (found.empty()) return nullptr;
  return found[world.choices.choose("net.listener", static_cast<std::uint32_t>(found.size()))];
}

/// A connect has travelled to where it wants to go.
class ConnectArrival final : public TimelineEvent {
 public:
  ConnectArrival(World& world, Waiting& connect) : world_(world), connect_(connect) {}
  void happen() override {
    connect_.due.reset();
    const Output output = connect_.output;
    Listener* const listener = find_listener(world_, target_of(output.endpoint->remote));
    if (!listener) return world_.desk.finish(output, -ECONNREFUSED);
    listener->call(output);
  }

 private:
  World& world_;
  Waiting& connect_;
};

void connect_path(World& world, const Output& output) {
  const std::string_view path = output.endpoint->remote.path();
  if (path.empty()) return world.desk.finish(output, -EINVAL);
  if (!Ports::fits(path)) return world.desk.finish(output, -ENAMETOOLONG);
  NetworkSocket* const owner = world.ports.at_path(path);
  const bool refuses = path.front() == '\0' || world.ports.is_left(path);
  if (!owner) return world.desk.finish(output, refuses ? -ECONNREFUSED : -ENOENT);
  Listener* const listener = owner->as_listener();
  if (!listener) return world.desk.finish(output, owner->as_datagram() ? -EPROTOTYPE : -ECONNREFUSED);
  listener->call(output);
}

}  // namespace

void start_connect(World& world, const Output& output) {
  const Endpoint& endpoint = *output.endpoint;
  if (!endpoint.remote) return world.desk.finish(output, -EINVAL);
  if (endpoint.local && endpoint.local.family() != endpoint.remote.family()) {
    return world.desk.finish(output, -EAFNOSUPPORT);
  }
  if (endpoint.remote.family() == Address::Family::unix_domain) return connect_path(world, output);
  Waiting& waiting = world.desk.wait(output);
  if (!is_known(endpoint.remote)) return;  // for ever
  waiting.due = world.timeline.add(world.carry(), std::make_unique<ConnectArrival>(world, waiting));
}

}  // namespace rondo::sim
