// SPDX-License-Identifier: BSL-1.0
// conformance_features.hpp - what every backend must pass: it does what its features() claim, and ends all else with
// -ENOTSUP, kind of operation by kind of operation.
#pragma once

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include <rondo/rondo.hpp>

#include "catch.hpp"
#include "conformance_contract.hpp"
#include "desk.hpp"
#include "needs.hpp"
#include "support.hpp"

namespace {
namespace conformance {

using by_hand::Desk;
using rondo::OperationKind;

bool claims_kind(const rondo::Features& features, OperationKind kind) {
  switch (kind) {
    case OperationKind::readable:
    case OperationKind::writable:
      return features.descriptors;
    case OperationKind::signal:
      return features.hears(SIGURG);
    case OperationKind::interrupt:
      return features.hears(SIGINT);
    case OperationKind::job:
    case OperationKind::close_executor:
      return features.jobs;
    case OperationKind::connect:
    case OperationKind::listen:
    case OperationKind::accept:
    case OperationKind::recv:
    case OperationKind::send:
    case OperationKind::shutdown:
      return features.sockets;
    case OperationKind::open_datagram:
    case OperationKind::recv_from:
    case OperationKind::send_to:
      return features.datagrams;
    case OperationKind::close:
      return features.sockets || features.datagrams;
    case OperationKind::resolve:
      return features.names;
    case OperationKind::adopt:
      return features.adopts;
    case OperationKind::pipe:
    case OperationKind::spawn:
    case OperationKind::child:
    case OperationKind::kill:
      return features.processes;
  }
  return false;
}

/// One operation of each kind that could succeed where it is known, with all that it must be lent.
struct OneOfEach {
  OneOfEach() {
    inet.local = inet.remote = rondo::Address::loopback(0);
    lookup.host = "localhost";
    lookup.service = "80";
    write_one(pipe.second());
  }
  rondo::Output make(OperationKind kind) {
    rondo::Output output = Desk::of(kind, kind == OperationKind::writable ? pipe.second() : pipe.first());
    if (kind == OperationKind::signal) output.handle = SIGURG;
    if (kind == OperationKind::job) output.job = &job;
    if (kind == OperationKind::recv) output = Desk::recv(output.handle, bytes);
    if (kind == OperationKind::send) output = Desk::send(output.handle, slice);
    if (rondo::makes_handle(kind)) output.endpoint = &inet;
    if (kind == OperationKind::recv_from || kind == OperationKind::send_to) output.datagram = &datagram;
    if (kind == OperationKind::resolve) output.lookup = &lookup;
    if (kind == OperationKind::pipe) output.pipe_ends = &ends;
    if (kind == OperationKind::spawn) output.spawn = &spawn;
    return output;
  }
  Ends pipe;
  CountedJob job;
  rondo::Endpoint inet;
  std::array<std::byte, 8> bytes{};
  rondo::Slice slice{bytes.data(), bytes.size()};
  rondo::Datagram datagram{bytes.data(), bytes.size(), {}};
  rondo::Lookup lookup;
  rondo::PipeEnds ends;
  rondo::Spawn spawn;
};

constexpr auto kinds = static_cast<int>(OperationKind::kill) + 1;

/// A listener, a connection to it, and bytes and an end that pass through it.
void use_streams(Desk& desk, const rondo::Address& address) {
  rondo::Endpoint at, to, accepted;
  at.local = address;
  const int listener = desk.run(Desk::with_endpoint(OperationKind::listen, at));
  REQUIRE(listener >= 0);
  to.remote = at.local;
  const int client = desk.run(Desk::with_endpoint(OperationKind::connect, to));
  REQUIRE(client >= 0);
  const int server = desk.run(Desk::with_endpoint(OperationKind::accept, accepted, listener));
  REQUIRE(server >= 0);
  std::array<std::byte, 1> sent{std::byte{'x'}};
  std::array<std::byte, 8> received{};
  CHECK(desk.run(Desk::send(client, {sent.data(), sent.size()})) == 1);
  CHECK(desk.run(Desk::recv(server, received)) == 1);
  CHECK(received[0] == sent[0]);
  CHECK(desk.run(Desk::of(OperationKind::shutdown, client)) == 0);
  CHECK(desk.run(Desk::recv(server, received)) == 0);
  for (const int handle : {listener, client, server}) desk.close(handle);
}

/// Starts an operation of several completions, makes it hear something once, and cancels it.
template <class Happen>
void hear_once(Desk& desk, const rondo::Output& output, Happen happen) {
  const rondo::OperationId id = desk.start(output);
  desk.take(1ms);
  happen();
  CHECK(desk.wait(id) == 0);
  desk.cancel(id);
  CHECK(desk.wait_for_another(id, 1) == -ECANCELED);
}

}  // namespace conformance
}  // namespace

CONFORMANCE("the backend claims what its file says that it has, and all parts of the suite for that are here") {
  World world;
  const rondo::Features features = world.backend.features();
  CHECK(features.descriptors == World::claims.descriptors);
  CHECK(features.sockets == World::claims.sockets);
  CHECK(features.datagrams == World::claims.datagrams);
  CHECK(features.unix_sockets == World::claims.unix_sockets);
  CHECK(features.jobs == World::claims.jobs);
  CHECK(features.names == World::claims.names);
  CHECK(features.adopts == World::claims.adopts);
  CHECK(features.processes == World::claims.processes);
  CHECK(features.signal_mask == World::claims.signal_mask);
  CHECK(suite::has_part(World::name, "readiness") == features.descriptors);
  const bool network = features.sockets || features.datagrams || features.unix_sockets || features.names;
  CHECK(suite::has_part(World::name, "network") == network);
}

