// SPDX-License-Identifier: BSL-1.0
// without_facilities.cpp - a program of its own, since facilities that were asked for once are there: a backend refuses
// what nobody has asked for, and has it from then on.
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <rondo/backends/epoll.hpp>
#include <rondo/kernel/facilities.hpp>

namespace {

using namespace std::chrono_literals;

std::int32_t result_of(rondo::Backend& backend, rondo::Output output) {
  static std::uint32_t next = 0;
  output.id = {next++, 1};
  backend.submit({&output, 1});
  for (int i = 0; i < 200; ++i) {
    for (const rondo::Input& input : backend.reap(backend.now() + 100ms)) {
      if (input.id == output.id) return input.result;
    }
  }
  std::puts("no completion has come");
  std::exit(1);
}

struct Nothing final : rondo::Job {
  void run() noexcept override {}
};

rondo::Output output_of(rondo::OperationKind kind) {
  rondo::Output output;
  output.kind = kind;
  return output;
}

bool expect(const char* what, std::int32_t found, std::int32_t wanted) {
  if (found == wanted) return true;
  std::printf("%s: %d instead of %d\n", what, found, wanted);
  return false;
}

}  // namespace

int main() {
  using rondo::OperationKind;
  rondo::EpollBackend backend;
  rondo::Endpoint here;
  here.local = rondo::Address::loopback(0);
  rondo::PipeEnds ends;
  Nothing nothing;
  rondo::Output listen = output_of(OperationKind::listen);
  listen.endpoint = &here;
  rondo::Output pipe = output_of(OperationKind::pipe);
  pipe.pipe_ends = &ends;
  rondo::Output job = output_of(OperationKind::job);
  job.job = &nothing;
  bool good = true;
  for (const OperationKind kind : {OperationKind::listen, OperationKind::pipe, OperationKind::job, OperationKind::resolve,
                                   OperationKind::spawn, OperationKind::child, OperationKind::kill,
                                   OperationKind::readable, OperationKind::writable, OperationKind::signal}) {
    good = expect("not asked for", result_of(backend, output_of(kind)), -ENOTSUP) && good;
  }
  for (const OperationKind kind : {OperationKind::readable, OperationKind::signal}) {
    rondo::Output nobodys = output_of(kind);
    nobodys.verb = rondo::Output::Verb::cancel;
    backend.submit({&nobodys, 1});
  }
  good = expect("no executor to close", result_of(backend, output_of(OperationKind::close_executor)), 0) && good;
  rondo::facilities::jobs();
  rondo::facilities::descriptors();  // and sockets
  good = expect("a job", result_of(backend, job), 0) && good;
  good = expect("a pipe", result_of(backend, pipe), 0) && good;
  good = result_of(backend, listen) >= 0 && good;
  rondo::facilities::readiness();
  good = expect("a wait for what is no descriptor", result_of(backend, output_of(OperationKind::readable)), -EBADF) && good;
  rondo::facilities::signal_handlers();
  good = expect("a signal that nobody can handle", result_of(backend, output_of(OperationKind::signal)), -EINVAL) && good;
  good = expect("still not asked for", result_of(backend, output_of(OperationKind::resolve)), -ENOTSUP) && good;
  std::puts(good ? "ok" : "FAILED");
  return good ? 0 : 1;
}
