// SPDX-License-Identifier: BSL-1.0
// lock.cpp - releasing.
#include <rondo/lock.hpp>

namespace rondo {

void Lock::refuse_release() const { throw RuntimeError("release: " + title() + " is not locked"); }

void Lock::release() {
  if (!locked_) [[unlikely]] refuse_release();
  Waiter* const first = waiters_.front();
  if (first && first->task()->kernel().debug()) [[unlikely]] check_thread("release");
  locked_ = false;
  if (first) wake(*first);
}

std::string Lock::describe(Kernel& kernel) const {
  if (!locked_) return title() + ", which is being handed over";
  return title() + " held by " + describe_holder(kernel, holder_);
}

}  // namespace rondo
