// SPDX-License-Identifier: BSL-1.0
// remote_function_test.cpp - functions as template arguments, their numbers and names; exceptions as bytes.
#include <rondo/executors/remote_function.hpp>

#include <any>
#include <filesystem>
#include <functional>
#include <optional>
#include <system_error>
#include <variant>

#include <rondo/executors/remote_error.hpp>
#include <rondo/executors/thread_pool.hpp>

#include "pool_run.hpp"

using namespace processes;

namespace arithmetic {

int add(int a, int b) { return a + b; }
int add_quietly(int a, int b) noexcept { return a + b; }
std::string shout(const std::string& text, double times) { return text + "!" + std::to_string(times); }
const std::string& same(const std::string& text) {
  static std::string kept;
  return kept = text;
}
void nothing() {}
template <class T>
T doubled(T value) {
  return value + value;
}
struct Adder {
  int operator()(int a, int b) const { return a + b; }
};

}  // namespace arithmetic

namespace {

/// As a worker calls it.
template <auto F, class... Arguments>
auto call(const Arguments&... arguments) {
  const RemoteCall wanted = remote_call<F>(arguments...);
  const std::string result = FunctionRegistry::instance().find(wanted.number)->call(wanted.arguments);
  if constexpr (!std::is_void_v<typename RemoteFunction<F>::Result>) {
    return Archive<typename RemoteFunction<F>::Result>::load(result);
  }
}

template <class E>
std::exception_ptr crossed(const E& error) {
  return restore_exception(archive_exception(std::make_exception_ptr(error)), "math-0 (pid 7)", "arithmetic::add");
}

/// "arrived", or what is wrong with it.
template <class E>
std::string arrival(const E& error, const std::string& type) {
  try {
    std::rethrow_exception(crossed(error));
  } catch (const E& arrived) {
    const auto* const origin = dynamic_cast<const RemoteOrigin*>(&arrived);
    if (!origin) return "no RemoteOrigin";
    if (origin->type() != type) return "the type is " + origin->type();
    if (origin->worker() != "math-0 (pid 7)" || origin->function() != "arithmetic::add") return "another origin";
    const std::string expected = std::string(error.what()) + " (in arithmetic::add, worker math-0 (pid 7))";
    return arrived.what() == expected ? "arrived" : arrived.what();
  } catch (...) {
    return "another type: " + describe(std::current_exception());
  }
}

}  // namespace

// --- calls -----------------------------------------------------------------------------------------------------------

TEST_CASE("a function is called by its number with archived arguments") {
  CHECK(call<&arithmetic::add>(2, 3) == 5);
  CHECK(call<&arithmetic::add_quietly>(2, 3) == 5);
  CHECK(call<&arithmetic::shout>(std::string("hey"), 2.0) == "hey!2.000000");
  call<&arithmetic::nothing>();
}

TEST_CASE("arguments are archived as the types of the parameters, whatever was passed") {
  CHECK(call<&arithmetic::add>(short{2}, 'a') == 99);
  CHECK(call<&arithmetic::shout>("hey", 2) == "hey!2.000000");
  CHECK(remote_call<&arithmetic::add>(2L, 3LL).arguments == remote_call<&arithmetic::add>(2, 3).arguments);
}

TEST_CASE("a result that is a reference comes as a value") { CHECK(call<&arithmetic::same>("text") == "text"); }

TEST_CASE("an instance of a template is a function, each with its number") {
  CHECK(call<&arithmetic::doubled<int>>(4) == 8);
  CHECK(call<&arithmetic::doubled<double>>(0.25) == 0.5);
  CHECK(call<&arithmetic::doubled<std::string>>("ab") == "abab");
  CHECK(RemoteFunction<&arithmetic::doubled<int>>::number != RemoteFunction<&arithmetic::doubled<double>>::number);
  CHECK(RemoteFunction<&arithmetic::doubled<int>>::name().starts_with("arithmetic::doubled"));
  CHECK(RemoteFunction<&arithmetic::doubled<double>>::name().starts_with("arithmetic::doubled"));
}

