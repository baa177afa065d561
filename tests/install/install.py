#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Installs into a temporary folder and builds an example against what is there, through pkg-config.

    install.py BUILD ROOT LOOP_BACKEND COMPILER...      RONDO_ALL_STANDARDS=1: see below
    install.py --self-test

Checks that every public header is installed and nothing else is, that `pkg-config --variable=loop_backend rondo` says
what the build was made for, that the example prints what it promises, and that it does not link when it was compiled for
another choice of loop_backend. Then one file with all public headers, after headers of the system that are known for
their macros, must compile without a warning: with the build's compiler as the first two of STANDARDS, and, if
RONDO_ALL_STANDARDS is set, as .ci/run does, with COMPILERS, too, as each of STANDARDS. What is not there is named in the output. (Each header alone: the test `headers of ...`, on the same texts.)
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "layers"))
import floors  # noqa: E402

EXAMPLE = "05_gather_factorials"
HOSTED_EXAMPLE = "25_own_loop"
COMPILERS = ["g++", "clang++-19"]
# g++ 12 refuses under -fsanitize=undefined what it takes without: a reference to an element of a constant.
STANDARDS = ["gnu++20", "c++20 -fsanitize=address,undefined", "c++20", "gnu++23", "c++26"]
WARNINGS = ["-Werror", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wnon-virtual-dtor"]
BEFORE = ["sys/types.h", "sys/sysmacros.h", "csignal", "cstdio"]


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


def stray_files(tree):
    """include/ is installed whole: what is no header would be, too."""
    return [f"{path.relative_to(tree).as_posix()} is installed, and is no header" for path in sorted(tree.rglob("*"))
            if path.is_file() and path.suffix != ".hpp"]


def header_problems(public, installed):
    return ([f"{name} is not installed: see the meson.build of its layer" for name in sorted(public - installed)] +
            [f"{name} is installed, but not public" for name in sorted(installed - public)])


def text_problems(root, tree, names):
    """What is tested in the sources is what is installed. The build writes those that are not in the sources. No two
    layers have one of the same name: a user would see one of them alone."""
    sources = {name: [floors.include_root(root, layer) / name for layer in floors.LAYERS
                      if (floors.include_root(root, layer) / name).is_file()] for name in sorted(names)}
    return ([f"{name} is not installed as it is in the sources" for name, found in sources.items()
             if found and found[0].read_bytes() != (tree / name).read_bytes()] +
            [f"{name} is the name of two headers: {found}" for name, found in sources.items() if len(found) > 1])


def public_headers(root, tree):
    """The headers of the layers; of the adapters those whose host is there, which alone are installed."""
    installed = headers_in(tree)
    public = set()
    for layer in floors.LAYERS:
        names = headers_in(floors.include_root(root, layer))
        public |= names & installed if layer == "adapters" else names
    return public, installed


def backend_problems(found, wanted):
    return [] if found == wanted else [f"pkg-config --variable=loop_backend rondo says '{found}', not '{wanted}'"]


def build_example(root, compiler, flags, folder, libraries, name=EXAMPLE, arguments=("--sim",)):
    program = pathlib.Path(folder, name)
    run([*compiler, "-std=c++20", root / "examples" / f"{name}.cpp", "-o", program, *flags])
    printed = run([program, *arguments], env={**os.environ, "LD_LIBRARY_PATH": str(libraries)})
    expected = (root / "examples/expected" / f"{name}.txt").read_text(encoding="utf-8")
    return [] if printed.splitlines() == expected.splitlines() else [f"{name} prints:\n{printed}instead of:\n{expected}"]


def host_flags(folder, environment):
    """What the headers of the adapters need of their hosts. Two Qt's cannot be in one program. Warnings in the headers of
    others are theirs."""
    names = {path.stem for path in pathlib.Path(folder).rglob("rondo-adapters-*.pc")}
    if "rondo-adapters-qt6" in names:
        names.discard("rondo-adapters-qt5")
    needed = {line.split()[0] for name in names
              for line in run(["pkg-config", "--print-requires", name], env=environment).splitlines()}
    hosts = sorted(name for name in needed if not name.startswith("rondo"))
    flags = run(["pkg-config", "--cflags", *hosts]).split() if hosts else []
    return ["-fPIC", *(f"-isystem{flag[2:]}" if flag.startswith("-I") else flag for flag in flags)]


def mismatch_problems(root, compiler, flags, folder, tree, loop_backend):
    """Compiles the example for another choice, and links it with this one."""
    other = "libevent" if loop_backend != "libevent" else "io_uring"  # in a library of its own, which is not linked
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


def compilers(own):
    """The build's own, and COMPILERS; as (those that are there, what to say of the others)."""
    there = {own[-1]: own}
    missing = []
    for name in COMPILERS:
        if not shutil.which(name):
            missing.append(f"{name} is not installed: nothing is compiled with it")
        elif not any(pathlib.Path(word).name == name for word in own):
            there[name] = [name]
    return list(there.values()), missing


def knows(compiler, standard):
    return subprocess.run([*compiler, *f"-std={standard}".split(), "-fsyntax-only", "-x", "c++", "/dev/null"], check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def compile_all(compiler, standards, flags, source):
    """Problems, and what to say."""
    name = " ".join(compiler)
    problems = []
    notes = []
    known = []
    for standard in standards:
        if not knows(compiler, standard):
            notes.append(f"{name} does not know -std={standard}: not compiled with it")
            continue
        known.append(standard)
        ran = subprocess.run([*compiler, *f"-std={standard}".split(), "-fsyntax-only", *WARNINGS, *flags, source], check=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if ran.returncode != 0:
            problems.append(f"the public headers do not compile with {name} -std={standard}:\n{ran.stdout}")
    return problems, [f"{name} compiles all public headers as {', '.join(known)}", *notes] if not problems else notes


def matrix_problems(root, own, flags, folder, names):
    source = pathlib.Path(folder, "all_headers.cpp")
    lines = [f"#include <{name}>\n" for name in [*BEFORE, *sorted(names)]]
    templates = (root / "tests/layers/instantiate.cpp").read_text(encoding="utf-8")  # they warn when they are used
    source.write_text("".join(lines) + templates, encoding="utf-8")
    everything = "RONDO_ALL_STANDARDS" in os.environ
    there, notes = compilers(own) if everything else ([own], [])
    problems = []
    for compiler in there:
        found, said = compile_all(compiler, STANDARDS if everything else STANDARDS[:2], flags, source)
        problems += found
        notes += said
    print("\n".join(notes), flush=True)
    return problems


def check(build, root, loop_backend, compiler):
    with tempfile.TemporaryDirectory() as folder:
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        package = next(pathlib.Path(folder).rglob("rondo.pc"), None)
        if not package:
            return ["rondo.pc is not installed"]
        environment = {**os.environ, "PKG_CONFIG_PATH": str(package.parent), "PKG_CONFIG_SYSROOT_DIR": folder,
                       "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}
        tree = next((path.parent for path in pathlib.Path(folder).rglob("rondo") if (path / "rondo.hpp").is_file()), None)
        public, installed = public_headers(root, tree)
        problems = header_problems(public, installed) + stray_files(tree / "rondo") + text_problems(root, tree, installed)
        found = run(["pkg-config", "--variable=loop_backend", "rondo"], env=environment).strip()
        problems += backend_problems(found, loop_backend)
        # --static: it is harmless for shared libraries, and static ones need what it adds.
        flags = run(["pkg-config", "--cflags", "--libs", "--static", "rondo"], env=environment).split()
        for each in compilers(compiler)[0]:  # a library of one compiler, a program of another
            problems += build_example(root, each, flags, folder, package.parent.parent)
        problems += mismatch_problems(root, compiler, flags, folder, tree, loop_backend)
        if loop_backend in ("epoll", "io_uring"):  # run() uses one with a descriptor
            flags = run(["pkg-config", "--cflags", "--libs", "--static", "rondo-adapters"], env=environment).split()
            problems += build_example(root, compiler, flags, folder, package.parent.parent, HOSTED_EXAMPLE, ())
        flags = run(["pkg-config", "--cflags", "rondo"], env=environment).split() + host_flags(folder, environment)
        return problems + matrix_problems(root, compiler, flags, folder, installed)


def slips_of_the_matrix(folder):
    source = pathlib.Path(folder, "slip.cpp")
    slips = [
        ("enum class Family { ip, unix };", "gnu++20", "expected"),
        ("enum class Family { ip, unix };", "c++20", None),
        ("int narrow(long long wide) { return wide; }", "c++20", "conversion"),
        ("struct Base { virtual void f(); };", "c++20", "non-virtual-dtor"),
        ("#ifdef __SANITIZE_ADDRESS__\n#error sanitized\n#endif", "c++20 -fsanitize=address,undefined", "sanitized"),
    ]
    cases = []
    for text, standard, wanted in slips:
        source.write_text(text + "\n", encoding="utf-8")
        cases.append((compile_all(["c++"], [standard], [], source)[0], wanted))
    source.write_text("int main() {}\n", encoding="utf-8")
    cases.append((compile_all(["c++"], ["c++1234"], [], source)[1], "does not know -std=c++1234"))
    return cases


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
        for name in ["core/sync/include/rondo/a.hpp", "core/net/include/rondo/a.hpp", "core/net/include/rondo/b.hpp",
                     "tree/rondo/a.hpp", "tree/rondo/b.hpp", "tree/rondo/meson.build"]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text("new" if name.startswith("tree") and "b" in name[-5:] else "", encoding="utf-8")
        texts = text_problems(root, root / "tree", {"rondo/a.hpp", "rondo/b.hpp"})
        cases += [(texts, "rondo/a.hpp is the name of two headers"), (texts, "rondo/b.hpp is not installed as it is in"),
                  (stray_files(root / "tree"), "rondo/meson.build is installed, and is no header")]
        cases.append((build_example(root, ["c++"], [], folder, folder), "prints:\none\ninstead of:\ntwo"))
        cases += slips_of_the_matrix(folder)
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
