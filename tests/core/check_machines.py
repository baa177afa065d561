#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares core/MACHINES.md with what the program prints.

    check_machines.py PROGRAM CORE            fails if they differ, or if the header of a machine is missing in the file
    check_machines.py --write PROGRAM CORE    writes the file
    check_machines.py --self-test

CORE is the folder of core; the headers are FLOOR/include/rondo/machines/*.hpp in it.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile


def problems(committed, printed, headers):
    found = [line.rstrip("\n") for line in difflib.unified_diff(
        committed.splitlines(), printed.splitlines(), "core/MACHINES.md", "the arrows", lineterm="")]
    if found:
        found.append("core/MACHINES.md is not what the arrows say: run `ninja -C build machines-md` and commit the file")
    for header in headers:
        if f"({header})" not in printed:
            found.append(f"{header} is not in for_each_machine() of tests/core/machines.hpp, or for_each_machine() names "
                         "another floor for it")
    return found


def headers_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in pathlib.Path(folder).glob("*/include/rondo/machines/*.hpp"))


def self_test():
    text = "## a\n[a](coro/include/rondo/machines/a.hpp)\n    x --> y : go / run\n"
    with tempfile.TemporaryDirectory() as folder:
        tree = pathlib.Path(folder, "coro/include/rondo/machines")
        tree.mkdir(parents=True)
        (tree / "a.hpp").touch()
        (tree.parent / "b.hpp").touch()  # no machine
        found = headers_of(folder)
    cases = [
        (problems(text, text, found), ""),
        (problems(text, text.replace("run", "stop"), found), "not what the arrows say"),
        (problems(text, text, [*found, "net/include/rondo/machines/b.hpp"]), "machines/b.hpp is not in for_each_machine()"),
        (problems(text, text, ["kernel/include/rondo/machines/a.hpp"]), "names another floor"),
    ]
    bad = [wanted for found, wanted in cases if (wanted not in "\n".join(found)) or bool(found) != bool(wanted)]
    print("BAD: " + ", ".join(bad) if bad else "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        sys.exit(self_test())
    write = arguments[:1] == ["--write"]
    if len(arguments) != 2 + write:
        sys.exit(__doc__)
    program, folder = arguments[write:]
    printed = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout
    path = pathlib.Path(folder, "MACHINES.md")
    if write:
        path.write_text(printed, encoding="utf-8")
        return
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    headers = headers_of(folder)
    found = problems(committed, printed, headers) if headers else [f"no machine is in {folder}"]
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
