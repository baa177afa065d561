// SPDX-License-Identifier: BSL-1.0
// contract.hpp - what passes between the loop and the world: inputs, outputs and the answer of one step.
//
// All are plain values. Operations are named by slot and generation, never by address. docs/the-loop.md has the rules
// C1 to C12 that both sides keep; tests/core/kernel/contract_test.cpp has a test for each.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstddef>
#include <cstdint>

#include <rondo/time.hpp>

namespace rondo {

class CallCore;
class Executor;
class Job;
struct Datagram;
struct Endpoint;
struct Lookup;
struct PipeEnds;
struct Slice;
struct Spawn;

/// The name of an operation: a slot of the loop's table and how often that slot was used before.
struct OperationId {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint64_t key() const { return std::uint64_t{slot} << 32 | generation; }  // to find it by
  friend bool operator==(const OperationId&, const OperationId&) = default;
};

/// What a backend can do. Sockets are named by handles, which the backend gives out: descriptors in a real process,
/// numbers in a simulated world.
enum class OperationKind : std::uint8_t {
  readable, writable,  // until a descriptor of the caller's is ready; -EEXIST for a socket that the backend gave out
  signal,              // each arrival of a signal, as completions with more to come
  interrupt,           // the first Ctrl-C, as a completion with more to come, and the second aborts the process; nothing
                       // if the program handles Ctrl-C itself
  job,                 // a function on an executor
  close_executor,      // the default executor: jobs that run end, others never start, and its threads end
  connect,             // a stream to endpoint->remote; the result is its handle
  listen,              // a listener at endpoint->local; the result is its handle
  open_datagram,       // a datagram socket at endpoint->local, talking to endpoint->remote if that is given; its handle
  adopt,               // a descriptor of the caller's, which is the backend's from now on if this succeeds; the result is
                       // its handle; endpoint is filled in. -EPERM for what never makes anybody wait (a regular file),
                       // -EEXIST for a socket that the backend gave out, -EINVAL if it is not what is needed
  accept,              // the next connection of a listener; the result is its handle; endpoint is filled in
  recv,                // what has arrived, at least a byte; 0 is the end of the stream
  send,                // some of the slices, at least a byte; the result says how many
  recv_from, send_to,  // one datagram
  shutdown,            // nothing more will be sent on this stream
  close,               // gives the handle back; operations that wait for it end with -ECANCELED
  resolve,             // a name to addresses
  pipe,                // a pipe; its two handles are in pipe_ends
  spawn,               // a child process; the result is its number, and the handles of our ends of its pipes are in
                       // spawn->ends
  child,               // the end of a child that spawn has made: what it exited with, or child_signalled + the signal. By
                       // then it is reaped. One at a time for each child
  kill,                // a signal to such a child: size is its number. Nothing, and 0, if the child has been reaped
};

/// What a descriptor must be so that adopt takes it.
enum AdoptNeeds : std::size_t {
  adopts_anything = 0,
  adopts_for_reading = 1,  // and no listener and no datagram socket, in these two
  adopts_for_writing = 2,
  adopts_listener = 4,
};

/// Added to the signal that ended a child, in the result of `child`.
inline constexpr std::int32_t child_signalled = 1000;

/// What a backend is asked to do, in the order asked. Whatever is pointed to is lent to it until the terminal
/// completion.
struct Output {
  enum class Verb : std::uint8_t { start, cancel };
  Verb verb = Verb::start;
  OperationKind kind = OperationKind::readable;
  std::int32_t handle = -1;  // a socket's handle; readable, writable, adopt: a descriptor; signal: its number; child,
                             // kill: the number of a process
  OperationId id;
  union {
    Job* job = nullptr;   // job
    std::byte* buffer;    // recv: where to put the bytes; null: the backend lends its own, see Input::bytes
    const Slice* slices;  // send
    Endpoint* endpoint;   // connect, listen, open_datagram, adopt, accept
    Datagram* datagram;   // recv_from, send_to
    Lookup* lookup;       // resolve
    PipeEnds* pipe_ends;  // pipe
    Spawn* spawn;         // spawn
  };
  union {
    Executor* executor = nullptr;  // job: where to run it; null: the default executor
    std::size_t size;              // recv: bytes at most; send: slices; kill: the signal; adopt: AdoptNeeds
  };
};

/// True for kinds that make a socket: a result of 0 or more is a handle that somebody must close.
constexpr bool makes_handle(OperationKind kind) {
  return kind >= OperationKind::connect && kind <= OperationKind::accept;
}

/// What a backend reports.
struct Input {
  enum class Type : std::uint8_t { completion, post };
  Type type = Type::completion;
  bool more = false;           // completion: not the terminal one
  bool last = false;           // recv: the end of the stream is known to follow these bytes; false says nothing
  std::int32_t result = 0;     // completion: 0 or more is success, -errno is failure
  OperationId id;              // completion
  union {
    CallCore* call = nullptr;  // post: the loop takes it over
    const std::byte* bytes;    // recv without a buffer: the backend's own, valid as long as this input
  };

  static Input completion(OperationId id, std::int32_t result, bool more = false) {
    return {Type::completion, more, false, result, id, {nullptr}};
  }
  static Input received(OperationId id, const std::byte* bytes, std::size_t size) {
    Input input = completion(id, static_cast<std::int32_t>(size));
    input.bytes = bytes;
    return input;
  }
  static Input post(CallCore& call) { return {Type::post, false, false, 0, {}, {&call}}; }
};

/// Why StepResult::deadline is what it is.
enum class Why : std::uint8_t {
  inputs,    // nothing to do before an input comes; deadline == never
  timer,     // deadline is that of the earliest timer
  ready,     // more is ready: step again at once; deadline == now
  out_full,  // outputs wait inside for room: step again at once; deadline == now
  done,      // stop() was called and its batch has ended
};

struct StepResult {
  std::uint32_t produced = 0;    // outputs written
  std::uint32_t resumed = 0;     // tasks resumed and callbacks run
  std::uint32_t batches = 0;     // batches begun
  bool done = false;             // see Why::done
  Why why = Why::inputs;
  Instant deadline = no_deadline;      // when to step again if no input comes before
  std::uint32_t operations = 0;  // operations in flight that the program may wait for
  std::uint32_t sources = 0;     // open outside sources: somebody may still post
  std::uint32_t tasks = 0;       // tasks that are not done
  std::uint32_t unplaced = 0;    // timers whose delay has begun in this step: see Loop::place
  std::uint64_t hash = 0;        // rolls over everything that happened; equal runs have equal hashes
};

}  // namespace rondo
