// SPDX-License-Identifier: BSL-1.0
// 24_own_backend.cpp - a backend of one's own: poll_backend.hpp has a whole one, on poll(2), and this runs on it.
//
// Expected output:
//   the backend is poll: descriptors yes, sockets no, jobs no
//   reader waits for the pipe
//   sleeper has slept for 50 ms, and writes
//   reader reads "from the pipe"
//   main waits for a thread
//   a thread has posted 42
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iostream>
#include <string>
#include <system_error>
#include <thread>

#include <rondo/rondo.hpp>

#include "poll_backend.hpp"

using namespace std::chrono_literals;

struct Pipe {
  Pipe() {
    if (::pipe(ends) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int ends[2];  // read from the first, write to the second
};

rondo::Coro<> read_text(const Pipe& pipe) {
  std::cout << "reader waits for the pipe\n";
  co_await rondo::readable(pipe.ends[0]);
  char bytes[64];
  const auto size = ::read(pipe.ends[0], bytes, sizeof bytes);  // does not block: there is something to read
  std::cout << "reader reads \"" << std::string(bytes, size > 0 ? static_cast<std::size_t>(size) : 0) << "\"\n";
}

rondo::Coro<> write_later(const Pipe& pipe) {
  co_await rondo::sleep(50ms);
  std::cout << "sleeper has slept for 50 ms, and writes\n";
  co_await rondo::writable(pipe.ends[1]);
  const std::string text = "from the pipe";
  if (::write(pipe.ends[1], text.data(), text.size()) < 0) std::cout << "nobody reads\n";
}

rondo::Coro<int> ask_a_thread() {
  rondo::Loop& loop = rondo::this_loop();
  const rondo::OutsideSource source = loop.open_source();  // somebody will post: waiting for it is no deadlock
  const auto answer = loop.create_future<int>();
  const std::jthread thread([&loop, &answer] {  // the thread only posts; what it posts runs in the loop
    std::this_thread::sleep_for(10ms);
    loop.call_soon_threadsafe([&answer] { answer.set_result(42); });
  });
  co_return co_await answer;
}

rondo::Coro<> async_main() {
  const Pipe pipe;
  co_await rondo::gather(read_text(pipe), write_later(pipe));
  std::cout << "main waits for a thread\n";
  const int answer = co_await ask_a_thread();
  std::cout << "a thread has posted " << answer << "\n";
}

int main() {
  PollBackend backend;
  const rondo::Features features = backend.features();
  const auto word = [](bool has) { return has ? "yes" : "no"; };
  std::cout << "the backend is " << backend.name() << ": descriptors " << word(features.descriptors) << ", sockets "
            << word(features.sockets) << ", jobs " << word(features.jobs) << "\n";
  rondo::run(backend, async_main());
}
