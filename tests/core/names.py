#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that a program with `using namespace rondo` may have names of its own that are words of rondo's inside.

    names.py BUILD ROOT
    names.py --self-test BUILD ROOT

A variable `task` is ambiguous where rondo has a function, a type or a namespace of that name: so the machines live in
rondo::machines, and what users do not name has no plain word for a name. All names stand in one program.
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "layers"))
import compile_command  # noqa: E402

# Left out are the functions that users type (timeout, wait, wait_for, sleep, gather, shield, run, ...), and two that they
# see where they look inside (describe, fire): these are rondo's on purpose.
NAMES = """
handle task future loop group operation generator barrier never here machine entry hook kernel driver place message
context address port
backend body child condition connection endpoint event job lock parent queue reader resident result routine runner
semaphore server state step story stream timer words writer
""".split()
# The C library has these in <unistd.h>, which the standard headers of GCC include; so rondo must just not have them.
OF_C = ["fork", "link", "time"]
BEGIN = "#include <rondo/rondo.hpp>\nusing namespace rondo;\nusing namespace std::chrono_literals;\n"


def program(names):
    return "".join(f"int {name} = 1;\nint use_{name}() {{ return ++{name}; }}\n" for name in names)


def problems_of(flags, build, names, of_c, more=""):
    """`more` stands between rondo's headers and the program."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        def errors_of(text):
            return compile_command.compile_text([*flags, "-fdiagnostics-color=never"], BEGIN + more + text, folder, build)

        errors = names and errors_of(program(names))
        if errors:
            wrong = [name for name in names if f"use_{name}()" in errors] or names
            problems = [f"a variable named {' or '.join(wrong)} cannot be used:\n{errors}"]
        errors = of_c and errors_of("".join(f"namespace mine {{ using rondo::{name}; }}\n" for name in of_c))
        for name in of_c:
            if not re.search(f"[‘']{name}[’'] has not been declared|no member named '{name}'", errors):
                problems.append(f"rondo should not have the name {name}, which is the C library's")
    return problems


def self_test(flags, build):
    slips = [
        ("namespace rondo { namespace task {} }\n", ["task", "here"], [], "named task cannot be used"),
        ("namespace rondo { void barrier(); }\n", ["barrier", "here"], [], "named barrier cannot be used"),
        ("namespace rondo { extern int here; }\n", ["task", "here"], [], "named here cannot be used"),
        ("namespace rondo { struct address; }\n", ["address", "here"], [], "named address cannot be used"),
        ("namespace rondo { void fork(); }\n", [], ["fork", "link"], "rondo should not have the name fork"),
        ("namespace rondo { namespace link {} }\n", [], ["fork", "link"], "rondo should not have the name link"),
    ]
    bad = []
    for more, names, of_c, wanted in slips:
        found = problems_of(flags, build, names, of_c, more)
        if len(found) != 1 or wanted not in found[0]:
            bad.append(f"BAD: {more}{found}")
    if not problems_of(flags, build, ["timeout"], []):
        bad.append("BAD: timeout is rondo's, and is not missed")
    print("\n".join(bad) or "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 2 + testing:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in arguments[testing:])
    flags = compile_command.layer_flags(build, root, "net")  # all of core
    if testing:
        sys.exit(self_test(flags, build))
    problems = problems_of(flags, build, NAMES, OF_C)
    print("\n".join(problems) or f"{len(NAMES) + len(OF_C)} names are the user's")
    sys.exit(1 if problems else 0)


main()
