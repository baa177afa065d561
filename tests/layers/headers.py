#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compiles each public header of a layer alone, included twice, with the flags of the layer's own library.

    headers.py BUILD ROOT LAYER                  a layer, or a floor of core
    headers.py --self-test BUILD ROOT

A header that needs another one to be included first does not pass, and neither does one that has a warning for its user.
HEADERS_JOBS says how many to compile at a time.
"""
import concurrent.futures
import os
import pathlib
import sys
import tempfile

import compile_command
import floors

WARNINGS = ["-Werror", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wnon-virtual-dtor"]


def check(flags, names, build):
    """Problems of the headers `names`, by name."""
    problems = {}
    with tempfile.TemporaryDirectory() as folder:
        def compile_alone(name):
            text = f"#include <{name}>\n#include <{name}>\nint main() {{}}\n"
            return name, compile_command.compile_text(flags, text, folder, build, name.replace("/", "_") + ".cpp",
                                                      WARNINGS)

        with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("HEADERS_JOBS", "1"))) as pool:
            for name, errors in pool.map(compile_alone, names):
                if errors:
                    problems[name] = errors
    return problems


def of_hosts_that_are_there(names, build, root):
    """Without those whose source is not compiled, since their host is missing."""
    compiled = {source.stem for source, _ in compile_command.layer_commands(build, root, "adapters")}
    sources = {path.stem for path in pathlib.Path(root, "adapters/src").glob("*.cpp")}
    missing = [name for name in names if pathlib.Path(name).stem in sources - compiled]
    for name in missing:
        print(f"{name} is not compiled: its host is missing")
    return [name for name in names if name not in missing]


def self_test(build, root):
    flags = compile_command.layer_flags(build, root, "scope")
    slips = {
        "forgets.hpp": "#pragma once\ninline std::vector<int> f() { return {}; }\n",  # <vector>
        "twice.hpp": "struct Twice {};\n",  # #pragma once
        "upwards.hpp": "#pragma once\n#include <rondo/backends/sim.hpp>\n",  # a layer above
        "sideways.hpp": "#pragma once\n#include <rondo/lock.hpp>\n",  # a floor beside
        "warns.hpp": "#pragma once\nstruct Base { virtual void f() = 0; };\n",
        "fine.hpp": "#pragma once\n#include <rondo/time.hpp>\ninline rondo::Duration f() { return {}; }\n",
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, text in slips.items():
            pathlib.Path(folder, name).write_text(text, encoding="utf-8")
        found = check([*flags, f"-I{folder}"], list(slips), build)
    wanted = {"forgets.hpp": "vector", "twice.hpp": "Twice", "upwards.hpp": "rondo/backends/sim.hpp",
              "sideways.hpp": "rondo/lock.hpp", "warns.hpp": "non-virtual-dtor"}
    ok = set(found) == set(wanted) and all(text in found[name] for name, text in wanted.items())
    print("ok" if ok else f"BAD: {found}")
    return 0 if ok else 1


def main():
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 3:
        sys.exit(__doc__)
    if testing:
        sys.exit(self_test(*(pathlib.Path(argument).resolve() for argument in arguments[1:])))
    build, root = (pathlib.Path(argument).resolve() for argument in arguments[:2])
    layer = arguments[2]
    include = floors.include_root(root, layer)
    names = sorted(path.relative_to(include).as_posix() for path in include.rglob("*.hpp"))
    if layer == "adapters":
        names = of_hosts_that_are_there(names, build, root)
    flags = compile_command.layer_flags(build, root, layer)
    if not flags or not names:
        sys.exit(f"headers.py: nothing to check in {layer}")
    problems = check(flags, names, build)
    for name, errors in problems.items():
        print(f"{floors.folder(layer)}/include/{name} does not compile alone:\n{errors}")
    print(f"{len(names) - len(problems)} of {len(names)} headers of {layer} compile alone")
    sys.exit(1 if problems else 0)


main()
