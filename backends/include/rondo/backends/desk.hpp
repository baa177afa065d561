// SPDX-License-Identifier: BSL-1.0
// desk.hpp - a part of a backend that answers operations of some kinds, and that only some programs have.
//
// A program without a call of the part's function in kernel/facilities.hpp links nothing of it. The function says how
// such a desk is made; the backend makes one at the first operation that is for it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <rondo/contract.hpp>

namespace rondo {

class ProcessBackend;

/// Who moves bytes and takes connections: most of all that a backend is asked for.
class TransferDesk {
 public:
  virtual void start(const Output& output) = 0;
  virtual void cancel(const Output& output) = 0;

 protected:
  ~TransferDesk() = default;
};

/// Belongs to one backend, and to its loop's thread. Made by MakeBackendDesk, destroyed with the backend.
class BackendDesk {
 public:
  BackendDesk() = default;
  virtual ~BackendDesk() = default;
  BackendDesk(const BackendDesk&) = delete;
  BackendDesk& operator=(const BackendDesk&) = delete;

  virtual void start(const Output& output) = 0;
  virtual void cancel(const Output& output) = 0;
  /// Among `inputs` may be news under the names of this desk's operations: they become the operations' own answers.
  virtual void answer(std::vector<Input>& inputs) { static_cast<void>(inputs); }
  /// A handle's descriptor is about to be closed.
  virtual void before_close(int descriptor) noexcept { static_cast<void>(descriptor); }
};

using MakeBackendDesk = std::unique_ptr<BackendDesk> (*)(ProcessBackend&);

/// The desks of one backend: those that somebody has needed.
class BackendDesks {
 public:
  enum class Name : std::uint8_t { jobs, names, descriptors, processes };
  static constexpr std::size_t count = 4;

  /// How it is made. From any thread.
  static void offer(Name name, MakeBackendDesk make) noexcept { offered_[at(name)].store(make, std::memory_order_relaxed); }

  /// Nothing if the program has never asked for its facility.
  BackendDesk* get(Name name, ProcessBackend& backend) {
    std::unique_ptr<BackendDesk>& desk = desks_[at(name)];
    if (desk) return desk.get();
    const MakeBackendDesk make = offered_[at(name)].load(std::memory_order_relaxed);
    if (make) desk = make(backend);
    return desk.get();
  }
  /// Nothing if nobody has needed it.
  BackendDesk* find(Name name) const noexcept { return desks_[at(name)].get(); }
  void end(Name name) noexcept { desks_[at(name)].reset(); }

 private:
  static constexpr std::size_t at(Name name) { return static_cast<std::size_t>(name); }
  static inline constinit std::atomic<MakeBackendDesk> offered_[count] = {};

  std::unique_ptr<BackendDesk> desks_[count];
};

}  // namespace rondo
