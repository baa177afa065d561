// SPDX-License-Identifier: BSL-1.0
// stream_world.hpp - one stream, whose other end the test plays.
#pragma once

#include <string>
#include <utility>

#include "net_world.hpp"

/// A connection with handle 9 to 10.0.0.1:80.
struct StreamWorld : NetWorld {
  explicit StreamWorld(rondo::StreamLimits limits = {}) {
    const rondo::Loop::Scope scope(loop);
    const rondo::Address peer = rondo::Address::parse("10.0.0.1", 80);
    stream = rondo::StreamCore::make(rondo::Socket(9), {rondo::Address(), peer, {}}, limits);
    reader = rondo::StreamReader(stream);
    writer = rondo::StreamWriter(stream);
  }
  ~StreamWorld() { loop.drop_tasks_silently(); }
  template <rondo::Awaitable A>
  rondo::Task<std::string> start(A awaitable) {
    return loop.create_task(told(std::move(awaitable)));
  }
  /// The rest of a task, in words; "waits" if it does.
  std::string now_of(const rondo::Task<std::string>& task) {
    step();
    return task.done() ? task.result() : "waits";
  }
  /// What was written and the end have been sent; the peer is still there.
  void close_and_linger() {
    writer.write("bye");
    step();
    depart();
    writer.close();
    step();
    end(rondo::OperationKind::shutdown, 0);
  }
  rondo::Ref<rondo::StreamCore> stream;
  rondo::StreamReader reader;
  rondo::StreamWriter writer;
};
