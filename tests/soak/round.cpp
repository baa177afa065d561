// SPDX-License-Identifier: BSL-1.0
// round.cpp - see round.hpp.
#include "round.hpp"

#include <memory>

#include "census.hpp"

namespace soak {

using namespace std::chrono_literals;

namespace {

/// A place that clients go to: for one port or path there is always a server, but for moments.
struct Site {
  rondo::Server server;
  rondo::Address address;
};

struct Round {
  Round(std::uint64_t seed, std::string where, Count& counted)
      : dice(seed), folder(std::move(where)), count(&counted) {}

  Dice dice;
  std::string folder;
  Count* count;
  std::vector<Site> sites;
  std::vector<std::string> broken;

  void note(const std::string& who, std::exception_ptr error) {
    if (is_bad_luck(error)) {
      ++count->lost;
    } else {
      broken.push_back(who + ": " + rondo::describe(error));
    }
  }
};

rondo::Coro<> attend(Round& round, std::uint64_t seed, rondo::StreamReader reader, rondo::StreamWriter writer) {
  rondo::Connection connection;
  connection.reader = std::move(reader);
  connection.writer = std::move(writer);
  const auto outcome = co_await rondo::as_outcome(run_server(connection, Dice(seed), *round.count));
  if (outcome.failed()) round.note("server", outcome.error());
  if (outcome.cancelled()) outcome.raise();
}

rondo::Coro<> open_site(Round& round, std::size_t number) {
  Site& site = round.sites[number];
  auto handler = [&round](rondo::StreamReader reader, rondo::StreamWriter writer) {
    return attend(round, round.dice.seed(), std::move(reader), std::move(writer));
  };
  if (number == 0) {
    const std::string path = round.folder + "/" + std::to_string(round.dice.below(3));
    site.server = co_await rondo::start_unix_server(handler, path);
  } else {
    const char* const hosts[] = {"127.0.0.1", "::1", "localhost"};
    site.server = co_await rondo::start_server(handler, hosts[(number - 1) % 3], 0);
  }
  site.address = round.sites[number].server.addresses().front();
}

/// Closes a server under the eyes of its clients, and opens another one.
rondo::Coro<> reopen(Round& round, std::size_t number, Dice dice) {
  for (std::uint64_t times = dice.below(3); times > 0; --times) {
    co_await rondo::sleep(std::chrono::microseconds(dice.below(30'000)));
    round.sites[number].server.close();
    if (dice.one_in(2)) co_await rondo::sleep(std::chrono::microseconds(dice.below(3000)));
    co_await open_site(round, number);
  }
}

rondo::Coro<rondo::Connection> connect(rondo::Address address, Dice& dice) {
  if (address.family() == rondo::Address::Family::unix_domain) {
    co_return co_await rondo::open_unix_connection(std::string(address.path()));
  }
  if (dice.one_in(2)) co_return co_await rondo::open_connection(address);
  rondo::ConnectOptions options;
  options.happy_eyeballs_delay = std::chrono::milliseconds(dice.below(3));
  if (dice.one_in(2)) options.family = rondo::Address::Family::ipv4;  // not every machine knows localhost by IPv6
  co_return co_await rondo::open_connection("localhost", address.port(), options);
}

rondo::Coro<> be_client(Round& round, Dice dice, bool doomed) {
  co_await rondo::sleep(std::chrono::microseconds(dice.below(20'000)));
  Plan plan = Plan::random(dice);
  if (doomed) plan.exact = false;
  bool served = false;
  const rondo::Address address = round.sites[dice.below(round.sites.size())].address;
  rondo::Connection connection;
  const auto met = co_await rondo::as_outcome(rondo::timeout(10s, [&]() -> rondo::Coro<> {
    connection = co_await connect(address, dice);
    co_await run_client(connection, plan, Dice(dice.seed()), *round.count, served);
  }));
  if (met.cancelled()) met.raise();
  if (!met.failed()) co_return;
  if (served && plan.exact) {
    round.broken.push_back("client of " + address.str() + ", which nobody disturbed: " + rondo::describe(met.error()));
  } else {
    round.note("client of " + address.str(), met.error());
  }
}

rondo::Coro<> look_up(Dice dice, Count& count) {
  const auto addresses = co_await rondo::getaddrinfo(dice.one_in(3) ? "127.0.0.1" : "localhost", "80");
  if (addresses.empty() || addresses.front().port() != 80) throw Broken("the addresses of localhost");
  ++count.lookups;
}

/// Nobody listens at port 1. A port that was free a moment ago may be somebody's by now.
rondo::Coro<> be_refused() { auto connection = co_await rondo::open_connection(rondo::Address::loopback(1)); }

rondo::Coro<> run_scene(Round& round, std::string name, rondo::Coro<> scene) {
  const auto outcome = co_await rondo::as_outcome(std::move(scene));
  if (outcome.failed()) round.note(name, outcome.error());
  if (outcome.cancelled()) outcome.raise();
}

rondo::Coro<> make_scene(Round& round, std::string& name, bool doomed) {
  const Dice dice(round.dice.seed());
  switch (round.dice.below(12)) {
    case 0:
      name = "datagrams";
      return run_datagrams(dice, *round.count);
    case 1:
    case 2:
      name = "sockets";
      return run_sockets(dice, *round.count);
    case 3:
      name = "lookup";
      return look_up(dice, *round.count);
    case 4:
      name = "refused";
      return be_refused();
    default:
      name = "client";
      return be_client(round, dice, doomed);
  }
}

rondo::Task<> start_scene(Round& round) {
  const bool doomed = round.dice.one_in(6);
  std::string name;
  auto made = make_scene(round, name, doomed);
  auto scene = rondo::create_task(run_scene(round, name, std::move(made)), {.name = name});
  const auto when = std::chrono::microseconds(round.dice.size(60'000));
  if (doomed) rondo::this_loop().call_later(when, [scene] { scene.cancel(); });
  return scene;
}

rondo::Coro<> play_scenes(Round& round) {
  round.sites.resize(1 + round.dice.below(4));
  for (std::size_t i = 0; i < round.sites.size(); ++i) co_await open_site(round, i);
  std::vector<rondo::Task<>> scenes;
  for (std::size_t i = 0; i < round.sites.size(); ++i) {
    scenes.push_back(rondo::create_task(run_scene(round, "server", reopen(round, i, Dice(round.dice.seed())))));
  }
  const std::uint64_t many = 5 + round.dice.below(80);
  for (std::uint64_t i = 0; i < many; ++i) scenes.push_back(start_scene(round));
  for (const auto& scene : scenes) {
    const auto outcome = co_await rondo::as_outcome(scene);
    if (!outcome.cancelled()) continue;
    if (rondo::current_task().cancelling() > 0) outcome.raise();
    ++round.count->cancelled;
  }
  for (Site& site : round.sites) site.server.close();
  for (Site& site : round.sites) co_await site.server.wait_closed();
}

/// Waits until what nobody waits for has ended.
rondo::Coro<> come_to_rest(std::optional<Rest> before) {
  const rondo::Instant end = rondo::this_loop().time() + 10s;
  for (;;) {
    co_await rondo::sleep(1ms);
    const Rest now = rest();
    if (now.tasks == 1 && now.operations == 0 && (!before || now.descriptors == before->descriptors)) co_return;
    if (rondo::this_loop().time() < end) continue;
    throw Broken("the loop does not come to rest: " + now.text() + (before ? ", before: " + before->text() : "") +
                 "\n" + rondo::dump_tasks(rondo::this_loop()));
  }
}

}  // namespace

std::string Rest::text() const {
  return std::to_string(descriptors) + " descriptors, " + std::to_string(operations) + " operations, " +
         std::to_string(tasks) + " tasks";
}

Rest rest() {
  return {descriptors(), rondo::this_loop().kernel().operations().awaited(), rondo::all_tasks().size()};
}

rondo::Coro<> play(std::uint64_t seed, std::string folder, std::optional<Rest> before, Count& count) {
  const auto round = std::make_unique<Round>(seed, folder, count);
  std::string where;
  rondo::this_loop().set_exception_handler([&broken = round->broken](const rondo::ErrorContext& context) {
    std::string text = "reported: " + context.message + ": " + context.subject;
    if (context.exception) text += ": " + rondo::describe(context.exception);
    broken.push_back(text);
  });
  auto overdue = rondo::this_loop().call_later(40s, [&where] { where = rondo::dump_tasks(rondo::this_loop()); });
  const auto outcome = co_await rondo::as_outcome(rondo::timeout(41s, [&] { return play_scenes(*round); }));
  overdue.cancel();
  if (!where.empty()) throw Broken("the round does not end\n" + where);
  outcome.raise();
  co_await come_to_rest(before);
  rondo::this_loop().set_exception_handler([](const rondo::ErrorContext&) {});
  std::string all;
  for (const std::string& one : round->broken) all += one + "\n";
  if (!all.empty()) throw Broken(all);
}

}  // namespace soak
