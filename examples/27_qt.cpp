// SPDX-License-Identifier: BSL-1.0
// 27_qt.cpp - inside Qt: a task moves a progress bar, a click ends it, and a window that goes takes its task along.
//
// 27_qt FILE.png shows the window half way, without a screen: QT_QPA_PLATFORM=offscreen.
//
// Expected output:
//   rondo: the button was clicked, and the bar has moved
//   rondo: the bar is gone, and its task cancelled
//   host: rondo gives 42
#include <QApplication>
#include <QProgressBar>
#include <QPushButton>
#include <QTimer>
#include <QVBoxLayout>
#include <chrono>
#include <iostream>

#include <rondo/adapters/qt.hpp>
#include <rondo/rondo.hpp>

using namespace std::chrono_literals;
namespace qt = rondo::adapters::qt;

rondo::Coro<void> move(QProgressBar* bar, QWidget* window, QString picture) {
  for (int percent = 0;; percent = (percent + 5) % 105) {
    bar->setValue(percent);
    if (percent == 55 && !picture.isEmpty()) window->grab().save(picture);
    co_await rondo::sleep(5ms);
  }
}

rondo::Coro<int> async_main(QWidget* window, QProgressBar* bar, QPushButton* stop, QString picture) {
  auto moving = rondo::create_task(move(bar, window, picture));
  qt::bind(bar, moving);
  co_await qt::signal_of(stop, &QPushButton::clicked);
  std::cout << "rondo: the button was clicked, and the bar has " << (bar->value() > 0 ? "moved" : "not moved") << "\n";
  delete bar;
  const auto outcome = co_await rondo::as_outcome(std::move(moving));
  std::cout << "rondo: the bar is gone, and its task " << (outcome.cancelled() ? "cancelled" : "runs") << "\n";
  co_return 42;
}

int main(int argc, char** argv) {
  QApplication application(argc, argv);
  QWidget window;
  auto* const bar = new QProgressBar;
  auto* const stop = new QPushButton("Stop");
  auto* const layout = new QVBoxLayout(&window);  // which owns them
  layout->addWidget(bar);
  layout->addWidget(stop);
  window.resize(320, 90);
  window.show();
  const auto hosted = qt::run(async_main(&window, bar, stop, argc > 1 ? argv[1] : QString()), &window);
  hosted.on_done([](const rondo::Outcome<int>& outcome) {
    std::cout << "host: rondo gives " << outcome.value() << "\n";
    QApplication::quit();
  });
  QTimer::singleShot(150, stop, &QPushButton::click);
  return QApplication::exec();
}
