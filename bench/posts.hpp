// SPDX-License-Identifier: BSL-1.0
// posts.hpp - one thread posts calls, the other runs them: CPU time of both for each post.
#pragma once

#include <cstdint>

namespace bench {

/// The limit: a vector behind a mutex, and an eventfd that is written when the vector was empty.
double raw_posts(std::int64_t posts);
/// Backend::post of calls that are there already, on epoll.
double backend_posts(std::int64_t posts);
/// Loop::call_soon_threadsafe, which makes the call first.
double threadsafe_calls(std::int64_t posts);
/// Of the last of these two runs: how often a post had to wake the loop with a system call, for each post.
double wakeups_per_post();

}  // namespace bench
