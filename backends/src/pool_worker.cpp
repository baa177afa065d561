// SPDX-License-Identifier: BSL-1.0
// pool_worker.cpp - a worker's life: started, greeted, given jobs, buried.
#include "pool_worker.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <rondo/loop.hpp>
#include <rondo/sleep.hpp>
#include <rondo/timeout.hpp>

#include "adopted_descriptor.hpp"

extern char** environ;

namespace rondo {
namespace {

constexpr std::size_t arguments_at_once = 256 * 1024;
constexpr std::size_t longest_line = 1024;      // of stderr that is kept
constexpr auto patience = std::chrono::seconds(5);            // with a worker that was told to end
constexpr auto last_words = std::chrono::milliseconds(200);   // for what a dead one has written

/// The worker says what no worker of ours would say.
class Garbage : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

Environment environment_of_worker() {
  Environment variables;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view text = *each;
    const std::size_t equals = text.find('=');
    if (equals != 0 && equals != std::string_view::npos) variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  variables.emplace_back(worker_variable, "1");
  return variables;
}

}  // namespace

PoolWorker::PoolWorker(std::size_t number, const std::string& pool)
    : number_(number), name_(pool + "-" + std::to_string(number)), wake_(name_ + " is wanted"), errors_ended_(name_) {}

std::string PoolWorker::title() const {
  return process_ ? name_ + " (pid " + std::to_string(process_->pid()) + ")" : name_;
}

void PoolWorker::kill() noexcept {
  fire<machines::worker::Event::kill>(*this);
  wake();
  try {
    if (pid() != 0) process_->kill();
  } catch (...) {  // no memory: it is killed when its handle goes
  }
}

/// While a worker's task exists, the pool has the worker.
class PoolWorker::Presence {
 public:
  Presence(std::shared_ptr<PoolCore> pool, std::shared_ptr<PoolWorker> worker)
      : pool_(std::move(pool)), worker_(std::move(worker)) {}
  ~Presence() {
    if (!pool_) return;
    worker_->cancel_jobs();
    pool_->desert(*worker_);
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  void leave() { std::exchange(pool_, nullptr)->leave(*worker_); }

 private:
  std::shared_ptr<PoolCore> pool_;
  std::shared_ptr<PoolWorker> worker_;
};

Coro<> PoolWorker::live(std::shared_ptr<PoolCore> pool, std::shared_ptr<PoolWorker> worker) {
  Presence presence(pool, worker);
  const auto outcome = co_await as_outcome(worker->serve(*pool));
  if (outcome.cancelled()) outcome.raise();
  if (outcome.error()) co_await worker->bury(*pool, outcome.error());
  presence.leave();
}

Coro<> PoolWorker::serve(PoolCore& pool) {
  co_await start(pool);
  const auto ready = co_await as_outcome(wait_for(greet(pool), pool.options().start_timeout));
  if (ready.error()) throw_not_ready(ready.error());
  ready.raise();
  fire<machines::worker::Event::ready>(*this);
  pool.worker_greeted();
  const std::size_t most = pool.options().max_tasks_per_child;
  for (left_ = most == 0 ? UINT64_MAX : most; left_ > 0;) {
    if (was_killed()) throw Garbage("was killed, and had answered before it noticed");  // and begins nothing more
    --left_;
    if (!job_ && !co_await find_job(pool)) break;
    fill_ahead(pool);
    const Frame frame = co_await answer();
    deliver(frame);
    if (frame.header.begins_next != 0) begin_ahead();
  }
  co_await say_goodbye();
}

/// Waits for a job, and sends it. False if there will be none.
Coro<bool> PoolWorker::find_job(PoolCore& pool) {
  job_ = pool.next_job(*this);
  while (!job_ && !pool.closed()) {
    co_await wait_for_work(pool);
    job_ = pool.next_job(*this);
  }
  if (!job_) co_return false;
  begun_ = false;
  const std::shared_ptr<PoolJob> job = job_;  // its call must stay, also if somebody drops it
  co_await begin(job->call());
  co_return true;
}

// --- beginning -------------------------------------------------------------------------------------------------------

Coro<> PoolWorker::start(const PoolCore& pool) {
  const Environment environment = environment_of_worker();
  SubprocessOptions options;
  options.std_in = Stdio::devnull;
  options.std_err = Stdio::pipe;
  options.env = &environment;
  options.channel = true;
  options.limits.high = 4 * arguments_at_once;
  options.limits.low = arguments_at_once;
  std::vector<std::string> words{pool.options().program, worker_argument};
  std::vector<int> passed;
  if (this_loop().backend() && this_loop().backend()->features().adopts) {  // a simulated worker has no descriptors
    passed.push_back(slot_.emplace().worker_end());
    words.push_back(std::to_string(passed.front()));
  }
  options.pass_fds = passed;
  Command command(std::move(words));
  process_ = co_await create_subprocess_exec(std::move(command), options);
  if (was_killed()) process_->kill();
  static_cast<void>(create_task(read_errors(shared_from_this(), process_->std_err), {.name = "stderr of " + name_}));
  static_cast<void>(create_task(watch(shared_from_this()), {.name = "end of " + name_}));
}

/// A child that the worker has forked holds its descriptors when it is dead: then nobody would read their ends.
Coro<> PoolWorker::watch(std::shared_ptr<PoolWorker> worker) {
  static_cast<void>(co_await worker->process_->wait());
  worker->wake();
  co_await sleep(last_words);
  if (worker->process_) worker->process_->channel.writer.abort();
}

static void throw_silent(const std::exception_ptr& error) {
  throw Garbage("did not say that it is there (does main() begin with process_worker_main(argc, argv)?): " +
                describe(error));
}

/// What greet() has not told already is that its time was over.
void PoolWorker::throw_not_ready(const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const TimeoutError&) {
    if (life_ == machines::worker::State::initialising) throw Garbage("was not initialised in time: " + describe(error));
    throw_silent(error);
  }
}

Coro<> PoolWorker::greet(const PoolCore& pool) {
  const auto hello = co_await as_outcome(receive());
  if (hello.cancelled()) hello.raise();
  const std::string mine = FunctionRegistry::instance().identity();
  if (hello.error()) throw_silent(hello.error());
  const Frame& frame = hello.value();
  if (frame.header.kind != FrameKind::hello || frame.bytes() != mine) {
    throw Garbage("is of another build: it is '" + std::string(frame.bytes()) + "', this is '" + mine + "'");
  }
  fire<machines::worker::Event::hello>(*this);
  const RemoteCall& initializer = pool.options().initializer;
  if (initializer.name.empty()) co_return;
  co_await begin(initializer);
  const Frame made = co_await answer();
  if (made.header.kind != FrameKind::error) co_return;
  const std::exception_ptr error = restore_exception(made.bytes(), title(), std::string(initializer.name));
  throw Garbage("could not be initialised: " + describe(error));
}

/// To standard error, which may be slow: then for a second at most, while the loop goes on.
static Coro<> pass_on(std::string text) {
  constexpr int tries = 100;
  pollfd errors{STDERR_FILENO, POLLOUT, 0};
  for (int i = 0; i < tries && ::poll(&errors, 1, 0) == 0; ++i) co_await sleep(std::chrono::milliseconds(10));
  if (::poll(&errors, 1, 0) <= 0) co_return;
  const Slice whole{reinterpret_cast<const std::byte*>(text.data()), text.size()};
  static_cast<void>(write_some(STDERR_FILENO, {&whole, 1}));
}

/// What it writes is passed on, and its last line is kept.
Coro<> PoolWorker::read_errors(std::shared_ptr<PoolWorker> worker, StreamReader reader) {
  for (;;) {
    const auto text = co_await as_outcome(reader.read(4096));
    if (text.cancelled()) text.raise();
    if (text.error() || text.value().empty()) break;
    worker->note_errors(text.value());
    co_await pass_on(text.value());
  }
  worker->errors_ended_.set();
}

void PoolWorker::note_errors(std::string_view text) {
  for (const char byte : text) {
    if (byte != '\n') {
      if (line_.size() < longest_line) line_ += byte;
    } else if (!line_.empty()) {
      last_line_ = std::exchange(line_, {});
    }
  }
}

// --- jobs ------------------------------------------------------------------------------------------------------------

Coro<> PoolWorker::wait_for_work(const PoolCore&) {
  fire<machines::worker::Event::rest>(*this);
  wake_.clear();
  co_await wake_.wait();
  if (idle()) fire<machines::worker::Event::wake>(*this);
  if (pid() == 0 || was_killed()) throw Garbage("ended while it had nothing to do");
}

void PoolWorker::fail_jobs(const std::exception_ptr& error) {
  for (auto* each : {&job_, &ahead_}) {
    if (const auto job = std::move(*each)) job->fail(error);
  }
}

void PoolWorker::cancel_jobs() noexcept {
  for (auto* each : {&job_, &ahead_}) {
    if (const auto job = std::move(*each)) job->cancel();
  }
}

void PoolWorker::deliver(const Frame& answer) {
  const std::shared_ptr<PoolJob> job = std::move(job_);
  if (!job || job->done()) return;  // cancelled meanwhile
  const std::string_view name = job->call().name;
  if (answer.header.kind == FrameKind::error) {
    return job->fail(restore_exception(answer.bytes(), title(), std::string(name)));
  }
  try {
    job->succeed(answer.bytes());
  } catch (...) {
    job->fail(std::make_exception_ptr(RuntimeError("cannot read the result of " + std::string(name) + ": " +
                                                   describe(std::current_exception()))));
  }
}

Coro<> PoolWorker::begin(const RemoteCall& wanted) {
  FrameHeader header;
  header.kind = FrameKind::call;
  header.function = wanted.number;
  header.job = running_ = ++calls_;
  co_await send(header, wanted.arguments);
}

/// Of the call that runs.
Coro<PoolWorker::Frame> PoolWorker::answer() {
  for (;;) {
    Frame frame = co_await receive();
    if (frame.header.job != running_) throw Garbage("answered what it was not asked");
    if (frame.header.kind == FrameKind::result || frame.header.kind == FrameKind::error) co_return frame;
    if (frame.header.kind != FrameKind::started) throw Garbage("wrote garbage on its channel");
    begun_ = true;
  }
}

// --- the job ahead ---------------------------------------------------------------------------------------------------

/// Where a cancellation kills the worker, nothing may have begun there behind the job that is cancelled.
void PoolWorker::fill_ahead(PoolCore& pool) {
  if (pool.options().kill_on_cancel) return;
  if (!slot_ || !job_ || ahead_ || was_killed() || !greeted() || left_ == 0) return;
  std::shared_ptr<PoolJob> job = pool.spare_job(AheadSlot::most);
  if (!job) return;
  FrameHeader header;
  header.kind = FrameKind::call;
  header.function = job->call().number;
  header.job = calls_ + 1;
  header.size = job->call().arguments.size();
  if (!slot_->put(header, job->call().arguments)) return pool.give_back(std::move(job));
  ahead_call_ = ++calls_;
  ahead_ = std::move(job);
}

std::shared_ptr<PoolJob> PoolWorker::take_back() {
  return ahead_ && slot_->take_back() ? std::move(ahead_) : nullptr;
}

/// The worker has taken it.
void PoolWorker::begin_ahead() {
  if (!ahead_) throw Garbage("took a job that it was not given");
  job_ = std::move(ahead_);
  running_ = ahead_call_;
  begun_ = true;
}

Coro<> PoolWorker::send(FrameHeader header, const std::string& bytes) const {
  const StreamWriter& writer = process_->channel.writer;
  header.size = bytes.size();
  writer.write(header.bytes());
  for (std::size_t at = 0; at < bytes.size(); at += arguments_at_once) {
    writer.write(std::string_view(bytes).substr(at, arguments_at_once));
    if (bytes.size() > arguments_at_once) co_await writer.drain();
  }
}

Coro<PoolWorker::Frame> PoolWorker::receive() const {
  const StreamReader& reader = process_->channel.reader;
  const std::string head = co_await reader.readexactly(sizeof(FrameHeader));
  Frame frame{FrameHeader::of(head), nullptr};
  if (!frame.header.makes_sense()) throw Garbage("wrote garbage on its channel");
  const auto size = static_cast<std::size_t>(frame.header.size);
  frame.body = std::make_unique_for_overwrite<char[]>(size);
  for (std::size_t at = 0; at < size;) {
    const std::span<char> rest(frame.body.get() + at, size - at);
    const std::size_t got = co_await reader.read_into(std::as_writable_bytes(rest));
    if (got == 0) throw Garbage("ended in the middle of an answer");
    at += got;
  }
  co_return frame;
}

// --- the end ---------------------------------------------------------------------------------------------------------

Coro<> PoolWorker::say_goodbye() {
  FrameHeader bye;
  bye.kind = FrameKind::bye;
  process_->channel.writer.write(bye.bytes());
  const auto ended = co_await as_outcome(wait_for(process_->wait(), patience));
  if (ended.cancelled()) ended.raise();
  process_.reset();  // kills one that did not listen
}

std::string PoolWorker::obituary(const std::exception_ptr& reason, int returncode) const {
  std::string text = "worker " + title() + " of the process pool ";
  try {
    std::rethrow_exception(reason);
  } catch (const Garbage& garbage) {
    text += garbage.what();
    text += "; it ";
  } catch (const std::exception&) {  // the end of the channel, which says no more
  }
  if (returncode < 0) {
    text += "was killed by signal " + std::to_string(-returncode) + " (" + strsignal(-returncode) + ")";
  } else {
    text += "exited with code " + std::to_string(returncode);
  }
  if (job_) text += std::string(begun_ ? " while it ran " : " before it began ") + std::string(job_->call().name);
  const std::string& last = line_.empty() ? last_line_ : line_;
  if (!last.empty()) text += "; its last line of stderr: '" + last + "'";
  return text;
}

/// It is dead, or as good as dead.
Coro<> PoolWorker::bury(PoolCore& pool, std::exception_ptr reason) {
  if (!process_) {
    pool.worker_died("a worker of the process pool cannot be started: " + describe(reason), PoolCore::Death::starting);
    co_return;
  }
  const bool wanted = was_killed();
  const auto ended = co_await as_outcome(wait_for(process_->wait(), last_words));
  if (ended.cancelled()) ended.raise();
  if (ended.error()) kill();
  const int returncode = co_await process_->wait();
  const auto words = co_await as_outcome(wait_for(errors_ended_.wait(), last_words));
  if (words.cancelled()) words.raise();
  const std::string text = obituary(reason, returncode);
  const auto go_on_elsewhere = [&](const std::shared_ptr<PoolJob>& job, bool begun) {
    if (!job) return;
    const bool breaks = pool.options().on_death == OnDeath::break_pool && !wanted;
    if (begun || breaks || !job->may_try_again()) {
      job->fail(std::make_exception_ptr(BrokenProcessPool(text)));
    } else if (!job->done()) {
      pool.give_back(job);
    }
  };
  go_on_elsewhere(std::move(ahead_), false);
  go_on_elsewhere(std::move(job_), begun_);
  const bool killed_early = !greeted() && !ended.error() && returncode == -kill_signal;
  const auto starting = killed_early ? PoolCore::Death::killed_early : PoolCore::Death::starting;
  if (!wanted) pool.worker_died(text, greeted() ? PoolCore::Death::working : starting);
}

}  // namespace rondo
