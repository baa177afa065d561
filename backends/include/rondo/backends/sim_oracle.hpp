// SPDX-License-Identifier: BSL-1.0
// sim_oracle.hpp - the one place that every choice of a simulated world comes from, and the tape of its answers.
#pragma once

#include <rondo/kernel/language.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rondo::sim {

/// One answer of the oracle.
struct Choice {
  std::string site;      // what was asked
  std::uint32_t n;       // how many answers there were
  std::uint32_t answer;  // 0 .. n-1
  friend bool operator==(const Choice&, const Choice&) = default;
};
using Tape = std::vector<Choice>;

/// A replayed run asked something else than the tape answers.
class TapeMismatch : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The only source of variation in a simulated world. Seed 0 answers 0 always. Any other seed answers by site and by
/// how often that site was asked, so that a question more at one site changes no answer at another.
class Oracle {
 public:
  explicit Oracle(std::uint64_t seed) : seed_(seed) {}
  explicit Oracle(Tape replay) : replay_(std::move(replay)), replaying_(true) {}

  /// 0 .. n-1; n < 2 answers 0 and is not recorded. Throws TapeMismatch when the tape answers another question.
  std::uint32_t choose(std::string_view site, std::uint32_t n);
  const Tape& tape() const { return tape_; }

 private:
  struct Site {
    std::string name;
    std::uint64_t asked;
  };
  std::uint64_t seed_ = 0;
  Tape replay_;
  bool replaying_ = false;
  Tape tape_;
  std::vector<Site> sites_;
};

}  // namespace rondo::sim
