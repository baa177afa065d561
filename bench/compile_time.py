#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""How long a small program compiles, compared with the standard headers that rondo's headers include.

    bench/compile_time.py [--rounds N] [COMPILER...]

Compiles both in turn and prints the medians of CPU time and of the ratio (goal: 2.2), for each compiler (g++).
"""
import argparse
import pathlib
import re
import resource
import statistics
import subprocess
import tempfile

PROGRAM = """\
#include <cstdio>
#include <rondo/rondo.hpp>
using namespace std::chrono_literals;
rondo::Coro<int> child(int x) {
  co_await rondo::sleep(1ms);
  co_return x;
}
rondo::Coro<> async_main() {
  auto a = rondo::create_task(child(1));
  auto b = rondo::create_task(child(2));
  auto [x, y] = co_await rondo::gather(a, b);
  std::printf("%d\\n", x + y);
}
int main() { rondo::run(async_main()); }
"""
ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDES = [*sorted(ROOT.glob("core/*/include")), ROOT / "backends/include"]
FLAGS = ["-std=c++20", "-O2", "-DRONDO_OWN_BUILD"]  # without the one header that the build writes


def standard_headers():
    found = {"cstdio"}
    for header in ROOT.glob("core/*/include/rondo/**/*.hpp"):
        found.update(re.findall(r"#include <([a-z_]+)>", header.read_text(encoding="utf-8")))
    return sorted(found)


def compile_seconds(compiler, source):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [compiler, *FLAGS, *(f"-I{path}" for path in INCLUDES), "-c", source, "-o", "/dev/null"]
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("compilers", nargs="*", metavar="COMPILER", default=["g++"])
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        headers = pathlib.Path(folder) / "headers.cpp"
        headers.write_text("".join(f"#include <{name}>\n" for name in standard_headers()) + "int main() {}\n")
        program = pathlib.Path(folder) / "program.cpp"
        program.write_text(PROGRAM)
        for compiler in options.compilers:
            pairs = [
                (compile_seconds(compiler, headers), compile_seconds(compiler, program))
                for _ in range(max(1, options.rounds))
            ]
            base, whole = (statistics.median(column) for column in zip(*pairs))
            ratio = statistics.median(b / a for a, b in pairs)
            verdict = "met" if ratio <= 2.2 else "MISSED"
            print(f"{compiler}: standard headers {base:.2f} s, program {whole:.2f} s, ratio {ratio:.2f} (goal 2.2 {verdict})")


if __name__ == "__main__":
    main()
