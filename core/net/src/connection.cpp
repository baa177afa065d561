// SPDX-License-Identifier: BSL-1.0
// connection.cpp - which of several addresses answers first.
//
// Attempts start one by one, the next when the last has failed or has had its delay; the first that succeeds wins.
// Source: RFC 8305 section 5, and asyncio's staggered_race.
#include <rondo/connection.hpp>

#include <algorithm>
#include <memory>
#include <utility>

#include <rondo/net/adopted.hpp>
#include <rondo/task.hpp>
#include <rondo/wait.hpp>

namespace rondo {
namespace {

Connection make_connection(Socket socket, Endpoint endpoint, StreamLimits limits) {
  const auto stream = StreamCore::make(std::move(socket), std::move(endpoint), limits);
  return {StreamReader(stream), StreamWriter(stream)};
}

/// The address that the options point to may be gone when the coroutine begins, so it is copied before.
Address local_of(ConnectOptions& options) {
  const Address* const local = std::exchange(options.local, nullptr);
  return local ? *local : Address();
}

Coro<Connection> connect_to(Address address, Address local, ConnectOptions options) {
  Endpoint endpoint{std::move(local), std::move(address), options.socket};
  Socket socket = co_await unnoted(connect_socket(endpoint));
  co_return make_connection(std::move(socket), std::move(endpoint), options.limits);
}

/// The families in turn, each in the order given (RFC 8305 section 4).
std::vector<Address> interleave(const std::vector<Address>& addresses) {
  std::vector<Address> first;
  std::vector<Address> second;
  for (const Address& address : addresses) {
    (address.family() == addresses.front().family() ? first : second).push_back(address);
  }
  std::vector<Address> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

[[noreturn]] void throw_failures(const std::vector<std::exception_ptr>& failures) {
  if (failures.size() == 1) std::rethrow_exception(failures.front());
  std::string texts;
  for (const auto& failure : failures) texts += (texts.empty() ? "" : "; ") + describe(failure);
  try {
    std::rethrow_exception(failures.front());
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), "no address answers (" + texts + ")");
  }
}

/// Shared, since whoever asks a task for its result gets a copy.
Coro<std::shared_ptr<Connection>> attempt(Address address, Address local, ConnectOptions options) {
  co_return std::make_shared<Connection>(co_await unnoted(connect_to(std::move(address), std::move(local), options)));
}

/// The attempts at several addresses; those that are not done are cancelled when this goes.
class Race {
 public:
  Race(Address local, ConnectOptions options) : local_(std::move(local)), options_(options) {}
  ~Race() {
    for (const auto& task : attempts_) task.cancel();
  }
  Race(const Race&) = delete;
  Race& operator=(const Race&) = delete;

  void start(Address address) {
    attempts_.push_back(create_task(attempt(std::move(address), local_, options_), {.name = "connect"}));
  }
  bool running() const { return !attempts_.empty(); }
  /// Until one of them is done, or the delay is over.
  Coro<> watch(bool others_left) {
    WaitOptions how;
    how.return_when = ReturnWhen::first_completed;
    if (others_left) how.timeout = options_.happy_eyeballs_delay;
    static_cast<void>(co_await unnoted(wait(attempts_, how)));
  }
  /// The connection of one that has succeeded; forgets those that have failed.
  std::shared_ptr<Connection> take_winner(std::vector<std::exception_ptr>& failures) {
    std::shared_ptr<Connection> winner;
    for (const auto& task : attempts_) {
      if (!task.done() || winner) continue;
      if (const auto error = task.exception()) {
        failures.push_back(error);
      } else {
        winner = task.result();
      }
    }
    std::erase_if(attempts_, [](const auto& task) { return task.done(); });
    return winner;
  }

 private:
  Address local_;
  ConnectOptions options_;
  std::vector<Task<std::shared_ptr<Connection>>> attempts_;
};

Coro<Connection> race(std::vector<Address> addresses, Address local, ConnectOptions options) {
  Race race(std::move(local), options);
  std::vector<std::exception_ptr> failures;
  std::size_t next = 0;
  for (;;) {
    if (next < addresses.size()) race.start(addresses[next++]);
    if (!race.running()) throw_failures(failures);
    co_await unnoted(race.watch(next < addresses.size()));
    if (const auto winner = race.take_winner(failures)) co_return std::move(*winner);
  }
}

Coro<Connection> connect_to_name(std::string host, std::uint16_t port, Address local, ConnectOptions options) {
  auto addresses = co_await unnoted(getaddrinfo(std::move(host), port, {.family = options.family}));
  if (addresses.size() == 1) {
    co_return co_await unnoted(connect_to(std::move(addresses.front()), std::move(local), options));
  }
  co_return co_await unnoted(race(interleave(addresses), std::move(local), options));
}

Coro<Connection> connect_to_path(std::string path, Address local, ConnectOptions options) {
  co_return co_await unnoted(connect_to(Address::unix_path(path), std::move(local), options));
}

}  // namespace

Coro<Connection> open_connection(std::string host, Port port, ConnectOptions options) {
  Address local = local_of(options);
  return connect_to_name(std::move(host), port, std::move(local), options);
}

Coro<Connection> open_connection(Address address, ConnectOptions options) {
  Address local = local_of(options);
  return connect_to(std::move(address), std::move(local), options);
}

Coro<Connection> open_connection(AdoptedSocket adopted) {
  constexpr auto both = adopts_for_reading | adopts_for_writing;
  const auto stream = co_await unnoted(adopt_stream(adopted.socket, both, "open_connection", adopted.limits));
  co_return Connection{StreamReader(stream), StreamWriter(stream)};
}

Coro<Connection> open_unix_connection(std::string path, ConnectOptions options) {
  Address local = local_of(options);
  return connect_to_path(std::move(path), std::move(local), options);
}

}  // namespace rondo
