// SPDX-License-Identifier: BSL-1.0
// poison.hpp - tells the address sanitizer which memory of a free list nobody may touch. Nothing in other builds.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define RONDO_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RONDO_ASAN 1
#endif
#endif
#ifdef RONDO_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace rondo {

#ifdef RONDO_ASAN
inline void poison(void* at, std::size_t size) { __asan_poison_memory_region(at, size); }
inline void unpoison(void* at, std::size_t size) { __asan_unpoison_memory_region(at, size); }
#else
inline void poison(void*, std::size_t) {}
inline void unpoison(void*, std::size_t) {}
#endif

}  // namespace rondo
