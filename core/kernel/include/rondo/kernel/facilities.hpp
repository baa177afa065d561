// SPDX-License-Identifier: BSL-1.0
// facilities.hpp - what a backend has only in programs that ask for it.
//
// A backend answers thirty kinds of operations, and most programs use a few of them. If it named all of its parts,
// every program would link them all. So it is the other way round: whoever starts the first operation of such a kind
// calls the function of its facility, which is defined in the library of the backends, beside the part. The linker
// brings both, and leaves out what nobody calls.
#pragma once

namespace rondo::facilities {

/// Each costs a store, and may be called again, from any thread. A backend that has its own ways (the simulated world,
/// one of yours) is told nothing.
void jobs() noexcept;             // OperationKind::job
void names() noexcept;            // resolve
void sockets() noexcept;          // connect, listen, open_datagram
void descriptors() noexcept;      // adopt, pipe
void processes() noexcept;        // spawn, child, kill
void readiness() noexcept;        // readable, writable
void signal_handlers() noexcept;  // signal

}  // namespace rondo::facilities
