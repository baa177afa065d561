#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Installs into a temporary folder and builds an example against what is there, through pkg-config.

    install.py BUILD ROOT LOOP_BACKEND COMPILER...
    install.py --self-test

Checks that every public header is installed and nothing else is, that `pkg-config --variable=loop_backend rondo` says
what the build was made for, that the example prints what it promises, and that it does not link when it was compiled for
another choice of loop_backend.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

EXAMPLE = "05_gather_factorials"
LAYERS = ["core", "backends", "adapters"]


def run(command, **options):
    ran = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                         **options)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(str(c) for c in command)} failed:\n{ran.stdout}")
    return ran.stdout


def headers_in(folder):
    """Those that the build writes stand in the sources as .hpp.in."""
    if not folder:
        return set()
    return {path.relative_to(folder).as_posix().removesuffix(".in") for end in (".hpp", ".hpp.in")
            for path in folder.rglob("*" + end)}


def header_problems(public, installed):
    return ([f"{name} is not installed: it is missing in the list of its include/meson.build" for name in sorted(public - installed)] +
            [f"{name} is installed, but not public" for name in sorted(installed - public)])


def public_headers(root, tree):
    """The headers of the layers; adapters only where one of theirs is installed."""
    installed = headers_in(tree)
    public = set()
    for layer in LAYERS:
        names = headers_in(root / layer / "include")
        if layer != "adapters" or names & installed:
            public |= names
    return public, installed


def backend_problems(found, wanted):
    return [] if found == wanted else [f"pkg-config --variable=loop_backend rondo says '{found}', not '{wanted}'"]


def build_example(root, compiler, flags, folder, libraries):
    program = pathlib.Path(folder, EXAMPLE)
    run([*compiler, "-std=c++20", root / "examples" / f"{EXAMPLE}.cpp", "-o", program, *flags])
    printed = run([program, "--sim"], env={**os.environ, "LD_LIBRARY_PATH": str(libraries)})
    expected = (root / "examples/expected" / f"{EXAMPLE}.txt").read_text(encoding="utf-8")
    return [] if printed.splitlines() == expected.splitlines() else [f"{EXAMPLE} prints:\n{printed}instead of:\n{expected}"]


def mismatch_problems(root, compiler, flags, folder, tree, loop_backend):
    """Compiles the example for another choice, and links it with this one."""
    other = "sim" if loop_backend != "sim" else "epoll"
    header = pathlib.Path(folder, "other/rondo/loop_backend.hpp")
    header.parent.mkdir(parents=True)
    text = (tree / "rondo/loop_backend.hpp").read_text(encoding="utf-8")
    header.write_text(text.replace(f"loop_backend_is_{loop_backend}", f"loop_backend_is_{other}"), encoding="utf-8")
    ran = subprocess.run([*compiler, "-std=c++20", f"-I{folder}/other", root / "examples" / f"{EXAMPLE}.cpp", "-o",
                          pathlib.Path(folder, "mismatch"), *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, check=False)
    if ran.returncode == 0:
        return [f"a program compiled for {other} links with a library built for {loop_backend}"]
    if f"loop_backend_is_{other}::make_default_backend" not in ran.stdout:
        return [f"the linker does not say that the program was compiled for {other}:\n{ran.stdout}"]
    return []


def check(build, root, loop_backend, compiler):
    with tempfile.TemporaryDirectory() as folder:
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        package = next(pathlib.Path(folder).rglob("rondo.pc"), None)
        if not package:
            return ["rondo.pc is not installed"]
        environment = {**os.environ, "PKG_CONFIG_PATH": str(package.parent), "PKG_CONFIG_SYSROOT_DIR": folder,
                       "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        tree = next((path.parent for path in pathlib.Path(folder).rglob("rondo") if (path / "rondo.hpp").is_file()), None)
        problems = header_problems(*public_headers(root, tree))
        found = run(["pkg-config", "--variable=loop_backend", "rondo"], env=environment).strip()
        problems += backend_problems(found, loop_backend)
        # --static: it is harmless for shared libraries, and static ones need what it adds.
        flags = run(["pkg-config", "--cflags", "--libs", "--static", "rondo"], env=environment).split()
        problems += build_example(root, compiler, flags, folder, package.parent.parent)
        return problems + mismatch_problems(root, compiler, flags, folder, tree, loop_backend)


def self_test():
    cases = [
        (header_problems({"rondo/a.hpp", "rondo/b.hpp"}, {"rondo/a.hpp"}), "rondo/b.hpp is not installed"),
        (header_problems({"rondo/a.hpp"}, {"rondo/a.hpp", "src/c.hpp"}), "src/c.hpp is installed, but not public"),
        (header_problems({"rondo/a.hpp"}, {"rondo/a.hpp"}), None),
        (backend_problems("sim", "epoll"), "says 'sim', not 'epoll'"),
        (backend_problems("sim", "sim"), None),
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in [(f"examples/{EXAMPLE}.cpp", '#include <cstdio>\nint main() { std::puts("one"); }\n'),
                           (f"examples/expected/{EXAMPLE}.txt", "two\n")]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        cases.append((build_example(root, ["c++"], [], folder, folder), "prints:\none\ninstead of:\ntwo"))
    bad = [wanted for found, wanted in cases if (found != [] if wanted is None else not any(wanted in p for p in found))]
    print(f"BAD: {bad}" if bad else "ok")
    return 1 if bad else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(self_test())
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    problems = check(build, root, sys.argv[3], sys.argv[4:])
    print("\n".join(problems) if problems else "the installed tree works")
    sys.exit(1 if problems else 0)


main()