TEST_CASE("closures without captures are functions, also two of the same type in one function") {
  CHECK(call<[](int a) { return a + 1; }>(1) == 2);
  CHECK(call<[](int a) { return a + 10; }>(1) == 11);
  CHECK(call<[](int a) noexcept { return a + 100; }>(1) == 101);
}

TEST_CASE("an object of a literal type whose call is const is a function") {
  CHECK(call<arithmetic::Adder{}>(1, 2) == 3);
}

TEST_CASE("function<&f> is called as f is") {
  CHECK(function<&arithmetic::add>(1, 2) == 3);
  CHECK(function<&arithmetic::shout>("a", 1) == "a!1.000000");
}

TEST_CASE("function<&f> runs on a thread pool as on a process pool") {
  const auto body = []() -> Coro<int> {
    ThreadPoolExecutor threads({.threads = 1});
    co_return co_await run_in_executor(threads, function<&arithmetic::add>, 20, 22);
  };
  CHECK(here(body()) == 42);
}

// --- the table -------------------------------------------------------------------------------------------------------

TEST_CASE("the table gives a function and its name for a number, and null for one that is too high") {
  const FunctionRegistry& registry = FunctionRegistry::instance();
  const auto* const entry = registry.find(RemoteFunction<&arithmetic::add>::number);
  REQUIRE(entry);
  CHECK(entry->name == "arithmetic::add");
  CHECK(entry->call == &RemoteFunction<&arithmetic::add>::call);
  CHECK(registry.find(1'000'000) == nullptr);
}

TEST_CASE("the identity of a build is the same each time, and depends on the functions and their names") {
  static const auto call = [](std::string_view) { return std::string(); };
  FunctionRegistry one;
  FunctionRegistry other;
  CHECK(one.identity() == other.identity());
  CHECK(one.add({+call, "f"}) == 1);
  CHECK(one.find(0) == nullptr);  // no function: what is not numbered yet
  CHECK(one.identity() != other.identity());
  CHECK(other.add({+call, "g"}) == 1);
  CHECK(one.identity() != other.identity());
  CHECK(FunctionRegistry::instance().identity() == FunctionRegistry::instance().identity());
}

TEST_CASE("the name of a function is what both compilers write behind F") {
  CHECK(name_in("std::string_view name() [with auto F = arithmetic::add; std::string_view = x]") == "arithmetic::add");
  CHECK(name_in("static std::string_view RemoteFunction<&arithmetic::add>::name() [F = &arithmetic::add]") ==
        "arithmetic::add");
  CHECK(name_in("something else") == "something else");
}

// --- exceptions ------------------------------------------------------------------------------------------------------

TEST_CASE("exceptions that are made of a text arrive as themselves, with their origin") {
  CHECK(arrival(std::logic_error("why"), "std::logic_error") == "arrived");
  CHECK(arrival(std::invalid_argument("why"), "std::invalid_argument") == "arrived");
  CHECK(arrival(std::domain_error("why"), "std::domain_error") == "arrived");
  CHECK(arrival(std::length_error("why"), "std::length_error") == "arrived");
  CHECK(arrival(std::out_of_range("why"), "std::out_of_range") == "arrived");
  CHECK(arrival(std::runtime_error("why"), "std::runtime_error") == "arrived");
  CHECK(arrival(std::range_error("why"), "std::range_error") == "arrived");
  CHECK(arrival(std::overflow_error("why"), "std::overflow_error") == "arrived");
  CHECK(arrival(std::underflow_error("why"), "std::underflow_error") == "arrived");
  CHECK(arrival(RuntimeError("why"), "rondo::RuntimeError") == "arrived");
  CHECK(arrival(TimeoutError("why"), "rondo::TimeoutError") == "arrived");
  CHECK(arrival(InvalidStateError("why"), "rondo::InvalidStateError") == "arrived");
}