CONFORMANCE("an operation of a kind that the features deny has one end, -ENOTSUP, and a cancel changes nothing") {
  World world;
  const rondo::Features features = world.backend.features();
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  for (int number = 0; number < conformance::kinds; ++number) {
    const auto kind = static_cast<rondo::OperationKind>(number);
    if (conformance::claims_kind(features, kind)) continue;
    INFO("kind " << number);
    rondo::Output output = one.make(kind);
    const rondo::OperationId cancelled = desk.queue(output);
    desk.queue_cancel(cancelled);  // in the same submit
    desk.flush();
    CHECK(desk.wait(cancelled) == -ENOTSUP);
    const rondo::OperationId id = desk.start(one.make(kind));
    CHECK(desk.wait(id) == -ENOTSUP);
    desk.cancel(id);  // too late
  }
  desk.check_single();
  CHECK(one.job.runs == 0);
}

CONFORMANCE("the features claim descriptors: waits for a pipe end when it is ready") {
  World world;
  NEEDS(descriptors);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  CHECK(desk.run(one.make(rondo::OperationKind::readable)) == 0);
  CHECK(desk.run(one.make(rondo::OperationKind::writable)) == 0);
  desk.check_single();
}

CONFORMANCE("the features claim jobs: one runs, and the executor is closed") {
  World world;
  NEEDS(jobs);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  CHECK(desk.run(one.make(rondo::OperationKind::job)) == 0);
  CHECK(one.job.runs == 1);
  CHECK(desk.run(one.make(rondo::OperationKind::close_executor)) == 0);
  desk.check_single();
}

CONFORMANCE("the features claim signals: a handler and Ctrl-C hear theirs until they are cancelled") {
  World world;
  NEEDS(signal_mask);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  REQUIRE(world.backend.features().hears(SIGURG));
  conformance::hear_once(desk, one.make(rondo::OperationKind::signal), [&] { world.raise(SIGURG); });
  REQUIRE(world.backend.features().hears(SIGINT));
  conformance::hear_once(desk, one.make(rondo::OperationKind::interrupt), [&] { world.raise(SIGINT); });
}

CONFORMANCE("the features claim sockets: a connection is made and used") {
  World world;
  NEEDS(sockets);
  conformance::Desk desk(world.backend);
  conformance::use_streams(desk, rondo::Address::loopback(0));
  desk.check_single();
}

CONFORMANCE("the features claim Unix sockets: a connection is made and used at a path") {
  World world;
  NEEDS(unix_sockets);
  conformance::Desk desk(world.backend);
  std::string name = "@rondo-features-" + std::to_string(::getpid());
  name[0] = '\0';  // without a file
  conformance::use_streams(desk, rondo::Address::unix_path(name));
  desk.check_single();
}

CONFORMANCE("the features claim datagrams: a socket sends one to itself") {
  World world;
  NEEDS(datagrams);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  rondo::Endpoint end;
  end.local = rondo::Address::loopback(0);
  const int socket = desk.run(conformance::Desk::with_endpoint(rondo::OperationKind::open_datagram, end));
  REQUIRE(socket >= 0);
  one.datagram.address = end.local;
  for (const auto kind : {rondo::OperationKind::send_to, rondo::OperationKind::recv_from}) {
    rondo::Output output = one.make(kind);
    output.handle = socket;
    CHECK(desk.run(output) == 8);
  }
  desk.close(socket);
  desk.check_single();
}

CONFORMANCE("the features claim names: that of this machine has an address") {
  World world;
  NEEDS(names);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  CHECK(desk.run(one.make(rondo::OperationKind::resolve)) == 0);
  CHECK_FALSE(one.lookup.addresses.empty());
  desk.check_single();
}

CONFORMANCE("the features claim adoption: one end of a socket pair becomes a handle, and is read from") {
  World world;
  NEEDS(adopts);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  const Ends pair(Ends::Kind::sockets);
  const int ours = ::dup(pair.first());
  rondo::Output output = conformance::Desk::with_endpoint(rondo::OperationKind::adopt, one.inet, ours);
  output.size = rondo::adopts_anything;
  REQUIRE(desk.run(output) == ours);
  CHECK(one.inet.medium == rondo::Medium::stream);
  write_one(pair.second());
  CHECK(desk.run(conformance::Desk::recv(ours, one.bytes)) == 1);
  desk.close(ours);
  desk.check_single();
}

CONFORMANCE("the features claim processes: a pipe is made and used; what is no child of ours has no end, and no signals") {
  World world;
  NEEDS(processes);
  conformance::OneOfEach one;
  conformance::Desk desk(world.backend);
  REQUIRE(desk.run(one.make(rondo::OperationKind::pipe)) == 0);
  CHECK(desk.run(conformance::Desk::send(one.ends.write, one.slice)) == 8);
  CHECK(desk.run(conformance::Desk::recv(one.ends.read, one.bytes)) > 0);
  desk.close(one.ends.write);
  desk.close(one.ends.read);
  CHECK(desk.run(conformance::Desk::of(rondo::OperationKind::child, ::getpid())) == -ECHILD);
  rondo::Output kill = conformance::Desk::of(rondo::OperationKind::kill, ::getpid());
  kill.size = SIGKILL;
  CHECK(desk.run(kill) == 0);
  desk.check_single();
}
