// SPDX-License-Identifier: BSL-1.0
// qt.cpp - compiled for each Qt. The notifier is a child of the event dispatcher, so it is freed with it at the latest.
#include <rondo/adapters/qt.hpp>

#include <QAbstractEventDispatcher>
#include <QEvent>
#include <QSocketNotifier>

namespace rondo::adapters::qt {
namespace {

/// activated() is overloaded in another way in each Qt; what brings it is the same event in all.
class Notifier final : public QSocketNotifier {
 public:
  Notifier(HostedCore& core, QObject* parent)
      : QSocketNotifier(core.backend().descriptor(), QSocketNotifier::Read, parent), core_(&core) {}
  void leave() {
    core_ = nullptr;
    setEnabled(false);
    deleteLater();  // this may be one of its events
  }

 protected:
  bool event(QEvent* event) override {
    if (event->type() != QEvent::SockAct) return QSocketNotifier::event(event);
    if (core_) core_->turn();
    return true;
  }

 private:
  HostedCore* core_;
};

class QtHost final : public Host {
 public:
  QtHost(HostedCore& core, QAbstractEventDispatcher* dispatcher, QObject* owner)
      : core_(&core), notifier_(new Notifier(core, dispatcher)) {
    QObject::connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, &receiver_, [this] { arm(); });
    QObject::connect(dispatcher, &QObject::destroyed, &receiver_, [&core] { core.host_gone(); });
    if (!owner) return;
    QObject::connect(owner, &QObject::destroyed, &receiver_,
                     [&core] { core.cancel(Message("the QObject that owns it was destroyed")); });
  }
  ~QtHost() override {
    if (notifier_) notifier_->leave();
  }
  void watch(bool on) noexcept override {
    if (notifier_) notifier_->setEnabled(on);
  }
  /// A program that only pumps processEvents() never blocks, and is never asked.
  void wake() noexcept override { arm(); }
  /// The dispatcher frees it.
  void forsake() noexcept override { notifier_ = nullptr; }

 private:
  void arm() {
    if (core_->arm()) return;
    QMetaObject::invokeMethod(&receiver_, [core = core_] { core->turn(); }, Qt::QueuedConnection);
  }
  HostedCore* core_;
  Notifier* notifier_;
  QObject receiver_;  // ends the connections
};

}  // namespace

std::unique_ptr<Host> attach(HostedCore& core, QObject* owner) {
  QAbstractEventDispatcher* const dispatcher = QAbstractEventDispatcher::instance();
  if (!dispatcher) {
    throw RuntimeError("Qt: this thread has no event dispatcher; make the QCoreApplication, or start the QThread, first");
  }
  return std::make_unique<QtHost>(core, dispatcher, owner);
}

}  // namespace rondo::adapters::qt
