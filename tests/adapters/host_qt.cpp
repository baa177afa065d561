// SPDX-License-Identifier: BSL-1.0
// host_qt.cpp - Qt under test, compiled for each Qt.
#include <QCoreApplication>
#include <QEventLoop>
#include <QTimer>

#include <rondo/adapters/qt.hpp>

#include "test_host.hpp"

namespace {

class QtLoop final : public TestHost {
 public:
  std::string_view name() const override { return "Qt"; }
  rondo::adapters::Hosted<int> start(rondo::Coro<int> main, rondo::adapters::HostedOptions options) override {
    return rondo::adapters::qt::run(std::move(main), nullptr, options);
  }
  void run() override { application_->exec(); }
  void quit() override { QCoreApplication::quit(); }
  void once(std::chrono::milliseconds delay, std::function<void()> function) override {
    QTimer::singleShot(static_cast<int>(delay.count()), Qt::PreciseTimer, application_.get(), std::move(function));
  }
  bool nest(std::chrono::milliseconds time) override {
    QEventLoop inner;
    QTimer::singleShot(static_cast<int>(time.count()), &inner, &QEventLoop::quit);
    inner.exec();
    return true;
  }
  void destroy() override { application_.reset(); }
  bool may_change_threads() const override { return false; }
  bool tells_of_its_end() const override { return true; }

 private:
  int argc_ = 1;
  char name_[9] = "qt-tests";
  char* argv_[2] = {name_, nullptr};
  std::unique_ptr<QCoreApplication> application_ = std::make_unique<QCoreApplication>(argc_, argv_);
};

}  // namespace

std::unique_ptr<TestHost> make_test_host() { return std::make_unique<QtLoop>(); }
