#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that a layer sees its own headers and those below it, and no others.

    roots.py BUILD ROOT         checks the flags of the build, and that includes of other layers do not compile
    roots.py --self-test BUILD ROOT

The slips are compiled with the very flags of the layer's library: what fails here fails in the build.
"""
import pathlib
import sys
import tempfile

import compile_command

# What each layer may see. Backends do not know adapters, adapters do not know backends.
SEES = {"core": ["core"], "backends": ["core", "backends"], "adapters": ["core", "adapters"]}

# (layer, source, the file that must not be found; None: it must compile)
SLIPS = [
    ("core", "#include <rondo/task.hpp>\n", None),
    ("core", "#include <rondo/backends/epoll.hpp>\n", "rondo/backends/epoll.hpp"),
    ("core", "#include <rondo/executors/thread_pool.hpp>\n", "rondo/executors/thread_pool.hpp"),
    ("core", '#include "epoll.hpp"\n', "epoll.hpp"),
    ("core", '#include "task.hpp"\n', "task.hpp"),
    ("core", '#include "src/loop.cpp"\n', "src/loop.cpp"),
    ("core", "#include <rondo/adapters/glib.hpp>\n", "rondo/adapters/glib.hpp"),
    ("backends", "#include <rondo/backends/sim.hpp>\n#include <rondo/task.hpp>\n", None),
    ("backends", "#include <rondo/adapters/glib.hpp>\n", "rondo/adapters/glib.hpp"),
    ("backends", '#include "kernel.cpp"\n', "kernel.cpp"),
]


def check_roots(layer, source, roots, build, root):
    """Every include root must be a layer's `include/` that this one may see, its own `src/`, or made by the build."""
    allowed = [pathlib.Path(root, below, "include") for below in SEES[layer]] + [pathlib.Path(root, layer, "src")]
    problems = []
    for seen in roots:
        made = seen.is_relative_to(build) and not any(seen == pathlib.Path(build, other) for other in SEES)
        foreign = not seen.is_relative_to(root) and not seen.is_relative_to(build)  # a dependency of its own
        if seen in allowed or made or (foreign and layer != "core"):
            continue
        problems.append(f"{source}: {layer} may not see the include root {seen}")
    return problems


def check_slip(flags, layer, text, missing, build):
    with tempfile.TemporaryDirectory() as folder:
        errors = compile_command.compile_text(flags, text, folder, build)
    line = text.split("\n")[0]
    if missing is None:
        return [f"{layer}: {line} should compile:\n{errors}"] if errors else []
    if not errors:
        return [f"{layer}: {line} compiles, but {layer} may not see it"]
    if f"{missing}: No such file" not in errors and f"'{missing}' file not found" not in errors:
        return [f"{layer}: {line} fails for another reason:\n{errors}"]
    return []


def check(build, root):
    problems = []
    for layer in SEES:
        commands = compile_command.layer_commands(build, root, layer)
        if layer == "core" and not commands:
            problems.append("no command of the core library in compile_commands.json")
        for source, arguments in commands:
            roots = compile_command.include_roots(arguments, build)
            problems += check_roots(layer, source.relative_to(root), roots, build, root)
        flags = compile_command.flags_of(commands[0][1]) if commands else None
        for slip_layer, text, missing in SLIPS:
            if slip_layer == layer and flags:
                problems += check_slip(flags, layer, text, missing, build)
    return problems


def self_test(build, root):
    """The checks with one include root too many must fail."""
    flags = compile_command.layer_flags(build, root, "core")
    more = [*flags, f"-I{root}/backends/include", f"-iquote{root}/core"]
    slip = SLIPS[1]
    cases = [
        ("core may not see the include root", check_roots("core", "core/src/a.cpp", compile_command.include_roots(more, build),
                                                          build, root)),
        ("compiles, but core may not see it", check_slip(more, *slip[:2], slip[2], build)),
        ("should compile", check_slip(flags, "core", "#include <rondo/no_such_header.hpp>\n", None, build)),
        ("fails for another reason", check_slip(flags, "core", "#error stop\n", "epoll.hpp", build)),
    ]
    bad = [wanted for wanted, found in cases if not any(wanted in line for line in found)]
    print("\n".join(f"BAD: nothing says '{wanted}'" for wanted in bad) if bad else "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 2 + testing:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in arguments[testing:])
    if testing:
        sys.exit(self_test(build, root))
    problems = check(build, root)
    print("\n".join(problems) if problems else "each layer sees what it may")
    sys.exit(1 if problems else 0)


main()
