// SPDX-License-Identifier: BSL-1.0
// streams.cpp - reading and writing in all the ways there are.
#include "streams.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <system_error>
#include <vector>

namespace soak {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view hello = "rondo";

/// A port that was closed a moment ago is somebody else's, or we have met ourselves: a port can connect to itself.
class Stranger : public std::runtime_error {
 public:
  Stranger() : std::runtime_error("somebody else's port") {}
};

rondo::Duration moment(Dice& dice) { return std::chrono::microseconds(dice.size(2000)); }

// --- reading ---------------------------------------------------------------------------------------------------------

const char* const ways[] = {"read", "read_into", "readexactly", "readuntil"};

rondo::Coro<std::string> read_once(rondo::StreamReader& reader, std::uint64_t way, Dice& dice) {
  switch (way) {
    case 0:
      co_return co_await reader.read(1 + dice.size(200'000));
    case 1: {
      std::string buffer(1 + dice.size(100'000), '\0');
      const std::size_t size = co_await reader.read_into(std::as_writable_bytes(std::span(buffer)));
      buffer.resize(size);
      co_return buffer;
    }
    case 2: {
      const auto outcome = co_await rondo::as_outcome(reader.readexactly(1 + dice.size(20'000)));
      if (outcome.has_value()) co_return outcome.value();
      try {
        outcome.raise();
      } catch (const rondo::IncompleteReadError& error) {
        co_return error.partial();
      }
      break;
    }
    default: {
      const std::string separator(1, static_cast<char>(dice.below(256)));
      const auto outcome = co_await rondo::as_outcome(reader.readuntil(separator));
      if (outcome.has_value()) co_return outcome.value();
      try {
        outcome.raise();
      } catch (const rondo::IncompleteReadError& error) {
        co_return error.partial();
      } catch (const rondo::LimitOverrunError&) {
      }
      co_return co_await reader.read(1000);
    }
  }
  co_return std::string();
}

/// To the end of the stream. A read that is cut off by a deadline has taken nothing.
rondo::Coro<> receive(rondo::StreamReader& reader, Pattern& pattern, Dice dice, Count& count) {
  const bool hasty = dice.one_in(3);
  for (;;) {
    if (dice.one_in(20)) co_await rondo::sleep(moment(dice));
    std::string piece;
    const std::uint64_t way = dice.below(4);
    if (hasty && dice.one_in(2)) {
      try {
        piece = co_await rondo::timeout(moment(dice), [&] { return read_once(reader, way, dice); });
      } catch (const rondo::TimeoutError&) {
        ++count.timeouts;
        continue;
      }
    } else {
      piece = co_await read_once(reader, way, dice);
    }
    pattern.check(piece);
    count.bytes += piece.size();
    if (!piece.empty()) continue;
    if (!reader.at_eof()) {
      throw Broken(std::string(ways[way]) + "() gave nothing, and the stream has not ended");
    }
    co_return;
  }
}

// --- writing ---------------------------------------------------------------------------------------------------------

rondo::Coro<> send_until(rondo::StreamWriter& writer, Pattern& pattern, std::uint64_t end, Dice& dice, Count& count) {
  while (pattern.position() < end) {
    const std::string piece = pattern.next(std::min<std::uint64_t>(end - pattern.position(), 1 + dice.size(150'000)));
    switch (dice.below(3)) {
      case 0:
        writer.write(piece);
        break;
      case 1:
        writer.write(std::as_bytes(std::span(piece)));
        break;
      default: {
        const std::size_t half = piece.size() / 2;
        const std::vector<std::string> lines{piece.substr(0, half), "", piece.substr(half)};
        writer.writelines(lines);
      }
    }
    if (dice.one_in(30)) co_await rondo::sleep(moment(dice));
    if (writer.unsent() < 500'000 && dice.one_in(3)) continue;
    if (dice.one_in(4)) {
      try {
        co_await rondo::timeout(moment(dice), [&] { return writer.drain(); });
      } catch (const rondo::TimeoutError&) {
        ++count.timeouts;
      }
    } else {
      co_await writer.drain();
    }
  }
}

rondo::Coro<> transmit(rondo::StreamWriter& writer, Pattern& pattern, std::uint32_t size, std::uint32_t leaves,
                       Dice dice, Count& count) {
  co_await send_until(writer, pattern, std::min(size, leaves), dice, count);
  if (leaves == to_the_end) {
    writer.write_eof();
  } else if (dice.one_in(3)) {
    writer.close();  // with what the peer sent unread, that is a reset, too
  } else {
    writer.abort();
  }
}

struct Ends {
  rondo::Connection* connection;
  Pattern* out;
  Pattern* in;
  std::uint32_t size;
  std::uint32_t leaves;
  Dice* dice;
  Count* count;
};

rondo::Coro<> both_ways(rondo::TaskGroup& group, Ends ends) {
  static_cast<void>(group.create_task(
      transmit(ends.connection->writer, *ends.out, ends.size, ends.leaves, Dice(ends.dice->seed()), *ends.count)));
  static_cast<void>(
      group.create_task(receive(ends.connection->reader, *ends.in, Dice(ends.dice->seed()), *ends.count)));
  co_return;
}

void expect(const Pattern& received, std::uint32_t size, const char* who) {
  if (received.position() == size) return;
  throw Broken(std::string(who) + " got " + std::to_string(received.position()) + " of " + std::to_string(size) +
               " bytes, and then an end");
}

}  // namespace

// --- both ends -------------------------------------------------------------------------------------------------------

Plan Plan::random(Dice& dice) {
  Plan plan;
  plan.seed = dice.seed();
  const std::size_t most = dice.one_in(8) ? 5'000'000 : 500'000;
  plan.up = static_cast<std::uint32_t>(dice.size(most));
  plan.down = static_cast<std::uint32_t>(dice.size(most));
  switch (dice.below(6)) {
    case 0:
      plan.client_leaves = static_cast<std::uint32_t>(dice.below(plan.up + 1));
      break;
    case 1:
      plan.server_leaves = static_cast<std::uint32_t>(dice.below(plan.down + 1));
      break;
    default:
      return plan;
  }
  plan.exact = false;
  return plan;
}

std::string Plan::text() const {
  std::string text(size, '\0');
  std::memcpy(text.data(), &seed, 8);
  std::memcpy(text.data() + 8, &up, 4);
  std::memcpy(text.data() + 12, &down, 4);
  std::memcpy(text.data() + 16, &client_leaves, 4);
  std::memcpy(text.data() + 20, &server_leaves, 4);
  text[24] = exact ? 1 : 0;
  return text;
}

Plan Plan::parse(const std::string& text) {
  Plan plan;
  std::memcpy(&plan.seed, text.data(), 8);
  std::memcpy(&plan.up, text.data() + 8, 4);
  std::memcpy(&plan.down, text.data() + 12, 4);
  std::memcpy(&plan.client_leaves, text.data() + 16, 4);
  std::memcpy(&plan.server_leaves, text.data() + 20, 4);
  plan.exact = text[24] != 0;
  return plan;
}

rondo::Coro<> run_client(rondo::Connection& connection, Plan plan, Dice dice, Count& count, bool& served) {
  connection.writer.write(plan.text());
  const std::string heard = co_await connection.reader.readexactly(hello.size());
  if (heard != hello) throw Stranger();
  served = true;
  Pattern out(plan.seed);
  Pattern in(plan.seed + 1);
  const Ends ends{&connection, &out, &in, plan.up, plan.client_leaves, &dice, &count};
  co_await rondo::task_group(both_ways, ends);
  if (!plan.exact) co_return;
  expect(in, plan.down, "the client");
  ++count.exact;
  if (dice.one_in(2)) co_return;  // the writer goes, and closes
  connection.writer.close();
  if (dice.one_in(2)) co_await connection.writer.wait_closed();
}

rondo::Coro<> run_server(rondo::Connection& connection, Dice dice, Count& count) {
  ++count.connections;
  connection.writer.write(hello);
  const std::string text = co_await connection.reader.readexactly(Plan::size);
  const Plan plan = Plan::parse(text);
  Pattern out(plan.seed + 1);
  Pattern in(plan.seed);
  const Ends ends{&connection, &out, &in, plan.down, plan.server_leaves, &dice, &count};
  const auto outcome = co_await rondo::as_outcome(rondo::task_group(both_ways, ends));
  if (plan.exact && !outcome.cancelled()) {
    if (outcome.failed()) throw Broken("a server's end that nobody disturbed: " + rondo::describe(outcome.error()));
    expect(in, plan.up, "the server");
  }
  outcome.raise();
}

// --- sockets ---------------------------------------------------------------------------------------------------------

namespace {

rondo::Coro<> send_all(rondo::Socket& socket, Pattern& pattern, std::size_t size, Dice dice) {
  while (pattern.position() < size) {
    const std::string piece = pattern.next(std::min<std::uint64_t>(size - pattern.position(), 1 + dice.size(100'000)));
    co_await socket.send_all(std::as_bytes(std::span(piece)));
  }
  co_await socket.shutdown_write();
}

rondo::Coro<> recv_all(rondo::Socket& socket, Pattern& pattern, Dice dice, Count& count) {
  std::string buffer(1 + dice.size(100'000), '\0');
  for (;;) {
    const auto bytes = std::as_writable_bytes(std::span(buffer));
    std::size_t size = 0;
    try {
      size = co_await rondo::timeout(dice.one_in(2) ? moment(dice) : 1h, [&]() -> rondo::Coro<std::size_t> {
        co_return co_await socket.recv(bytes);
      });
    } catch (const rondo::TimeoutError&) {
      ++count.timeouts;
      continue;
    }
    if (size == 0) co_return;
    count.bytes += size;
    pattern.check(std::string_view(buffer).substr(0, size));
  }
}

struct Pair {
  rondo::Socket a;
  rondo::Socket b;
  Pattern sent;
  Pattern received;
};

rondo::Coro<> through_pair(rondo::TaskGroup& group, Pair* pair, std::size_t size, Dice* dice, Count* count) {
  static_cast<void>(group.create_task(send_all(pair->a, pair->sent, size, Dice(dice->seed()))));
  static_cast<void>(group.create_task(recv_all(pair->b, pair->received, Dice(dice->seed()), *count)));
  co_return;
}

}  // namespace

rondo::Coro<> run_sockets(Dice dice, Count& count) {
  rondo::Endpoint here;
  here.local = rondo::Address::loopback(0);
  rondo::Socket listener = co_await rondo::listen_socket(here);
  while (dice.one_in(2)) {  // nobody comes
    try {
      static_cast<void>(co_await rondo::timeout(moment(dice), [&] { return listener.accept(); }));
      throw Broken("accept() without a client");
    } catch (const rondo::TimeoutError&) {
      ++count.timeouts;
    }
  }
  rondo::Endpoint there;
  there.remote = here.local;
  const auto seed = dice.seed();
  Pair pair{rondo::Socket(), rondo::Socket(), Pattern(seed), Pattern(seed)};
  pair.a = co_await rondo::connect_socket(there);
  pair.b = co_await listener.accept(&here);
  if (!(here.remote == there.local)) throw Stranger();
  if (dice.one_in(2)) std::swap(pair.a, pair.b);
  if (dice.one_in(2)) listener.close();
  const std::size_t size = dice.size(500'000);
  co_await rondo::task_group(through_pair, &pair, size, &dice, &count);
  if (pair.received.position() != size) throw Broken("a socket's end came too early");
  ++count.connections;
  ++count.exact;
}

// --- datagrams -------------------------------------------------------------------------------------------------------

rondo::Coro<> run_datagrams(Dice dice, Count& count) {
  auto receiver = co_await rondo::open_datagram(rondo::Address::loopback(0));
  const bool connected = dice.one_in(2);
  auto sender = co_await rondo::open_datagram(connected ? rondo::Address() : rondo::Address::loopback(0),
                                              connected ? receiver.local_address() : rondo::Address());
  const std::uint64_t seed = dice.seed();
  for (std::uint64_t number = 0; number < 5 + dice.below(20); ++number) {
    const std::size_t size = dice.size(9000);
    const std::string sent = Pattern(seed + number).next(size);
    if (sender.peer_address()) {
      co_await sender.send(sent);
    } else {
      co_await sender.send_to(sent, receiver.local_address());
    }
    const std::size_t most = dice.one_in(3) ? dice.size(9000) + 1 : 65536;
    std::optional<rondo::DatagramSocket::Received> got;
    try {
      got = co_await rondo::timeout(dice.one_in(5) ? moment(dice) : 1s, [&] { return receiver.recv_from(most); });
    } catch (const rondo::TimeoutError&) {
      ++count.timeouts;
    }
    if (!got) {
      receiver = co_await rondo::open_datagram(rondo::Address::loopback(0));  // so that a late one is nobody's
      sender = co_await rondo::open_datagram(rondo::Address::loopback(0));
      continue;
    }
    if (got->truncated != (size > most)) throw Broken("a datagram's truncation");
    if (got->data != sent.substr(0, most)) throw Broken("a datagram has other bytes");
    if (got->address.port() != sender.local_address().port()) throw Broken("a datagram comes from somebody else");
    ++count.datagrams;
  }
}

bool is_bad_luck(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const rondo::ExceptionGroup& group) {
    for (const auto& one : group.exceptions()) {
      if (!is_bad_luck(one)) return false;
    }
    return true;
  } catch (const std::system_error& one) {
    const auto code = one.code();
    return code == std::errc::connection_reset || code == std::errc::broken_pipe || code == std::errc::not_connected ||
           code == std::errc::connection_refused || code == std::errc::no_such_file_or_directory;
  } catch (const rondo::IncompleteReadError&) {
    return true;  // of the first bytes
  } catch (const Stranger&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace soak
