// SPDX-License-Identifier: BSL-1.0
// progress_test.cpp - progress on terminals and pipes, and where it is silent.
#include <rondo/progress.hpp>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include <rondo/backends/sim.hpp>

#include "catch.hpp"
#include "support.hpp"

using namespace rondo;
using namespace std::chrono_literals;

namespace {

/// Sets a variable of the environment, for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name), was_(::getenv(name) ? ::getenv(name) : "\1") {
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { was_ == "\1" ? ::unsetenv(name_) : ::setenv(name_, was_.c_str(), 1); }

 private:
  const char* name_;
  std::string was_;
};

/// Not silenced by the environment of the tests.
struct HeardPipe : Ends {
  const Variable heard{"RONDO_PROGRESS", nullptr};
};

/// A new terminal of 40 columns; `screen` is the end at which somebody looks.
struct Terminal {
  Terminal() : screen(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    if (screen < 0 || ::grantpt(screen) != 0 || ::unlockpt(screen) != 0) throw std::runtime_error("no terminal");
    descriptor = ::open(::ptsname(screen), O_RDWR | O_NOCTTY | O_CLOEXEC);
    resize(40);
  }
  ~Terminal() {
    ::close(descriptor);
    ::close(screen);
  }
  void resize(unsigned short columns) const {
    const winsize window{25, columns, 0, 0};
    ::ioctl(descriptor, TIOCSWINSZ, &window);
  }
  const Variable heard{"RONDO_PROGRESS", nullptr};
  int screen;
  int descriptor = -1;
};

/// All that has been written to the other end: what a terminal was given comes a moment later.
std::string read_all(int descriptor) {
  std::string text;
  for (pollfd ready{descriptor, POLLIN, 0}; ::poll(&ready, 1, 100) == 1 && (ready.revents & POLLIN) != 0;) {
    text += read_some(descriptor);
  }
  return text;
}

/// With the time it took made "in T", and the rate away: a test cannot know them.
std::string without_time(std::string text) {
  if (const auto at = text.find("/s "); at != text.npos) text.erase(text.rfind(' ', at), at + 2 - text.rfind(' ', at));
  if (const auto at = text.find(" in "); at != text.npos) text.replace(at + 4, 4, "T");
  return text;
}

}  // namespace

TEST_CASE("progress counts, also past its total, and a failure is a unit that is done") {
  Progress progress(3, {.output = ProgressOutput::silent});
  progress.advance();
  progress.fail(2);
  progress.advance(4);
  CHECK(progress.total() == 3);
  CHECK(progress.done() == 7);
  CHECK(progress.failed() == 2);
  progress.advance(UINT64_MAX);
  CHECK(progress.done() == UINT64_MAX);
}

TEST_CASE("a pipe gets one plain line at the end of a short job, and none after it") {
  const HeardPipe pipe;
  Progress progress(2000, {.title = "rows", .descriptor = pipe.second()});
  for (int i = 0; i < 1000; ++i) progress.advance();
  CHECK(read_all(pipe.first()) == "");
  progress.fail();
  progress.finish();
  CHECK(without_time(read_all(pipe.first())) == "rows 1001/2000 50% in T 1 failed\n");
  progress.advance();
  progress.finish();
  CHECK(read_all(pipe.first()) == "");
}

TEST_CASE("the destructor of progress writes the last line") {
  const HeardPipe pipe;
  { const Progress progress(0, {.title = "rows", .descriptor = pipe.second()}); }
  CHECK(without_time(read_all(pipe.first())) == "rows 0 in T\n");
}

TEST_CASE("a terminal has one line that is drawn again, not often, and ends") {
  const Variable term("TERM", "xterm");
  const Terminal terminal;
  Progress progress(1000, {.title = "rows", .descriptor = terminal.descriptor});
  CHECK(read_all(terminal.screen) == "\rrows [----------------------] 0/1000 0%\x1b[K");
  std::this_thread::sleep_for(100ms);
  terminal.resize(14);
  const auto before = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) progress.advance();
  const auto intervals = (std::chrono::steady_clock::now() - before) / 100ms;
  const std::string drawn = read_all(terminal.screen);
  CHECK(drawn.starts_with("\r1/1000 0%\x1b[K"));
  CHECK(std::count(drawn.begin(), drawn.end(), '\r') <= 1 + intervals);
  terminal.resize(0);  // unknown: 80
  progress.advance(900);
  progress.finish();
  const std::string last = read_all(terminal.screen);
  CHECK(last.starts_with("\rrows [############################] 1000/1000 100% "));
  CHECK(last.ends_with("\x1b[K\r\n"));
  CHECK(std::count(last.begin(), last.end(), '\r') <= 3);
}

TEST_CASE("a dumb terminal, and a program that wants it, get plain lines") {
  const bool dumb = GENERATE(true, false);
  const Variable term("TERM", dumb ? "dumb" : "xterm");
  const Terminal terminal;
  {
    const auto output = dumb ? ProgressOutput::automatic : ProgressOutput::lines;
    Progress progress(2, {.descriptor = terminal.descriptor, .output = output});
    progress.advance(2);
  }
  CHECK(without_time(read_all(terminal.screen)) == "2/2 100% in T\r\n");
}

TEST_CASE("progress is silent if it is told so") {
  const HeardPipe pipe;
  SECTION("by an option") { Progress(2, {.descriptor = pipe.second(), .output = ProgressOutput::silent}).advance(); }
  SECTION("by the environment") {
    const Variable silent("RONDO_PROGRESS", "silent");
    Progress(2, {.descriptor = pipe.second()}).advance();
  }
  CHECK(read_all(pipe.first()) == "");
}

TEST_CASE("progress is silent in a simulated world, and not in a real one") {
  const HeardPipe pipe;
  const auto main = [](int descriptor) -> Coro<std::uint64_t> {
    Progress progress(2, {.descriptor = descriptor});
    co_await sleep(1ms);
    progress.advance();
    co_return progress.done();
  };
  CHECK(sim::run(main(pipe.second())) == 1);
  CHECK(read_all(pipe.first()) == "");
  CHECK(rondo::run(main(pipe.second())) == 1);
  CHECK(without_time(read_all(pipe.first())) == "1/2 50% in T\n");
}

TEST_CASE("progress that nobody reads, or can write, holds nothing up") {
  const auto before = std::chrono::steady_clock::now();
  SECTION("a full pipe") {
    const HeardPipe pipe;
    const std::string page(4096, 'x');
    while (::write(pipe.second(), page.data(), page.size()) > 0) continue;
    ::fcntl(pipe.second(), F_SETFL, 0);  // so that a write would block
    Progress(2, {.descriptor = pipe.second()}).advance();
  }
  SECTION("a pipe without a reader") {
    HeardPipe pipe;
    pipe.close_first();
    Progress(2, {.descriptor = pipe.second()}).advance();
  }
  SECTION("a terminal that was stopped with Ctrl-S") {
    const Variable term("TERM", "xterm");
    const Terminal terminal;
    CHECK(::tcflow(terminal.descriptor, TCOOFF) == 0);
    Progress(2, {.descriptor = terminal.descriptor}).advance();
    CHECK(::tcflow(terminal.descriptor, TCOON) == 0);
    CHECK(read_all(terminal.screen) == "");
  }
  SECTION("no descriptor") { Progress(2, {.descriptor = -1}).advance(); }
  CHECK(std::chrono::steady_clock::now() - before < 5s);
}
