// SPDX-License-Identifier: BSL-1.0
// process_pool.hpp - an executor that runs functions in other processes: for work that may crash, leak, or be killed.
//
// A worker is this very executable, started again; a function is a template argument, and is found there by its number.
// Arguments and results are copied through a socket pair (archive.hpp). Context variables, open files, and what the
// program has computed so far do not travel. docs/executors.md says which executor for what.
#pragma once

#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include <rondo/as_completed.hpp>
#include <rondo/async_generator.hpp>
#include <rondo/executors/pool_core.hpp>
#include <rondo/executors/process_worker.hpp>
#include <rondo/executors/remote_function.hpp>
#include <rondo/loop.hpp>

namespace rondo {

/// A job with the type of its result.
template <class T>
class PoolJobOf final : public PoolJob {
 public:
  PoolJobOf(RemoteCall call, Future<T> future) : PoolJob(std::move(call)), future_(std::move(future)) {}
  void succeed(std::string_view bytes) override {
    if constexpr (std::is_void_v<T>) {
      static_cast<void>(bytes);
      future_.set_result();
    } else {
      future_.set_result(Archive<T>::load(bytes));
    }
  }

 private:
  FutureCore& future() const override { return future_.core(); }
  Future<T> future_;
};

/// What map() runs in a worker.
template <auto F>
struct OnEach {
  using Input = std::tuple_element_t<0, typename RemoteFunction<F>::Types::Arguments>;
  using Result = typename RemoteFunction<F>::Result;
  static std::vector<Result> call(std::vector<Input> inputs) {
    std::vector<Result> results;
    results.reserve(inputs.size());
    for (auto&& input : inputs) results.push_back(std::invoke(F, static_cast<Input>(std::move(input))));
    return results;
  }
};

struct MapOptions {
  enum class Order : std::uint8_t { inputs, completion };
  std::size_t chunksize = 1;  // inputs that are one job: more of them cost less each, and are lost together
  Order order = Order::inputs;
};

/// main() must begin with process_worker_main(). Belongs to the loop in which it is first used, and to its thread.
/// Workers are started as jobs come, and are tasks of that loop. Destroying the pool kills them: what runs or waits
/// fails with BrokenProcessPool; await shutdown() before if it is to be done. In a simulated world the functions run
/// inline, in virtual time, and workers die where the oracle says so (SimOptions::worker_faults). Source:
/// concurrent.futures.ProcessPoolExecutor.
class ProcessPoolExecutor {
 public:
  enum class Pending : std::uint8_t { run, cancel };

  /// RuntimeError inside a worker of another pool, unless ProcessPoolOptions::in_worker is set: a program that does not
  /// call process_worker_main() would start itself over and over.
  explicit ProcessPoolExecutor(ProcessPoolOptions options = {})
      : core_(std::make_shared<PoolCore>(std::move(options))) {}
  ~ProcessPoolExecutor() { core_->abandon(); }
  ProcessPoolExecutor(const ProcessPoolExecutor&) = delete;
  ProcessPoolExecutor& operator=(const ProcessPoolExecutor&) = delete;

  /// Calls `F(arguments...)` in a worker: pool.run<&f>(1, "two"). F is a function, or a closure without captures.
  /// Arguments are archived at once, as the types of F's parameters. The future gives the result; or F's exception, as
  /// its own type if that is the standard library's, RuntimeError or TimeoutError, else as a RemoteError; or
  /// BrokenProcessPool if the worker died; or RuntimeError after shutdown(). Jobs are handed to workers in the order in
  /// which they came. Cancelling the future takes out a job that has not started; one that runs is let go, or killed
  /// (ProcessPoolOptions::kill_on_cancel).
  template <auto F, class... Arguments>
  Future<typename RemoteFunction<F>::Result> run(const Arguments&... arguments) {
    using Result = typename RemoteFunction<F>::Result;
    Future<Result> future = this_loop().create_future<Result>();
    auto job = std::make_shared<PoolJobOf<Result>>(remote_call<F>(arguments...), future);
    static_cast<void>(future.add_done_callback(
        [core = std::weak_ptr(core_), weak = std::weak_ptr<PoolJob>(job)](const Future<Result>& done) {
          const auto pool = core.lock();
          const auto cancelled = weak.lock();
          if (pool && cancelled && done.cancelled()) pool->cancelled(*cancelled);
        }));
    core_->submit(std::move(job));
    return future;
  }

  /// Calls F on each of `inputs`; all are submitted now. Gives the results in the order of the inputs, or as they come.
  /// An error ends the generator. A generator that is left early cancels what has not started.
  template <auto F, std::ranges::input_range Inputs>
  AsyncGenerator<typename RemoteFunction<F>::Result> map(Inputs&& inputs, MapOptions options = {}) {
    if (options.chunksize == 0) throw std::invalid_argument("map: the chunksize must be 1 or more");
    Futures<typename RemoteFunction<F>::Result> chunks;
    std::vector<typename OnEach<F>::Input> chunk;
    for (auto&& input : inputs) {
      chunk.push_back(static_cast<typename OnEach<F>::Input>(input));
      if (chunk.size() < options.chunksize) continue;
      chunks.push_back(run<&OnEach<F>::call>(chunk));
      chunk.clear();
    }
    if (!chunk.empty()) chunks.push_back(run<&OnEach<F>::call>(chunk));
    Chunks<typename RemoteFunction<F>::Result> all(std::move(chunks));
    return options.order == MapOptions::Order::inputs ? in_order(std::move(all)) : as_they_come(std::move(all));
  }

  /// Takes no more jobs; waits until those that it has are done (or cancels those that have not started), and until all
  /// workers have ended.
  Coro<> shutdown(Pending pending = Pending::run) { return PoolCore::shutdown(core_, pending == Pending::cancel); }
  /// The processes of the workers that are there now.
  std::vector<int> pids() const { return core_->pids(); }

 private:
  template <class T>
  using Futures = std::vector<Future<std::vector<T>>>;
  /// The jobs of a map; what is left is cancelled when the generator goes, also if that has not begun.
  template <class T>
  class Chunks {
   public:
    explicit Chunks(Futures<T> futures) : futures_(std::move(futures)) {}
    Chunks(Chunks&&) noexcept = default;
    ~Chunks() {
      for (const auto& future : futures_) future.cancel();
    }
    const Futures<T>& all() const { return futures_; }

   private:
    Futures<T> futures_;
  };

  template <class T>
  static AsyncGenerator<T> in_order(Chunks<T> chunks) {
    for (const auto& chunk : chunks.all()) {
      std::vector<T> results = co_await chunk;
      for (auto&& result : results) co_yield static_cast<T>(std::move(result));
    }
  }
  template <class T>
  static AsyncGenerator<T> as_they_come(Chunks<T> chunks) {
    auto completed = as_completed(chunks.all());
    for (;;) {
      auto next = completed.next();
      if (!next) break;
      std::vector<T> results = co_await std::move(*next);
      for (auto&& result : results) co_yield static_cast<T>(std::move(result));
    }
  }

  std::shared_ptr<PoolCore> core_;
};

/// The same as pool.run<F>(arguments...). Source: loop.run_in_executor.
template <auto F, class... Arguments>
auto run_in_executor(ProcessPoolExecutor& pool, Function<F>, const Arguments&... arguments) {
  return pool.run<F>(arguments...);
}
/// A function that is only a value cannot be found in another process: name it as function<&f>.
template <class F, class... Arguments>
void run_in_executor(ProcessPoolExecutor&, F, Arguments...) = delete;

}  // namespace rondo
