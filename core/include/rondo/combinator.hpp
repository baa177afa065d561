// SPDX-License-Identifier: BSL-1.0
// combinator.hpp - futures that are completed by other futures: gather and shield.
//
// As long as what they wait for is pending they live on without a handle, and hold what they wait for. The kernel knows
// them all, so that the loop's end can undo what no completion will.
#pragma once

#include <rondo/link.hpp>

namespace rondo {

struct CombinatorListTag;

class Combinator : public Link<CombinatorListTag> {
 public:
  /// The loop ends: leaves what it waits for and gives up its references.
  virtual void abandon() noexcept = 0;

 protected:
  ~Combinator() = default;
};

}  // namespace rondo
