// SPDX-License-Identifier: BSL-1.0
// epoll_watches.cpp - waits for descriptors of the caller's, whose reads and writes we do not see.
//
// They are registered once, but with EPOLLONESHOT: a wait that begins re-arms them (one epoll_ctl), which also asks the
// kernel whether they are ready now; between waits they stay silent. A descriptor that was closed behind our back is
// unknown to epoll by then, and is simply registered again. A registration that nobody can take out any more, since a
// duplicate keeps its file open, tells but once, and of a generation that is nobody's.
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <vector>

#include <rondo/backends/epoll.hpp>

namespace rondo {

class OneShotWatches final : public EpollWatches {
 public:
  explicit OneShotWatches(EpollBackend& backend) : backend_(backend) {}

  void start(const Output& output) override;
  void cancel(const Output& output) override;
  void on_event(int descriptor, std::uint32_t generation, std::uint32_t events) override;
  void lose(int descriptor) override;

 private:
  using Ids = std::vector<OperationId>;  // few, mostly one
  /// The operations that wait for one descriptor.
  struct Watch {
    Ids readers;
    Ids writers;
    std::uint32_t generation = 0;  // of its registration; 0: there is none
    Ids& of(OperationKind kind) { return kind == OperationKind::readable ? readers : writers; }
  };

  void give(Ids& waiting);
  void lose(Watch& watch);
  int arm(int what, int descriptor, const Watch& watch);
  int register_again(int descriptor, Watch& watch);

  EpollBackend& backend_;
  std::map<int, Watch> watches_;
};

void facilities::readiness() noexcept {
  Offered<EpollWatches, EpollBackend>::offer([](EpollBackend& backend) -> std::unique_ptr<EpollWatches> {
    return std::make_unique<OneShotWatches>(backend);
  });
}

// --- operations ------------------------------------------------------------------------------------------------------

void OneShotWatches::start(const Output& output) {
  Watch& watch = watches_[output.handle];
  Ids& waiting = watch.of(output.kind);
  waiting.push_back(output.id);
  int error = watch.generation != 0 ? arm(EPOLL_CTL_MOD, output.handle, watch) : ENOENT;
  if (error == ENOENT || error == EBADF) {
    waiting.pop_back();
    lose(watch);
    waiting.push_back(output.id);
    error = register_again(output.handle, watch);
  }
  if (error == 0) return;
  waiting.pop_back();
  if (watch.generation == 0) watches_.erase(output.handle);
  backend_.ready_.push_back(Input::completion(output.id, -error));
}

void OneShotWatches::cancel(const Output& output) {
  if (backend_.cancel_stranded(output)) return;
  const auto found = watches_.find(output.handle);
  if (found == watches_.end()) return;
  Ids& waiting = found->second.of(output.kind);
  const auto at = std::find(waiting.begin(), waiting.end(), output.id);
  if (at == waiting.end()) return;  // it is ready, and its completion is on the way
  waiting.erase(at);
  backend_.ready_.push_back(Input::completion(output.id, -ECANCELED));
  if (found->second.readers.empty() && found->second.writers.empty()) {
    backend_.forget(output.handle);
    watches_.erase(found);
  }
}

void OneShotWatches::on_event(int descriptor, std::uint32_t generation, std::uint32_t events) {
  const auto found = watches_.find(descriptor);
  if (found == watches_.end() || found->second.generation != generation) return;
  Watch& watch = found->second;
  const bool both = (events & (EPOLLERR | EPOLLHUP)) != 0;
  if (both || (events & EPOLLIN)) give(watch.readers);
  if (both || (events & EPOLLOUT)) give(watch.writers);
  if (!watch.readers.empty() || !watch.writers.empty()) {
    if (arm(EPOLL_CTL_MOD, descriptor, watch) != 0) lose(watch);
  }
}

void OneShotWatches::give(Ids& waiting) {
  for (const OperationId id : waiting) backend_.inputs_.push_back(Input::completion(id, 0));
  waiting.clear();
}

// --- registrations ---------------------------------------------------------------------------------------------------

void OneShotWatches::lose(int descriptor) {
  const auto found = watches_.find(descriptor);
  if (found == watches_.end()) return;
  lose(found->second);
  watches_.erase(found);
}

/// What was registered is not behind the number any more.
void OneShotWatches::lose(Watch& watch) {
  backend_.strand(watch.readers);
  backend_.strand(watch.writers);
  watch.generation = 0;
}

int OneShotWatches::register_again(int descriptor, Watch& watch) {
  watch.generation = backend_.next_generation();
  int error = arm(EPOLL_CTL_ADD, descriptor, watch);
  // A registration that could not be taken out, and whose file has the number again; or one of our sockets.
  if (error == EEXIST && !backend_.is_socket(descriptor)) error = arm(EPOLL_CTL_MOD, descriptor, watch);
  if (error != 0) watch.generation = 0;
  return error;
}

/// 0, or why not.
int OneShotWatches::arm(int what, int descriptor, const Watch& watch) {
  std::uint32_t events = EPOLLONESHOT;
  if (!watch.readers.empty()) events |= EPOLLIN;
  if (!watch.writers.empty()) events |= EPOLLOUT;
  return backend_.control(what, descriptor, watch.generation, events);
}

}  // namespace rondo
