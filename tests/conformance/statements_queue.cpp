// SPDX-License-Identifier: BSL-1.0
// statements_queue.cpp - the three kinds of queues.
#include <stdexcept>

#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

void do_queue(Interpreter& it, const Json& s) {
  const std::string name = it.name_of(s[1]);
  const auto size = s[2].get<std::ptrdiff_t>();
  const std::string kind = it.name_of(s[3]);
  if (kind == "fifo") {
    it.bind_primitive<Queue<QueueItem>>(name, size);
  } else if (kind == "lifo") {
    it.bind_primitive<LifoQueue<QueueItem>>(name, size);
  } else if (kind == "priority") {
    it.bind_primitive<PriorityQueue<QueueItem>>(name, size);
  } else {
    throw std::invalid_argument("unknown kind of queue in " + s.dump());
  }
}

/// What all of them can do.
QueueCore& queue_core(Interpreter& it, const Json& s) {
  Primitive& primitive = it.primitive(s[1]);
  if (auto* fifo = std::get_if<Queue<QueueItem>>(&primitive)) return *fifo;
  if (auto* lifo = std::get_if<LifoQueue<QueueItem>>(&primitive)) return *lifo;
  return std::get<PriorityQueue<QueueItem>>(primitive);
}

/// Calls `use` with the queue itself.
template <class Use>
auto with_queue(Interpreter& it, const Json& s, Use use) {
  Primitive& primitive = it.primitive(s[1]);
  if (auto* fifo = std::get_if<Queue<QueueItem>>(&primitive)) return use(*fifo);
  if (auto* lifo = std::get_if<LifoQueue<QueueItem>>(&primitive)) return use(*lifo);
  return use(std::get<PriorityQueue<QueueItem>>(primitive));
}

// --- putting and getting ---------------------------------------------------------------------------------------------

template <class Q>
Coro<void> put(Q& queue, QueueItem item) {
  co_await queue.put(item);
}

template <class Q>
Coro<QueueItem> get(Q& queue) {
  co_return co_await queue.get();
}

Coro<void> do_put(Interpreter& it, const Json& s) {
  const auto item = s[2].get<QueueItem>();
  co_await with_queue(it, s, [item](auto& queue) { return put(queue, item); });
  it.emit("put " + it.name_of(s[1]));
}

void do_put_nowait(Interpreter& it, const Json& s) {
  with_queue(it, s, [&](auto& queue) { queue.put_nowait(s[2].get<QueueItem>()); });
}

void emit_got(Interpreter& it, const Json& s, QueueItem item) {
  it.emit("got " + it.name_of(s[1]) + " " + std::to_string(item));
}

Coro<void> do_get(Interpreter& it, const Json& s) {
  const QueueItem item = co_await with_queue(it, s, [](auto& queue) { return get(queue); });
  emit_got(it, s, item);
}

void do_get_nowait(Interpreter& it, const Json& s) {
  emit_got(it, s, with_queue(it, s, [](auto& queue) { return queue.get_nowait(); }));
}

// --- the end of the work ---------------------------------------------------------------------------------------------

void do_task_done(Interpreter& it, const Json& s) { queue_core(it, s).task_done(); }

Coro<void> do_join(Interpreter& it, const Json& s) {
  co_await queue_core(it, s).join();
  it.emit("joined " + it.name_of(s[1]));
}

void do_shutdown(Interpreter& it, const Json& s) { queue_core(it, s).shutdown(s[2].get<bool>()); }

}  // namespace

Statements queue_statements() {
  return {
      {"queue", do_queue},
      {"put", do_put, 1},
      {"put_nowait", do_put_nowait, 1},
      {"get", do_get, 1},
      {"get_nowait", do_get_nowait, 1},
      {"task_done", do_task_done, 1},
      {"join", do_join, 1},
      {"shutdown", do_shutdown, 1},
  };
}

}  // namespace conformance
