// SPDX-License-Identifier: BSL-1.0
// qt.hpp - rondo inside Qt's event loop, Qt 6 or Qt 5: run(), bind() and signal_of().
//
//     auto hosted = rondo::adapters::qt::run(async_main());
//     hosted.on_done([](auto&) { QCoreApplication::quit(); });
//     return application.exec();
//
// Nothing here needs moc. Link with the library of your Qt: rondo-adapters-qt6 or rondo-adapters-qt5.
#pragma once

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include <QMetaObject>
#include <QObject>

#include <rondo/adapters/hosted.hpp>

namespace rondo::adapters::qt {

/// A QSocketNotifier, and a look before each sleep (QAbstractEventDispatcher::aboutToBlock).
/// main is cancelled when `owner`, which may be null, is destroyed.
std::unique_ptr<Host> attach(HostedCore& core, QObject* owner);

/// A connection that ends with its scope.
class Connection {
 public:
  Connection() = default;
  explicit Connection(QMetaObject::Connection connection) : connection_(std::move(connection)) {}
  Connection(Connection&& other) noexcept : connection_(std::exchange(other.connection_, {})) {}
  Connection& operator=(Connection&& other) noexcept {
    std::swap(connection_, other.connection_);
    return *this;
  }
  ~Connection() { QObject::disconnect(connection_); }

 private:
  QMetaObject::Connection connection_;
};

/// Cancels `task` when `object` is destroyed: for tasks that use it. `task` is a Task or any Future; both belong to the
/// thread of the host. Costs a connection until the task is done.
template <class T>
void bind(QObject* object, const Future<T>& task) {
  if (task.done()) return;
  auto connection = std::make_shared<Connection>(
      QObject::connect(object, &QObject::destroyed, object, [task] { task.cancel("its QObject was destroyed"); }));
  task.add_done_callback([connection] { *connection = Connection(); });
}

/// Runs `main` in the event loop of the calling thread, which must have an event dispatcher (a QCoreApplication, or a
/// QThread that runs). If `owner` is given, main is cancelled when that is destroyed. The host is noticed to be gone
/// when its event dispatcher is destroyed, with the application or the thread.
template <class T>
Hosted<T> run(Coro<T> main, QObject* owner = nullptr, HostedOptions options = {}, Place place = Place::here()) {
  return Hosted<T>::start(std::move(main), "Qt", options, true, place,
                          [&](HostedCore& core) { return attach(core, owner); });
}

/// How many arguments of a signal are values: Qt's own signals may end with an empty type that is private to the class.
template <class... Args>
inline constexpr std::size_t signal_arity =
    sizeof...(Args) - (std::is_empty_v<std::tuple_element_t<sizeof...(Args), std::tuple<void*, Args...>>> ? 1 : 0);

/// What an await of a signal with such arguments gives: nothing, the value, or a tuple.
template <class... Values>
struct SignalValue {
  using type = std::tuple<Values...>;
};
template <class Value>
struct SignalValue<Value> {
  using type = Value;
};
template <>
struct SignalValue<> {
  using type = void;
};

/// Lives on the thread of who waits, and ends the connections with him. What another thread may destroy with the sender
/// holds nothing but its address.
template <class Value>
class SignalReceiver : public QObject {
 public:
  const Future<Value> came = this_loop().create_future<Value>();
  void fail() const {
    if (!came.done()) came.set_exception(RuntimeError("signal_of: the sender was destroyed"));
  }
};

/// A connection of one signal.
template <class Signal, class Indices>
struct SignalWait;
template <class Class, class... Args, std::size_t... at>
struct SignalWait<void (Class::*)(Args...), std::index_sequence<at...>> {
  template <std::size_t i>
  using Argument = std::decay_t<std::tuple_element_t<i, std::tuple<Args...>>>;
  using Value = typename SignalValue<Argument<at>...>::type;

  template <class Sender>
  static void connect(Sender* sender, void (Class::*signal)(Args...), SignalReceiver<Value>& receiver) {
    QObject::connect(sender, signal, &receiver, [to = &receiver](const Argument<at>&... values) {
      if (to->came.done()) return;
      if constexpr (sizeof...(at) == 0) {
        to->came.set_result();
      } else {
        to->came.set_result(Value(values...));
      }
    });
    QObject::connect(sender, &QObject::destroyed, &receiver, [to = &receiver] { to->fail(); });
  }
};

/// Waits for the next `signal` of `sender`, and gives copies of its arguments. Signals before the await and after the
/// first are not seen. RuntimeError if the sender is destroyed meanwhile. A cancellation disconnects. The sender may
/// live in another thread: its arguments come through Qt's queue then, and their types must be known to that.
template <class Sender, class Class, class... Args>
auto signal_of(Sender* sender, void (Class::*signal)(Args...))
    -> Coro<typename SignalWait<void (Class::*)(Args...), std::make_index_sequence<signal_arity<Args...>>>::Value> {
  using Wait = SignalWait<void (Class::*)(Args...), std::make_index_sequence<signal_arity<Args...>>>;
  SignalReceiver<typename Wait::Value> receiver;
  Wait::connect(sender, signal, receiver);
  co_return co_await receiver.came;
}

}  // namespace rondo::adapters::qt
