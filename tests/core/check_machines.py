#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares core/MACHINES.md with what the program prints.

    check_machines.py PROGRAM MACHINES_MD HEADERS            fails if they differ, or if a header in HEADERS is missing
    check_machines.py --write PROGRAM MACHINES_MD HEADERS    writes the file
    check_machines.py --self-test
"""
import difflib
import pathlib
import subprocess
import sys


def problems(committed, printed, headers):
    found = [line.rstrip("\n") for line in difflib.unified_diff(
        committed.splitlines(), printed.splitlines(), "core/MACHINES.md", "the arrows", lineterm="")]
    if found:
        found.append("core/MACHINES.md is not what the arrows say: run `ninja -C build machines-md` and commit the file")
    for header in headers:
        if f"(include/rondo/machines/{header})" not in printed:
            found.append(f"machines/{header} is not in for_each_machine() of tests/core/machines.hpp")
    return found


def self_test():
    text = "## a\n[a](include/rondo/machines/a.hpp)\n    x --> y : go / run\n"
    cases = [
        (problems(text, text, ["a.hpp"]), ""),
        (problems(text, text.replace("run", "stop"), ["a.hpp"]), "not what the arrows say"),
        (problems(text, text, ["a.hpp", "b.hpp"]), "machines/b.hpp is not in for_each_machine()"),
    ]
    bad = [wanted for found, wanted in cases if (wanted not in "\n".join(found)) or bool(found) != bool(wanted)]
    print("BAD: " + ", ".join(bad) if bad else "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        sys.exit(self_test())
    write = arguments[:1] == ["--write"]
    program, path, folder = arguments[1:] if write else arguments
    printed = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    path = pathlib.Path(path)
    if write:
        path.write_text(printed, encoding="utf-8")
        return
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = problems(committed, printed, sorted(p.name for p in pathlib.Path(folder).glob("*.hpp")))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
