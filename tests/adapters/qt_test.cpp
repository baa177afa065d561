// SPDX-License-Identifier: BSL-1.0
// qt_test.cpp - what only Qt has: owners, bound tasks, and signals that are awaited.
#include <QCoreApplication>
#include <QThread>
#include <QTimer>

#include <rondo/adapters/qt.hpp>

#include "catch.hpp"
#include "ending.hpp"
#include "hosted_program.hpp"

using rondo::Coro;
namespace qt = rondo::adapters::qt;

namespace {

Coro<int> sleep_long() {
  co_await rondo::sleep(std::chrono::hours(1));
  co_return 1;
}

}  // namespace

TEST_CASE("main ends with the QObject that owns it") {
  HostedProgram program;
  auto owner = std::make_unique<QObject>();
  auto hosted = qt::run(sleep_long(), owner.get(), {.backend = &program.backend()});
  hosted.on_done([&](const rondo::Outcome<int>&) { program.host().quit(); });
  program.host().once(5ms, [&] { owner.reset(); });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "cancelled (the QObject that owns it was destroyed)");
}

TEST_CASE("an owner may go after main") {
  HostedProgram program;
  QObject owner;
  auto hosted = qt::run([]() -> Coro<int> { co_return 3; }(), &owner, {.backend = &program.backend()});
  hosted.on_done([&](const rondo::Outcome<int>&) { program.host().quit(); });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "3");
}

TEST_CASE("a task that is bound to a QObject is cancelled when that is destroyed, and not before") {
  HostedProgram program;
  auto object = std::make_unique<QObject>();
  auto& hosted = program.start([](QObject* o) -> Coro<int> {
    auto quick = rondo::create_task([]() -> Coro<int> { co_return 2; }());
    qt::bind(o, quick);
    const int first = co_await quick;
    auto task = rondo::create_task(sleep_long());
    qt::bind(o, task);
    const auto outcome = co_await rondo::as_outcome(std::move(task));
    CHECK(ending_of(outcome) == "cancelled (its QObject was destroyed)");
    co_return first;
  }(object.get()));
  program.host().once(10ms, [&] { object.reset(); });
  program.run();
  CHECK(ending_of(hosted.outcome()) == "2");
}

TEST_CASE("signal_of gives the arguments of a signal, none or some") {
  HostedProgram program;
  QObject object;
  auto& hosted = program.start([](QObject* o) -> Coro<int> {
    QTimer timer;
    timer.setSingleShot(true);
    timer.start(2);
    co_await qt::signal_of(&timer, &QTimer::timeout);  // whose last argument is private to Qt
    QTimer::singleShot(2, o, [o] { o->setObjectName("renamed"); });
    const QString name = co_await qt::signal_of(o, &QObject::objectNameChanged);
    CHECK(name == "renamed");
    co_return 7;
  }(&object));
  program.run();
  CHECK(ending_of(hosted.outcome()) == "7");
}

TEST_CASE("a cancelled signal_of leaves no connection") {
  HostedProgram program;
  class Watched : public QObject {
   public:
    int connections() const { return receivers(SIGNAL(objectNameChanged(QString))); }
  } object;
  auto& hosted = program.start([](Watched* o) -> Coro<int> {
    auto task = rondo::create_task([](QObject* w) -> Coro<int> {
      co_await qt::signal_of(w, &QObject::objectNameChanged);
      co_return 1;
    }(o));
    co_await rondo::sleep(1ms);
    CHECK(o->connections() == 1);
    task.cancel();
    const auto ended = co_await rondo::as_outcome(std::move(task));
    CHECK(ending_of(ended) == "cancelled");
    CHECK(o->connections() == 0);
    o->setObjectName("nobody hears");
    co_return 1;
  }(&object));
  program.run();
  CHECK(ending_of(hosted.outcome()) == "1");
}

TEST_CASE("signal_of throws when the sender is destroyed") {
  HostedProgram program;
  auto object = std::make_unique<QObject>();
  auto& hosted = program.start([](QObject* o) -> Coro<int> {
    const QString name = co_await qt::signal_of(o, &QObject::objectNameChanged);
    co_return name.isEmpty() ? 1 : 2;
  }(object.get()));
  program.host().once(5ms, [&] { object.reset(); });
  program.run();
  CHECK(ending_of(hosted.outcome()).find("the sender was destroyed") != std::string::npos);
}

TEST_CASE("signal_of waits for a sender of another thread, also for its end") {
  HostedProgram program;
  QThread thread;
  thread.start();
  auto* const object = new QObject;
  object->moveToThread(&thread);
  auto& hosted = program.start([](QObject* o) -> Coro<int> {
    auto renamed = rondo::create_task(qt::signal_of(o, &QObject::objectNameChanged));
    auto as_well = rondo::create_task(qt::signal_of(o, &QObject::objectNameChanged));
    co_await rondo::sleep(0s);  // both wait
    QMetaObject::invokeMethod(o, [o] { o->setObjectName("from there"); }, Qt::QueuedConnection);
    const QString name = co_await renamed;
    CHECK(name == "from there");
    const QString again = co_await as_well;
    CHECK(again == name);
    auto last = rondo::create_task(qt::signal_of(o, &QObject::objectNameChanged));
    co_await rondo::sleep(0s);
    o->deleteLater();
    const QString never = co_await last;
    co_return never.isEmpty() ? 1 : 2;
  }(object));
  program.run();
  CHECK(ending_of(hosted.outcome()).find("the sender was destroyed") != std::string::npos);
  thread.quit();
  thread.wait();
}

TEST_CASE("a program that only pumps processEvents() runs rondo, too") {
  HostedProgram program;
  auto& hosted = program.start([]() -> Coro<int> {
    co_await rondo::sleep(2ms);
    co_return 6;
  }());
  const auto late = HostedProgram::Clock::now() + 5s;
  while (!hosted.done() && HostedProgram::Clock::now() < late) {
    QCoreApplication::processEvents();
    QThread::msleep(1);
  }
  CHECK(hosted.done());
}

TEST_CASE("run() on a thread without an event dispatcher says what to do") {
  HostedProgram program;
  std::string said;
  std::thread([&] {
    try {
      auto backend = make_test_backend();
      static_cast<void>(qt::run(sleep_long(), nullptr, {.backend = backend.get()}));
    } catch (const rondo::RuntimeError& error) {
      said = error.what();
    }
  }).join();
  CHECK(said.find("make the QCoreApplication") != std::string::npos);
}
