// SPDX-License-Identifier: BSL-1.0
// pipe_test.cpp - pipes of the program's own: bytes, ends, and readers that are gone.
#include <rondo/pipe.hpp>

#include <csignal>

#include "backends/support.hpp"
#include "process_run.hpp"

using namespace processes;

namespace {

Coro<> write_in_pieces(const StreamWriter* writer, const std::string* text) {
  for (std::size_t at = 0; at < text->size(); at += 50'000) {
    writer->write(std::string_view(*text).substr(at, 50'000));
    co_await writer->drain();
  }
  writer->write_eof();
}

/// Writes until drain() says why not.
Coro<> write_for_ever(const StreamWriter* writer) {
  const std::string block(100'000, 'x');
  for (;;) {
    writer->write(block);
    co_await writer->drain();
  }
}

/// What becomes of bytes for a reader that is gone.
Coro<std::string> write_to_nobody() {
  Pipe pipe = co_await open_pipe();
  pipe.reader = StreamReader();
  co_return co_await ending(write_for_ever(&pipe.writer));
}

/// SIGPIPE is blocked in this thread; afterwards as before, and none is pending.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    take();
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;
  /// True if one was pending.
  bool take() {
    const timespec at_once{};
    return ::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE;
  }

 private:
  sigset_t pipe_;
  sigset_t before_;
};

volatile std::sig_atomic_t sigpipes = 0;
void count_sigpipe(int) { sigpipes = sigpipes + 1; }

/// Counts the SIGPIPEs that reach this process.
class SigpipeCounted {
 public:
  SigpipeCounted() {
    sigpipes = 0;
    struct sigaction action {};
    action.sa_handler = &count_sigpipe;
    ::sigaction(SIGPIPE, &action, &before_);
  }
  ~SigpipeCounted() { ::sigaction(SIGPIPE, &before_, nullptr); }
  SigpipeCounted(const SigpipeCounted&) = delete;
  SigpipeCounted& operator=(const SigpipeCounted&) = delete;

 private:
  struct sigaction before_ {};
};

bool is_blocked(int signal) {
  sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

}  // namespace

// --- bytes -----------------------------------------------------------------------------------------------------------

TEST_CASE("what is written to one end of a pipe is read at the other") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    pipe.writer.write("one ");
    pipe.writer.write("two\nthree");
    std::string text = co_await pipe.reader.readline();
    text += co_await pipe.reader.readexactly(5);
    co_return text;
  };
  CHECK(here(body()) == "one two\nthree");
}

TEST_CASE("write_eof ends a pipe after all that was written, and closes the writer") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    pipe.writer.write("last words");
    pipe.writer.write_eof();
    std::string text = co_await pipe.reader.read();
    co_await pipe.writer.wait_closed();
    if (pipe.reader.at_eof()) text += ", end";
    if (pipe.writer.is_closing()) text += ", closed";
    co_return text;
  };
  CHECK(here(body()) == "last words, end, closed");
}

TEST_CASE("a writer of a pipe that goes sends what was written, then the end") {
  const auto body = []() -> Coro<std::string> {
    auto [reader, writer] = co_await open_pipe();
    writer.write("kept");
    writer = StreamWriter();
    co_return co_await reader.read();
  };
  CHECK(here(body()) == "kept");
}

TEST_CASE("a pipe carries several megabytes to a slow reader, while drain holds the writer back") {
  const auto body = [](std::size_t* most) -> Coro<bool> {
    const Pipe pipe = co_await open_pipe();
    const std::string text = pattern(5'000'000);
    const auto writing = create_task(write_in_pieces(&pipe.writer, &text));
    std::string got;
    for (int i = 0;; ++i) {
      const std::string part = co_await pipe.reader.read(70'000);
      if (part.empty()) break;
      got += part;
      *most = std::max(*most, pipe.writer.unsent());
      if (i % 20 == 0) co_await sleep(100us);
    }
    co_await writing;
    co_return got == text;
  };
  std::size_t most = 0;
  CHECK(here(body(&most)));
  CHECK(most <= 64 * 1024 + 50'000);
}

TEST_CASE("read_into reads a pipe straight into memory, and 0 is its end") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    std::string buffer(10, '.');
    const auto writing = create_task(network::write_later(&pipe.writer, 2ms, "hello"));
    const std::size_t size = co_await pipe.reader.read_into(std::as_writable_bytes(std::span(buffer)));
    pipe.writer.close();
    const std::size_t end = co_await pipe.reader.read_into(std::as_writable_bytes(std::span(buffer)));
    co_await writing;
    co_return buffer.substr(0, size) + " " + std::to_string(end);
  };
  CHECK(here(body()) == "hello 0");
}

TEST_CASE("a cancelled or timed-out read of a pipe takes nothing") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    std::string story = co_await ending(wait_for(pipe.reader.read(100), 2ms));
    const auto task = create_task(pipe.reader.readexactly(6));
    pipe.writer.write("abc");
    co_await a_moment();
    task.cancel();
    story += ", " + co_await ending(task);
    pipe.writer.write("def");
    pipe.writer.close();
    story += ", " + co_await pipe.reader.read();
    co_return story;
  };
  CHECK(here(body()) == "TimeoutError, cancelled, abcdef");
}

