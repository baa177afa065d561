// SPDX-License-Identifier: BSL-1.0
// uring_ring.cpp - see uring_ring.hpp.
#include "uring_ring.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

namespace rondo {
namespace {

/// The best first. DEFER_TASKRUN (Linux 6.1) has the kernel's part of the work done in enter() and nowhere else;
/// COOP_TASKRUN (5.19) at least does not interrupt; TASKRUN_FLAG tells without a system call whether there is any.
constexpr std::array<unsigned, 4> setups{
    IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_R_DISABLED | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

std::string advice_for_eperm() {
  std::string value;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> value;
  if (value == "1") {
    return "kernel.io_uring_disabled is 1, so only the group kernel.io_uring_group and CAP_SYS_ADMIN may use it; "
           "join that group, set sysctl kernel.io_uring_disabled=0, or use another backend";
  }
  if (!value.empty() && value != "0") {
    return "kernel.io_uring_disabled is " + value +
           ", so nobody may use it; set sysctl kernel.io_uring_disabled=0, or use another backend";
  }
  return "kernel.io_uring_disabled is " + (value.empty() ? std::string("not there") : value) +
         ", so a seccomp filter or a security module refuses it, as in most containers; allow io_uring_setup, "
         "io_uring_enter and io_uring_register there (docker: --security-opt seccomp=...), or use another backend";
}

std::string advice_for(int error) {
  switch (error) {
    case EPERM:
    case EACCES:
      return advice_for_eperm();
    case ENOSYS:
      return "this kernel was built without it, or a seccomp filter hides it; use another backend";
    case ENOMEM:
      return "no memory for the ring, or more than RLIMIT_MEMLOCK allows; raise `ulimit -l`, or ask for fewer entries";
    case EMFILE:
    case ENFILE:
      return "no descriptor left; raise `ulimit -n`";
    default:
      return "the kernel refuses the ring; use another backend";
  }
}

/// Errors of an enter after which one simply enters again.
bool passes(int error) {
  return error != EBADF && error != EBADFD && error != EEXIST && error != EFAULT && error != EINVAL &&
         error != EOPNOTSUPP;
}

int as_call(int result) {
  if (result >= 0) return result;
  errno = -result;
  return -1;
}

}  // namespace

UringRing::UringRing(unsigned entries, Seam* seam) : seam_(seam) {
  int error = 0;
  for (const unsigned setup : setups) {
    io_uring_params params{};
    params.flags = setup | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    params.cq_entries = 4 * entries;
    const int result =
        through(seam_, SystemCall::open, [&] { return as_call(io_uring_queue_init_params(entries, &ring_, &params)); });
    if (result >= 0 && !(params.features & IORING_FEAT_EXT_ARG)) {  // Linux 5.10
      io_uring_queue_exit(&ring_);
      throw std::system_error(ENOSYS, std::generic_category(), "io_uring: Linux 5.19 is the oldest that will do");
    }
    if (result >= 0) return;
    error = errno;
    if (error != EINVAL) break;
  }
  throw std::system_error(error, std::generic_category(), "io_uring: " + advice_for(error));
}

/// A ring for one issuer is made disabled, and belongs to the thread that enables it: the loop's, not the
/// constructor's.
void UringRing::begin() {
  begun_ = true;
  if (!(ring_.flags & IORING_SETUP_R_DISABLED)) return;
  const int result = io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  if (result < 0) throw std::system_error(-result, std::generic_category(), "io_uring: the ring cannot be enabled");
}

io_uring_sqe& UringRing::entry() {
  for (;;) {
    if (io_uring_sqe* const free = io_uring_get_sqe(&ring_)) return *free;
    submit();
  }
}

bool UringRing::has_completions() const {
  const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  return io_uring_cq_ready(&ring_) > 0 || (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

void UringRing::submit() {
  if (!begun_) begin();
  if (seam_) static_cast<void>(seam_->before(SystemCall::wait));  // an error would leave no room: it is only counted
  const int result = io_uring_submit(&ring_);
  if (result < 0 && !passes(-result)) throw std::system_error(-result, std::generic_category(), "io_uring_enter");
}

void UringRing::enter(std::optional<Duration> longest) {
  if (!begun_) begin();
  const bool looks = longest && *longest <= Duration::zero();
  if (looks && (ring_.flags & IORING_SETUP_TASKRUN_FLAG) && !has_unsubmitted() &&
      !(IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW))) {
    return;
  }
  const int result = through(seam_, SystemCall::wait, [&] { return as_call(looks ? look() : sleep(longest)); });
  if (result >= 0 || passes(errno)) return;
  const bool foreign = errno == EEXIST;
  throw std::system_error(errno, std::generic_category(),
                          foreign ? "io_uring: the ring belongs to the thread that used it first" : "io_uring_enter");
}

int UringRing::look() { return io_uring_submit_and_get_events(&ring_); }

int UringRing::sleep(std::optional<Duration> longest) {
  io_uring_cqe* unused = nullptr;
  if (!longest) return io_uring_submit_and_wait_timeout(&ring_, &unused, 1, nullptr, nullptr);
  __kernel_timespec time{};
  time.tv_sec = longest->count() / 1'000'000'000;
  time.tv_nsec = longest->count() % 1'000'000'000;
  return io_uring_submit_and_wait_timeout(&ring_, &unused, 1, &time, nullptr);
}

}  // namespace rondo
