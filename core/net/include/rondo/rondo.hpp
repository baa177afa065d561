// SPDX-License-Identifier: BSL-1.0
// rondo.hpp - everything a program needs to run on a loop. Single headers are listed in reading order.
#pragma once

#include <rondo/kernel/language.hpp>

#if __cplusplus >= 202002L && defined(__cpp_exceptions)  // else that says why not, and nothing else does
#include <rondo/time.hpp>
#include <rondo/error.hpp>
#include <rondo/outcome.hpp>
#include <rondo/coro.hpp>
#include <rondo/future.hpp>
#include <rondo/task.hpp>
#include <rondo/sleep.hpp>
#include <rondo/gather.hpp>
#include <rondo/shield.hpp>
#include <rondo/timeout.hpp>
#include <rondo/task_group.hpp>
#include <rondo/wait.hpp>
#include <rondo/as_completed.hpp>
#include <rondo/async_generator.hpp>
#include <rondo/event.hpp>
#include <rondo/lock.hpp>
#include <rondo/semaphore.hpp>
#include <rondo/condition.hpp>
#include <rondo/barrier.hpp>
#include <rondo/queue.hpp>
#include <rondo/context.hpp>
#include <rondo/job.hpp>
#include <rondo/readiness.hpp>
#include <rondo/address.hpp>
#include <rondo/resolve.hpp>
#include <rondo/connection.hpp>
#include <rondo/server.hpp>
#include <rondo/pipe.hpp>
#include <rondo/subprocess.hpp>
#include <rondo/datagram.hpp>
#include <rondo/socket.hpp>
#include <rondo/routine.hpp>
#include <rondo/loop.hpp>
#include <rondo/dump.hpp>
#include <rondo/run.hpp>
#endif
