#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""`rondo tasks` of gdb tells of a live process and of a core file what dump_tasks() would.

    gdb_test.py PROGRAM SCRIPT GDB

Where a process may not be traced this is skipped, and says so.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
EXPECTED = [
    "5 tasks:",
    r"  Task 'worker' \(made at waiting_tasks.cpp:\d+ \(tree\)\) waits at waiting_tasks.cpp:\d+ \(leaf\) < waiting_tasks.cpp:\d+ \(branch\)",
    r"    Task 'watcher' \(made at waiting_tasks.cpp:\d+ \(tree\)\) awaits a task at waiting_tasks.cpp:\d+ \(a lambda in tree\)",
    r"      Task 'Task-1' \(made at waiting_tasks.cpp:\d+ \(main\)\) awaits a task at waiting_tasks.cpp:\d+ \(tree\)",
    r"  Task 'left' \(made at .*\) awaits a task at .* \(circle\)",
    r"    Task 'right' \(made at .*\) awaits a task at .* \(circle\)",
]


def gdb(tool, *arguments):
    return subprocess.run([tool, "-batch", "-nx", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False).stdout


def problems_of(where, printed):
    lines = printed.splitlines()
    begin = next((i for i, line in enumerate(lines) if line.startswith("loop with its kernel at ")), None)
    if begin is None:
        return [f"{where}: no loop is found:\n{printed}"]
    lines = [lines[begin].split(": ", 1)[1], *lines[begin + 1:]]
    return [f"{where}: a line should be like\n{wanted}\nin\n{printed}" for wanted, line in zip(EXPECTED, lines + [""] * 9)
            if not re.fullmatch(wanted, line)]


def main():
    program, script, tool = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        core = str(pathlib.Path(folder, "core"))
        live = gdb(tool, "-ex", "run", "-ex", f"source {script}", "-ex", "rondo tasks", "-ex", f"gcore {core}", program)
        if "ptrace" in live and "Operation not permitted" in live:
            print("a process may not be traced here: gdb is not tested")
            sys.exit(SKIPPED)
        problems = problems_of("a live process", live)
        dead = gdb(tool, "-ex", f"source {script}", "-ex", "rondo tasks", program, core)
        problems += problems_of("a core file", dead)
        wrong = gdb(tool, "-ex", f"source {script}", "-ex", "rondo tasks", program)
        if "no stack shows a loop of rondo" not in wrong:
            problems.append(f"without a process it does not say what is missing:\n{wrong}")
    print("\n".join(problems) if problems else "gdb tells of the tasks")
    sys.exit(1 if problems else 0)


main()
