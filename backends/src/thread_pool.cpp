// SPDX-License-Identifier: BSL-1.0
// thread_pool.cpp - workers around one queue.
#include <rondo/executors/thread_pool.hpp>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>

#include <rondo/error.hpp>

namespace rondo {
namespace {

thread_local const ThreadPoolExecutor* working_for = nullptr;  // the pool whose thread this is

}  // namespace

ThreadPoolExecutor::ThreadPoolExecutor(ThreadPoolOptions options) : options_(std::move(options)) {
  if (options_.threads == 0) {
    options_.threads = std::min<std::size_t>(32, std::max(1U, std::thread::hardware_concurrency()) + 4);
  }
}

ThreadPoolExecutor::~ThreadPoolExecutor() { shutdown(); }

std::size_t ThreadPoolExecutor::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void ThreadPoolExecutor::submit(Job& job, OperationId id, JobSink& sink) noexcept {
  std::int32_t refused = 0;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      refused = -ESHUTDOWN;
    } else if (options_.queue_bound > 0 && queue_.size() >= options_.queue_bound + (options_.threads - busy_)) {
      refused = -ENOBUFS;
    } else {
      try {
        queue_.push_back({&job, id, &sink});
        if (idle_ < queue_.size() && threads_.size() < options_.threads) {
          threads_.emplace_back(&ThreadPoolExecutor::work, this, threads_.size());
        }
      } catch (...) {  // no memory, or no thread: with at least one thread the job just waits longer
        if (threads_.empty() && !queue_.empty()) {
          queue_.pop_back();
          refused = -EAGAIN;
        }
      }
    }
  }
  if (refused != 0) return sink.job_done(id, refused);
  changed_.notify_one();
}

void ThreadPoolExecutor::cancel(OperationId id, JobSink& sink) noexcept {
  {
    const std::lock_guard lock(mutex_);
    const auto at = std::find_if(queue_.begin(), queue_.end(),
                                 [&](const Item& item) { return item.id == id && item.sink == &sink; });
    if (at == queue_.end()) return;
    queue_.erase(at);
  }
  sink.job_done(id, -ECANCELED);
}

void ThreadPoolExecutor::shutdown(Pending pending) {
  if (working_for == this) throw RuntimeError("shutdown: called by a job of this very pool, which would wait for itself");
  std::list<Item> withdrawn;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ++shutdowns_;
    if (pending == Pending::cancel) withdrawn.swap(queue_);
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (const Item& item : withdrawn) item.sink->job_done(item.id, -ECANCELED);
  for (std::thread& thread : threads) thread.join();
  std::unique_lock lock(mutex_);
  --shutdowns_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return shutdowns_ == 0; });  // another one may still join the threads
}

void ThreadPoolExecutor::work(std::size_t number) {
  working_for = this;
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the loop's
  const std::string name = (options_.name + "-" + std::to_string(number)).substr(0, 15);
  pthread_setname_np(pthread_self(), name.c_str());
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    const Item item = queue_.front();
    queue_.pop_front();
    ++busy_;
    lock.unlock();
    item.job->run();
    item.sink->job_done(item.id, 0);
    lock.lock();
    --busy_;
  }
}

}  // namespace rondo
