// SPDX-License-Identifier: BSL-1.0
// pool_core.cpp - who runs what.
#include <rondo/executors/pool_core.hpp>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include <rondo/task.hpp>

#include "pool_worker.hpp"

namespace rondo {

PoolCore::PoolCore(ProcessPoolOptions options) : options_(std::move(options)) {
  if (options_.max_workers == 0) options_.max_workers = std::max(1U, std::thread::hardware_concurrency());
  if (!options_.in_worker && std::getenv(worker_variable)) {
    throw RuntimeError(
        "a process pool inside of a worker of a process pool: set ProcessPoolOptions::in_worker if that is meant; if it "
        "is not, main() does not begin with process_worker_main(argc, argv)");
  }
}

void PoolCore::submit(std::shared_ptr<PoolJob> job) {
  if (broken_) return job->fail(std::make_exception_ptr(BrokenProcessPool(*broken_)));
  if (closed_) {
    return job->fail(std::make_exception_ptr(RuntimeError("cannot schedule a job: the process pool is shut down")));
  }
  jobs_.push_back(std::move(job));
  const auto idle = std::find_if(workers_.begin(), workers_.end(), [](const auto& each) { return each->idle(); });
  if (idle != workers_.end()) return (*idle)->wake();
  if (workers_.size() < options_.max_workers) return start_worker();
  for (const auto& worker : workers_) worker->fill_ahead(*this);
}

std::size_t PoolCore::free_number() const {
  std::size_t number = 0;
  const auto is_taken = [&](const auto& each) { return each->number() == number; };
  while (std::any_of(workers_.begin(), workers_.end(), is_taken)) ++number;
  return number;
}

void PoolCore::start_worker() {
  workers_.push_back(std::make_shared<PoolWorker>(free_number(), options_.name));
  const std::string name = "process worker " + options_.name;
  static_cast<void>(create_task(PoolWorker::live(shared_from_this(), workers_.back()), {.name = name}));
}

void PoolCore::cancelled(const PoolJob& job) {
  std::erase_if(jobs_, [&](const auto& each) { return each.get() == &job; });
  for (const auto& worker : workers_) {
    if (options_.kill_on_cancel && worker->runs(job)) worker->kill();
    if (worker->has_ahead(job) && worker->take_back()) worker->fill_ahead(*this);
  }
}

void PoolCore::give_back(std::shared_ptr<PoolJob> job) {
  if (broken_) return job->fail(std::make_exception_ptr(BrokenProcessPool(*broken_)));
  jobs_.push_front(std::move(job));
}

std::shared_ptr<PoolJob> PoolCore::spare_job(std::size_t most_bytes) {
  const auto takes = [](const auto& each) { return !each->busy(); };
  const auto taken = std::count_if(workers_.begin(), workers_.end(), takes);
  if (std::ssize(jobs_) <= taken) return nullptr;
  const auto spare = jobs_.begin() + taken;
  if ((*spare)->done() || (*spare)->call().arguments.size() > most_bytes) return nullptr;
  auto job = std::move(*spare);
  jobs_.erase(spare);
  return job;
}

std::shared_ptr<PoolJob> PoolCore::next_job(PoolWorker& worker) {
  if (auto job = worker.take_back()) return job;  // it was laid there too late
  while (!jobs_.empty()) {
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    if (!job->done()) return job;
  }
  for (const auto& other : workers_) {
    if (auto job = other->take_back()) return job;
  }
  return nullptr;
}

// --- ends ------------------------------------------------------------------------------------------------------------

void PoolCore::break_with(const std::string& why) {
  take_back_all();
  if (!broken_) broken_ = why;
  for (const auto& job : std::exchange(jobs_, {})) job->fail(std::make_exception_ptr(BrokenProcessPool(*broken_)));
}

void PoolCore::worker_died(const std::string& why, Death death) {
  constexpr int most_killed_early = 2;
  const bool greeted = death == Death::working;
  if (greeted && options_.on_death == OnDeath::replace) return;
  if (death == Death::killed_early && ++killed_early_ <= most_killed_early) return;
  // Where one could not begin, the next could not either; but those that are there go on.
  const auto is_there = [](const auto& each) { return each->greeted(); };
  if (greeted || std::none_of(workers_.begin(), workers_.end(), is_there)) break_with(why);
  if (!broken_ || !greeted) return;
  for (const auto& worker : workers_) {  // Python's way: all of them go
    worker->fail_jobs(std::make_exception_ptr(BrokenProcessPool(*broken_)));
    worker->kill();
  }
}

/// What lies ahead of workers waits again.
void PoolCore::take_back_all() {
  for (auto worker = workers_.rbegin(); worker != workers_.rend(); ++worker) {
    if (auto job = (*worker)->take_back()) give_back(std::move(job));
  }
}

void PoolCore::remove(const PoolWorker& worker) noexcept {
  std::erase_if(workers_, [&](const auto& each) { return each.get() == &worker; });
  if (left_) left_->set();
}

void PoolCore::leave(const PoolWorker& worker) {
  const bool began = worker.greeted();
  remove(worker);
  // Where one could not begin, the others do the work: it would be tried again and again.
  const auto is_there = [](const auto& each) { return each->greeted(); };
  if (!began && std::any_of(workers_.begin(), workers_.end(), is_there)) return;
  while (!jobs_.empty() && jobs_.front()->done()) jobs_.pop_front();
  if (!jobs_.empty() && workers_.size() < options_.max_workers) start_worker();
}

void PoolCore::desert(const PoolWorker& worker) noexcept {
  remove(worker);
  if (!workers_.empty()) return;
  for (const auto& job : std::exchange(jobs_, {})) job->cancel();
}

void PoolCore::abandon() noexcept {
  closed_ = true;
  break_with("the process pool was destroyed before the job was done");
  for (const auto& worker : workers_) {
    worker->fail_jobs(std::make_exception_ptr(BrokenProcessPool(*broken_)));
    worker->kill();
  }
}

Coro<> PoolCore::shutdown(std::shared_ptr<PoolCore> pool, bool cancel_pending) {
  pool->closed_ = true;
  if (cancel_pending) {
    pool->take_back_all();
    for (const auto& job : std::exchange(pool->jobs_, {})) job->cancel();
  }
  for (const auto& worker : pool->workers_) worker->wake();
  if (!pool->left_) pool->left_ = std::make_shared<Event>("a worker has left");
  const std::shared_ptr<Event> left = pool->left_;
  while (!pool->workers_.empty()) {
    left->clear();
    co_await left->wait();
  }
}

std::vector<int> PoolCore::pids() const {
  std::vector<int> pids;
  for (const auto& worker : workers_) {
    if (worker->pid() != 0) pids.push_back(worker->pid());
  }
  return pids;
}

}  // namespace rondo