TEST_CASE("a cancelled read_into of a pipe takes nothing, and its memory is the caller's again") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    std::string story;
    {
      std::string buffer(100, '.');
      const auto task = create_task(pipe.reader.read_into(std::as_writable_bytes(std::span(buffer))));
      co_await a_moment();
      task.cancel();
      story = co_await ending(task);
    }
    pipe.writer.write("still there");
    pipe.writer.close();
    story += ", " + co_await pipe.reader.read();
    co_return story;
  };
  CHECK(here(body()) == "cancelled, still there");
}

TEST_CASE("a cancelled drain of a full pipe leaves the bytes where they are") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    const std::string text = pattern(1'000'000);
    pipe.writer.write(text);
    std::string story = co_await ending(wait_for(pipe.writer.drain(), 2ms));
    pipe.writer.close();
    const std::string got = co_await pipe.reader.read();
    co_return story + (got == text ? ", all there" : ", lost");
  };
  CHECK(here(body()) == "TimeoutError, all there");
}

TEST_CASE("the end of a pipe wakes whoever reads it") {
  const auto body = []() -> Coro<std::string> {
    const Pipe pipe = co_await open_pipe();
    const auto closing = create_task(network::close_later(&pipe.writer, 2ms));
    std::string text = co_await pipe.reader.read(10);
    co_await closing;
    co_return "[" + text + "]";
  };
  CHECK(here(body()) == "[]");
}

TEST_CASE("pipes that nobody has used, and whose ends go in any order, leave nothing open") {
  const auto body = []() -> Coro<> {
    { const Pipe unused = co_await open_pipe(); }
    Pipe reader_first = co_await open_pipe();
    reader_first.reader = StreamReader();
    reader_first.writer = StreamWriter();
    Pipe writer_first = co_await open_pipe();
    writer_first.writer = StreamWriter();
    writer_first.reader = StreamReader();
    const Pipe left_to_the_loop = co_await open_pipe();
    left_to_the_loop.writer.write(std::string(1'000'000, 'x'));
  };
  here(body());
}

TEST_CASE("a pipe that cannot be made says so: too many files are open") {
  Failing seam(SystemCall::pipe, EMFILE);
  const auto body = []() -> Coro<std::string> {
    std::string story = co_await ending(open_pipe());
    const Pipe pipe = co_await open_pipe();
    pipe.writer.write("works");
    pipe.writer.close();
    story += ", " + co_await pipe.reader.read();
    co_return story;
  };
  CHECK(here(body(), &seam) == system_error_text(EMFILE) + ", works");
}

TEST_CASE("two hundred pipes may be open at once") {
  const auto body = []() -> Coro<int> {
    std::vector<Pipe> pipes;
    for (int i = 0; i < 200; ++i) {
      Pipe pipe = co_await open_pipe();
      pipe.writer.write(std::to_string(i));
      pipe.writer.close();
      pipes.push_back(std::move(pipe));
    }
    int right = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string text = co_await pipes[static_cast<std::size_t>(i)].reader.read();
      right += text == std::to_string(i) ? 1 : 0;
    }
    co_return right;
  };
  CHECK(here(body()) == 200);
}

// --- a reader that is gone -------------------------------------------------------------------------------------------

TEST_CASE("a pipe whose reader is gone gives broken_pipe at drain, and no SIGPIPE") {
  const SigpipeCounted counted;
  CHECK(here(write_to_nobody()) == system_error_text(EPIPE));
  CHECK(sigpipes == 0);
  CHECK_FALSE(is_blocked(SIGPIPE));
}

TEST_CASE("a pipe whose reader is gone does no harm where SIGPIPE would end the program") {
  const DefaultAction ordinary(SIGPIPE);
  CHECK(here(write_to_nobody()) == system_error_text(EPIPE));
}

TEST_CASE("a broken pipe leaves no SIGPIPE pending where it is blocked") {
  SigpipeBlocked blocked;
  CHECK(here(write_to_nobody()) == system_error_text(EPIPE));
  CHECK_FALSE(blocked.take());
  CHECK(is_blocked(SIGPIPE));
}

TEST_CASE("a SIGPIPE of the program's own that is pending stays so when a pipe breaks") {
  SigpipeBlocked blocked;
  ::raise(SIGPIPE);
  CHECK(here(write_to_nobody()) == system_error_text(EPIPE));
  CHECK(blocked.take());
}

TEST_CASE("a writer that waits for room learns that the reader goes") {
  const auto body = []() -> Coro<std::string> {
    Pipe pipe = co_await open_pipe();
    const auto task = create_task(write_for_ever(&pipe.writer));
    co_await a_moment();
    const bool waits = !task.done();
    pipe.reader = StreamReader();
    const std::string how = co_await ending(task);
    co_return (waits ? "waits, " : "") + how;
  };
  CHECK(here(body()) == "waits, " + system_error_text(EPIPE));
}
