// SPDX-License-Identifier: BSL-1.0
// sim_oracle.cpp - answers from a seed or from a tape.
#include <rondo/backends/sim_oracle.hpp>

#include <algorithm>

namespace rondo::sim {
namespace {

/// FNV-1a; std::hash differs between standard libraries.
std::uint64_t hash(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return h;
}

/// SplitMix64's finaliser.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::uint32_t Oracle::choose(std::string_view site, std::uint32_t n) {
  if (n < 2) return 0;
  std::uint32_t answer = 0;
  if (replaying_) {
    const std::size_t at = tape_.size();
    if (at < replay_.size()) {
      if (replay_[at].site != site || replay_[at].n != n) {
        replaying_ = false;  // from here on 0, so that the program can be wound up
        throw TapeMismatch("choice " + std::to_string(at) + ": the run asks '" + std::string(site) + "' of " +
                           std::to_string(n) + ", the tape answers '" + replay_[at].site + "' of " +
                           std::to_string(replay_[at].n));
      }
      answer = replay_[at].answer;
      if (answer >= n) {
        replaying_ = false;
        throw TapeMismatch("choice " + std::to_string(at) + ": the tape answers " + std::to_string(answer) + " to '" +
                           std::string(site) + "', which has " + std::to_string(n) + " answers");
      }
    }
  } else if (seed_ != 0) {
    auto known = std::find_if(sites_.begin(), sites_.end(), [&](const Site& s) { return s.name == site; });
    if (known == sites_.end()) known = sites_.insert(sites_.end(), {std::string(site), 0});
    const std::uint64_t draw = mix(mix(seed_ ^ hash(site)) + ++known->asked * 0x9E3779B97F4A7C15ULL);
    answer = static_cast<std::uint32_t>((draw >> 32) * n >> 32);
  }
  tape_.push_back({std::string(site), n, answer});
  return answer;
}

}  // namespace rondo::sim
