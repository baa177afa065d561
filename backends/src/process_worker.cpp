// SPDX-License-Identifier: BSL-1.0
// process_worker.cpp - a worker: reads calls from descriptor 3, and answers them.
//
// PR_SET_PDEATHSIG would follow the thread that has started the worker, not the process; so a thread of its own watches
// the channel, and ends the worker when nobody is at the other end.
#include <rondo/executors/process_worker.hpp>

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>

#include <rondo/executors/function_registry.hpp>
#include <rondo/executors/remote_error.hpp>
#include <rondo/net/spawn.hpp>

#include "ahead_slot.hpp"
#include "worker_frame.hpp"

namespace rondo {

Answer answer_call(std::uint32_t function, std::string_view arguments) {
  try {
    const FunctionRegistry::Entry* const entry = FunctionRegistry::instance().find(function);
    if (!entry) throw RuntimeError("no function has the number " + std::to_string(function));
    return {FrameKind::result, entry->call(arguments)};
  } catch (...) {
    return {FrameKind::error, archive_exception(std::current_exception())};
  }
}

namespace {

constexpr int channel = static_cast<int>(Spawn::channel_end);
constexpr int lost_parent = 1;  // exit codes
constexpr int lost_words = 2;
constexpr auto grace = std::chrono::milliseconds(300);  // for a worker that is about to end by itself

std::atomic<bool> leaving = false;

/// False at the end of the channel.
bool read_whole(void* to, std::size_t size) {
  auto* at = static_cast<char*>(to);
  while (size > 0) {
    const ssize_t got = ::read(channel, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_frame(FrameHeader header, std::string_view bytes) {
  header.size = bytes.size();
  iovec pieces[2] = {{&header, sizeof header}, {const_cast<char*>(bytes.data()), bytes.size()}};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  while (message.msg_iovlen > 0) {
    ssize_t sent = ::sendmsg(channel, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    while (message.msg_iovlen > 0 && static_cast<std::size_t>(sent) >= message.msg_iov->iov_len) {
      sent -= static_cast<ssize_t>(message.msg_iov->iov_len);
      ++message.msg_iov;
      --message.msg_iovlen;
    }
    if (message.msg_iovlen == 0) break;
    message.msg_iov->iov_base = static_cast<char*>(message.msg_iov->iov_base) + sent;
    message.msg_iov->iov_len -= static_cast<std::size_t>(sent);
  }
  return true;
}

/// What large arguments and results took is kept for the next ones: new pages cost more than all the copying.
void keep_memory() {
#ifdef __GLIBC__
  constexpr int most = 256 << 20;
  ::mallopt(M_MMAP_THRESHOLD, most);
  ::mallopt(M_TRIM_THRESHOLD, most);
#endif
}

void watch_for_the_end_of_the_parent() {
  pollfd watched{channel, POLLRDHUP, 0};
  while (::poll(&watched, 1, -1) < 0 && errno == EINTR) {
  }
  std::this_thread::sleep_for(grace);
  if (!leaving) ::_exit(lost_parent);
}

struct WorkerCall {
  FrameHeader header;
  std::unique_ptr<char[]> bytes;
  std::string_view arguments;
};

/// The next call of the channel, or nothing and what main() returns.
std::optional<WorkerCall> read_call(int& code) {
  WorkerCall call;
  code = lost_parent;
  if (!read_whole(&call.header, sizeof call.header)) return std::nullopt;
  code = lost_words;
  if (!call.header.makes_sense()) return std::nullopt;
  if (call.header.kind == FrameKind::bye) code = 0;
  if (call.header.kind != FrameKind::call) return std::nullopt;
  code = lost_parent;
  const auto size = static_cast<std::size_t>(call.header.size);
  call.bytes = std::make_unique_for_overwrite<char[]>(size);
  call.arguments = {call.bytes.get(), size};
  if (!read_whole(call.bytes.get(), size)) return std::nullopt;
  FrameHeader started = call.header;
  started.kind = FrameKind::started;
  if (!write_frame(started, {})) return std::nullopt;
  return call;
}

/// The call that is ahead. Once it is taken, it must be run.
std::optional<WorkerCall> take_ahead(int slot) {
  if (slot < 0) return std::nullopt;
  WorkerCall call;
  constexpr std::size_t most = sizeof(FrameHeader) + AheadSlot::most;
  call.bytes = std::make_unique_for_overwrite<char[]>(most);
  const ssize_t got = ::recv(slot, call.bytes.get(), most, MSG_DONTWAIT);
  if (got < static_cast<ssize_t>(sizeof(FrameHeader))) return std::nullopt;
  const std::string_view whole(call.bytes.get(), static_cast<std::size_t>(got));
  call.header = FrameHeader::of(whole);
  call.arguments = whole.substr(sizeof(FrameHeader));
  return call;
}

/// What main() returns.
int serve(int slot) {
  int code = 0;
  std::optional<WorkerCall> call;
  while (call || (call = read_call(code))) {
    const Answer made = answer_call(call->header.function, call->arguments);
    std::optional<WorkerCall> next = take_ahead(slot);
    FrameHeader answer = call->header;
    answer.kind = made.kind;
    answer.begins_next = next ? 1 : 0;
    if (!write_frame(answer, made.bytes)) return lost_parent;
    call = std::move(next);
  }
  return code;
}

/// The descriptor that is the second argument; -1: the pool lays no job ahead.
int slot_of(int argc, const char* const* argv) {
  if (argc < 3) return -1;
  const int slot = std::atoi(argv[2]);
  ::fcntl(slot, F_SETFD, FD_CLOEXEC);
  return slot;
}

}  // namespace

std::optional<int> process_worker_main(int argc, const char* const* argv) {
  if (argc < 2 || argv[1] != std::string_view(worker_argument)) return std::nullopt;
  ::signal(SIGINT, SIG_IGN);
  ::fcntl(channel, F_SETFD, FD_CLOEXEC);  // a program that a function starts must not hold the channel when this is dead
  keep_memory();
  FrameHeader hello;
  if (!write_frame(hello, FunctionRegistry::instance().identity())) return lost_parent;
  std::thread(watch_for_the_end_of_the_parent).detach();
  const int code = serve(slot_of(argc, argv));
  leaving = true;
  return code;
}

}  // namespace rondo
