// SPDX-License-Identifier: BSL-1.0
// sim_worker.cpp - see sim_worker.hpp.
#include "sim_worker.hpp"

#include <array>

#include <rondo/executors/function_registry.hpp>
#include <rondo/sleep.hpp>

#include "worker_frame.hpp"

namespace rondo::sim {
namespace {

constexpr std::array<std::int64_t, 8> durations_ns = {0,          1'000,      100'000,       1'000'000,
                                                      20'000'000, 50'000'000, 1'000'000'000, 60'000'000'000};
constexpr int killed = 137;  // what a shell makes of SIGKILL

/// In the order of the oracle's answers; before them come as many good ones.
enum class Fate : std::uint8_t { dies_before, dies_inside, dies_before_the_answer, loses_the_answer, last_fate };

Fate choose_fate(Oracle& oracle) {
  constexpr std::uint32_t good = 12;
  const auto bad = static_cast<std::uint32_t>(Fate::last_fate);
  const std::uint32_t answer = oracle.choose("worker.fate", good + bad);
  return answer < good ? Fate::last_fate : static_cast<Fate>(answer - good);
}

void send(const StreamWriter& writer, FrameHeader header, std::string_view bytes) {
  header.size = bytes.size();
  writer.write(header.bytes());
  writer.write(bytes);
}

}  // namespace

Coro<int> serve_as_worker(Child child, bool faults) {
  const StreamReader& reader = child.channel.reader;
  const StreamWriter& writer = child.channel.writer;
  send(writer, FrameHeader(), FunctionRegistry::instance().identity());
  for (;;) {
    const std::string bytes = co_await reader.readexactly(sizeof(FrameHeader));
    FrameHeader header = FrameHeader::of(bytes);
    if (header.kind == FrameKind::bye) co_return 0;
    const std::string arguments = co_await reader.readexactly(static_cast<std::size_t>(header.size));
    const Fate fate = faults ? choose_fate(*child.oracle) : Fate::last_fate;
    if (fate == Fate::dies_before) co_return killed;
    header.kind = FrameKind::started;
    send(writer, header, {});
    co_await sleep(Duration(durations_ns[child.oracle->choose("worker.duration", durations_ns.size())]));
    if (fate == Fate::dies_inside) co_return killed;
    const Answer answer = answer_call(header.function, arguments);
    if (fate == Fate::dies_before_the_answer) co_return killed;
    header.kind = answer.kind;
    if (fate != Fate::loses_the_answer) send(writer, header, answer.bytes);
    co_await writer.drain();
  }
}

}  // namespace rondo::sim