TEST_CASE("exceptions that have texts of their own arrive as themselves") {
  CHECK(arrival(std::exception(), "std::exception") == "arrived");
  CHECK(arrival(std::bad_alloc(), "std::bad_alloc") == "arrived");
  CHECK(arrival(std::bad_array_new_length(), "std::bad_array_new_length") == "arrived");
  CHECK(arrival(std::bad_cast(), "std::bad_cast") == "arrived");
  CHECK(arrival(std::bad_typeid(), "std::bad_typeid") == "arrived");
  CHECK(arrival(std::bad_exception(), "std::bad_exception") == "arrived");
  CHECK(arrival(std::bad_optional_access(), "std::bad_optional_access") == "arrived");
  CHECK(arrival(std::bad_variant_access(), "std::bad_variant_access") == "arrived");
  CHECK(arrival(std::bad_function_call(), "std::bad_function_call") == "arrived");
  CHECK(arrival(std::bad_weak_ptr(), "std::bad_weak_ptr") == "arrived");
}

TEST_CASE("a system_error keeps its code, of the generic and of the system category") {
  for (const std::error_category* category : {&std::generic_category(), &std::system_category()}) {
    const std::system_error error(std::error_code(EADDRINUSE, *category), "bind");
    CHECK(arrival(error, "std::system_error") == "arrived");
    try {
      std::rethrow_exception(crossed(error));
    } catch (const std::system_error& arrived) {
      CHECK(arrived.code() == error.code());
      CHECK(arrived.code() == std::errc::address_in_use);
    }
  }
}

TEST_CASE("what derives from system_error arrives as a system_error with the name of its type") {
  const std::filesystem::filesystem_error error("open", "/x", std::make_error_code(std::errc::permission_denied));
  try {
    std::rethrow_exception(crossed(error));
  } catch (const std::system_error& arrived) {
    CHECK(arrived.code() == std::errc::permission_denied);
    CHECK(contains(arrived.what(), "/x"));
    CHECK(contains(dynamic_cast<const RemoteOrigin&>(arrived).type(), "filesystem_error"));
  }
}

TEST_CASE("a system_error of a category that nobody knows arrives as a RemoteError") {
  struct Moods final : std::error_category {
    const char* name() const noexcept override { return "moods"; }
    std::string message(int) const override { return "sulking"; }
  };
  static const Moods moods;
  const std::string text = describe(crossed(std::system_error(std::error_code(3, moods), "the cat")));
  CHECK(text == "std::system_error: the cat: sulking (in arithmetic::add, worker math-0 (pid 7))");
}

TEST_CASE("an exception of a type that cannot cross is a RemoteError with the name of the type") {
  struct Own : std::runtime_error {
    using runtime_error::runtime_error;
  };
  try {
    std::rethrow_exception(crossed(Own("mine")));
  } catch (const RemoteError& error) {
    CHECK(contains(error.type(), "Own"));
    CHECK(contains(error.what(), "mine"));
  }
  CHECK(describe(crossed(7)) ==
        "int: an exception that is no std::exception (in arithmetic::add, worker math-0 (pid 7))");
  CHECK(contains(describe(crossed(CancelledError("stop"))), "rondo::CancelledError: "));
}

TEST_CASE("a pool that broke in a worker is a RemoteError: nobody takes it for the pool here") {
  CHECK_THROWS_AS(std::rethrow_exception(crossed(BrokenProcessPool("why"))), RemoteError);
}

TEST_CASE("the text of an exception may be empty, and may have lines") {
  CHECK(arrival(std::runtime_error(""), "std::runtime_error") == "arrived");
  CHECK(arrival(std::runtime_error("one\ntwo\n"), "std::runtime_error") == "arrived");
}

TEST_CASE("bytes that were no exception are a RemoteError all the same") {
  for (const char* const bytes : {"", "\n", "x", "x\ny", "std::system_error\ngeneric\n", "\n\n\n"}) {
    CHECK(contains(describe(restore_exception(bytes, "w", "f")), "(in f, worker w)"));
  }
}
