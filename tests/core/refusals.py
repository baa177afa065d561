#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that what cannot be right does not compile, and that the compiler says why in rondo's words.

    refusals.py BUILD ROOT

Each case is compiled with the flags of core as it stands, and must fail; without the line that is wrong it must not.
"""
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "layers"))
import compile_command  # noqa: E402

BEGIN = """#include <array>
#include <rondo/rondo.hpp>
using namespace rondo;
using namespace std::chrono_literals;
struct alignas(64) Wide { std::array<char, 64> bytes; };
Coro<int> number() { co_return 1; }
Coro<> test() {
  Queue<Wide> queue;
  const Wide wide{};
  const Task<int> task = create_task(number());
  const Future<> future = this_loop().create_future<>();
  const auto by_reference = [](const Wide&) -> Coro<> { co_return; };
  co_await by_reference(wide);
  queue.put_nowait(wide);
  co_await wait(future);
"""
END = "}\n"
TAKES = "const auto takes = [](Wide) -> Coro<> { co_return; };"
# (the wrong line, what the compiler must say; a tuple: one of them)
CASES = [
    (TAKES, "over-aligned parameters are not supported in a coroutine: pass a reference or a pointer"),
    ("const auto yields = [](int, Wide) -> AsyncGenerator<int> { co_yield 1; };", "over-aligned parameters"),
    ("auto body = [wide]() -> Coro<> { co_return; }; co_await timeout(1s, body);", "over-aligned"),
    ("co_await to_thread([wide] { return wide.bytes[0]; });", "over-aligned"),
    ("auto job = run_in_executor(nullptr, [wide] { return wide.bytes[0]; });", "not supported in a job: pass a pointer"),
    ("co_await queue.put(wide);", "over-aligned items are not supported in a put"),
    ("co_await sleep(1s, wide);", "over-aligned values are not supported in a sleep"),
    ("co_await sleep(1);", "a duration needs a unit: write 1s, 500ms or std::chrono::seconds(n)"),
    ("co_await sleep(0.5);", "a duration needs a unit"),
    ("co_await wait_for(task, 5);", "a duration needs a unit"),
    ("co_await wait({.timeout = 1}, future);", "a duration needs a unit"),
    ("static_cast<void>(this_loop().call_later(3, [] {}));", "a duration needs a unit"),
    ("const auto gives = []() -> Coro<Wide> { co_return Wide(); };", "over-aligned results"),
    ("const auto refers = [](int& n) -> Coro<int&> { co_return n; };", "cannot return a reference: return a pointer"),
    ("const auto refers = [](int& n) -> AsyncGenerator<int&> { co_yield n; };", "cannot yield references: yield a pointer"),
    ("this_loop().call_soon(number);", "a coroutine function cannot be a callback"),
    ("this_loop().call_later(1s, number);", "as in [=] { static_cast<void>(create_task(f())); }"),
    ("future.add_done_callback([](Future<>) { return number(); });", "a coroutine function cannot be a callback"),
    ("this_loop().add_signal_handler(2, number);", "a coroutine function cannot be a callback"),
    ("this_loop().call_soon_threadsafe(number);", "a coroutine function cannot be a callback"),
    ("this_loop().call_soon([] { return sleep(1s); });", "nor can one that gives anything else to be awaited"),
    ("this_loop().call_soon([&queue] { return queue.get(); });", "nor can one that gives anything else to be awaited"),
    ("this_loop().call_soon([]() -> AsyncGenerator<int> { co_yield 1; });", "a coroutine function cannot be a callback"),
    ("this_loop().set_exception_handler([](const ErrorContext&) { return number(); });", "a coroutine function cannot be a"),
    ("auto job = run_in_executor(nullptr, number);", "a coroutine function cannot be a callback"),
    ("create_task([](int, int, int, int) { return sleep(1s); }, 1, 2, 3, 4);", "at most three arguments"),
    ("Context context = copy_context(); context.run(number);", "a coroutine function cannot be a callback"),
    ("this_loop().call_soon([wide] {});", "over-aligned closures are not supported as callbacks"),
    ("co_await wait(task, future);", "wait: futures of different types"),
    ("co_await wait({.timeout = 1s}, future, this_loop().create_future<int>());", "wait: futures of different types"),
    ("wait(number(), number());", "make a task of a coroutine with create_task()"),
    ("wait(task, number());", "make a task of a coroutine with create_task()"),
]
GCC_12 = [
    ("std::string text; co_await timeout(1s, [text]() -> Coro<> { co_return; });", "PR 99576"),
    ("std::string text; co_await task_group([text](TaskGroup&) -> Coro<> { co_return; });", "PR 99576"),
]


def problems_of(flags, build, folder, cases):
    problems = []
    for wrong, wanted in cases:
        errors = compile_command.compile_text(flags, BEGIN + wrong + "\n" + END, folder, build)
        if not errors:
            problems.append(f"compiles, but should not: {wrong}")
        elif wanted not in errors:
            problems.append(f"{wrong}\nis refused, but not with '{wanted}':\n{errors}")
    return problems


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    flags = compile_command.layer_flags(build, root, "net")  # all of core
    with tempfile.TemporaryDirectory() as folder:
        errors = compile_command.compile_text(flags, BEGIN + END, folder, build)
        problems = [f"this should compile:\n{errors}"] if errors else []
        old = "#if defined(__clang__) || __GNUC__ >= 13\n#error new\n#endif\n"
        cases = CASES + ([] if compile_command.compile_text(flags, old, folder, build) else GCC_12)
        problems += problems_of(flags, build, folder, cases)
        if not problems_of(flags, build, folder, [("int unused = 0;", "")]):
            problems.append("the check does not notice what compiles")
    print("\n".join(problems) or f"{len(cases)} mistakes are refused")
    sys.exit(1 if problems else 0)


main()
