// SPDX-License-Identifier: BSL-1.0
// statements_lock.cpp - events, locks, semaphores and conditions.
#include "statement.hpp"

namespace conformance {
namespace {

using namespace rondo;

// --- events ----------------------------------------------------------------------------------------------------------

void do_event(Interpreter& it, const Json& s) { it.bind_primitive<Event>(it.name_of(s[1])); }

Event& event(Interpreter& it, const Json& s) { return std::get<Event>(it.primitive(s[1])); }

void do_event_set(Interpreter& it, const Json& s) { event(it, s).set(); }

void do_event_clear(Interpreter& it, const Json& s) { event(it, s).clear(); }

Coro<void> do_event_wait(Interpreter& it, const Json& s) {
  co_await event(it, s).wait();
  it.emit("event_wait " + it.name_of(s[1]));
}

// --- locks and semaphores --------------------------------------------------------------------------------------------

void do_lock(Interpreter& it, const Json& s) { it.bind_primitive<Lock>(it.name_of(s[1])); }

template <class S>
void do_semaphore(Interpreter& it, const Json& s) {
  it.bind_primitive<S>(it.name_of(s[1]), s[2].get<std::ptrdiff_t>());
}

Semaphore* semaphore_in(Primitive& primitive) {
  if (auto* bounded = std::get_if<BoundedSemaphore>(&primitive)) return bounded;
  return std::get_if<Semaphore>(&primitive);
}

/// Of a condition: its own.
Lock& lock_in(Primitive& primitive) {
  if (auto* condition = std::get_if<Condition>(&primitive)) return condition->lock();
  return std::get<Lock>(primitive);
}

Coro<void> do_acquire(Interpreter& it, const Json& s) {
  Primitive& primitive = it.primitive(s[1]);
  if (Semaphore* semaphore = semaphore_in(primitive)) {
    co_await semaphore->acquire();
  } else {
    co_await lock_in(primitive).acquire();
  }
  it.emit("acquired " + it.name_of(s[1]));
}

void do_release(Interpreter& it, const Json& s) {
  Primitive& primitive = it.primitive(s[1]);
  if (Semaphore* semaphore = semaphore_in(primitive)) {
    semaphore->release();
  } else {
    lock_in(primitive).release();
  }
}

// --- conditions ------------------------------------------------------------------------------------------------------

void do_cond(Interpreter& it, const Json& s) { it.bind_primitive<Condition>(it.name_of(s[1])); }

Condition& condition(Interpreter& it, const Json& s) { return std::get<Condition>(it.primitive(s[1])); }

Coro<void> do_cond_wait(Interpreter& it, const Json& s) {
  co_await condition(it, s).wait();
  it.emit("notified " + it.name_of(s[1]));
}

void do_notify(Interpreter& it, const Json& s) { condition(it, s).notify(s[2].get<std::size_t>()); }

void do_notify_all(Interpreter& it, const Json& s) { condition(it, s).notify_all(); }

}  // namespace

Statements lock_statements() {
  return {
      {"event", do_event},
      {"event_set", do_event_set, 1},
      {"event_clear", do_event_clear, 1},
      {"event_wait", do_event_wait, 1},
      {"lock", do_lock},
      {"sem", do_semaphore<Semaphore>},
      {"bsem", do_semaphore<BoundedSemaphore>},
      {"acquire", do_acquire, 1},
      {"release", do_release, 1},
      {"cond", do_cond},
      {"cond_wait", do_cond_wait, 1},
      {"notify", do_notify, 1},
      {"notify_all", do_notify_all, 1},
  };
}

}  // namespace conformance
