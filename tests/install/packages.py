#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Uses the installed tree as README.md says: by hand, with CMake, with Meson; and this project as a subproject.

    packages.py BUILD ROOT LOOP_BACKEND COMPILER...
    packages.py --self-test ROOT

The lines are read from README.md, so that what stands there is what works. Without cmake its part is left out, and says so.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HELLO = "tests/install/hello.cpp"
PRINTED = "hello 3\n"
OTHER_BACKENDS = ["libevent", "asio", "io_uring"]


def run(command, **options):
    """What it prints; ends the test if it fails."""
    code, printed = attempt(command, **options)
    if code != 0:
        sys.exit(f"{command if isinstance(command, str) else ' '.join(str(c) for c in command)} failed:\n{printed}")
    return printed


def attempt(command, **options):
    words = command if isinstance(command, str) else [str(c) for c in command]
    ran = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                         shell=isinstance(command, str), **options)
    return ran.returncode, ran.stdout


def snippets(readme):
    """By language; "sh" is the line that calls the compiler."""
    found = dict(re.findall(r"```(cmake|meson)\n(.*?)```", readme, re.DOTALL))
    line = re.search(r"^    (g\+\+ .*rondo\))$", readme, re.MULTILINE)
    if line:
        found["sh"] = line.group(1)
    return found


def snippet_problems(found):
    return [f"README.md does not say how to use rondo with {name}" for name in ("sh", "cmake", "meson") if name not in found]


def says_hello(program, libraries):
    printed = run([program], env={**os.environ, "LD_LIBRARY_PATH": str(libraries)})
    return [] if printed == PRINTED else [f"{program.name} prints {printed!r} instead of {PRINTED!r}"]


class Installed:
    """The tree in a folder of its own, and an environment in which it is found."""

    def __init__(self, build, folder):
        run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder])
        self.packages = next(pathlib.Path(folder).rglob("rondo.pc")).parent
        self.libraries = self.packages.parent
        self.config = next(pathlib.Path(folder).rglob("rondoConfig.cmake")).parent
        self.names = {path.stem for path in self.packages.glob("rondo*.pc")}
        self.environment = {**os.environ, "PKG_CONFIG_PATH": str(self.packages), "PKG_CONFIG_SYSROOT_DIR": folder,
                            "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1", "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}


def by_hand(installed, folder, line, compiler):
    static = "" if list(installed.libraries.glob("librondo.so")) else "--static "
    line = line.replace("g++", " ".join(compiler), 1).replace("pkg-config ", "pkg-config " + static)
    run(line, cwd=folder, env=installed.environment)
    return says_hello(folder / "hello", installed.libraries)


def refusals(installed, folder, compiler):
    """Where the language is too old, or half of it is off, every header says so first, and the compiler stops there."""
    flags = run(["pkg-config", "--cflags", "rondo"], env=installed.environment).split()
    headers = sorted(pathlib.Path(flags[0][2:]).glob("rondo/*.hpp"))
    if len(headers) < 40:
        return [f"few headers in {flags[0]}: {headers}"]
    problems = []
    for option, wanted in [("-std=c++17", "rondo needs C++20"), ("-std=c++20 -fno-exceptions", "rondo needs exceptions")]:
        for header in headers:
            source = folder / "refused.cpp"
            source.write_text(f"#include <rondo/{header.name}>\nint main() {{}}\n", encoding="utf-8")
            code, printed = attempt([*compiler, *option.split(), "-fsyntax-only", *flags, source])
            problems += refusal_problems(header.name, option, wanted, code, printed)
    return problems


def refusal_problems(header, option, wanted, code, printed):
    errors = [line for line in printed.splitlines() if "error:" in line]
    if code == 0:
        return [f"{header} compiles with {option}"]
    stops = len(errors) == 2 and wanted in errors[0] and "fatal error:" in errors[1]
    return [] if stops else [f"{header} with {option} says:\n{printed}"]


def with_meson(installed, folder, text, compiler):
    source = folder / "meson"
    source.mkdir()
    shutil.copy(folder / "hello.cpp", source)
    (source / "meson.build").write_text("project('hello', 'cpp')\n" + text, encoding="utf-8")
    environment = {**installed.environment, "CXX": " ".join(compiler)}
    prefer = [] if list(installed.libraries.glob("librondo.so")) else ["-Dprefer_static=true"]
    run(["meson", "setup", *prefer, source / "build", source], env=environment)
    run(["ninja", "-C", source / "build"], env=environment)
    return says_hello(source / "build/hello", installed.libraries)


def cmake_project(folder, text):
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.22)\nproject(hello CXX)\n" + text, encoding="utf-8")
    return ["cmake", "-S", folder, "-B", folder / "build"]


def with_cmake(installed, folder, text, compiler):
    environment = {**os.environ, "CXX": compiler[-1], "rondo_DIR": str(installed.config)}
    source = folder / "cmake"
    configure = cmake_project(source, text)
    shutil.copy(folder / "hello.cpp", source)
    run([*configure, f"-Drondo_DIR={installed.config}"], env=environment)
    run(["cmake", "--build", source / "build"], env=environment)
    problems = says_hello(source / "build/hello", installed.libraries)
    for number, (asked, wanted) in enumerate(component_cases(installed.names)):
        command = cmake_project(folder / f"cmake-{number}", f"find_package(rondo {asked} REQUIRED)\n")
        code, printed = attempt([*command, f"-Drondo_DIR={installed.config}"], env=environment)
        problems += case_problems(asked, wanted, code, printed)
    return problems


def component_cases(names):
    """What is asked of find_package(), and what must be said: None if it must be found."""
    cases = [("0.1", None), ("0", None), ("0.1.0 EXACT", None), ("0.2", "0.1.0"), ("1", "0.1.0"), ("0.1.7", "0.1.0"),
             ("COMPONENTS nonsense", "has no component 'nonsense'")]
    for name in sorted(names - {"rondo"}):
        component = name.removeprefix("rondo-")
        if component not in ("adapters-qt5",):  # two Qt's cannot be in one program
            cases.append((f"COMPONENTS {component}", None))
    return cases


def case_problems(asked, wanted, code, printed):
    if wanted is None:
        return [] if code == 0 else [f"find_package(rondo {asked}) fails:\n{printed}"]
    if code == 0:
        return [f"find_package(rondo {asked}) succeeds"]
    return [] if wanted in " ".join(printed.split()) else [f"find_package(rondo {asked}) does not say '{wanted}':\n{printed}"]


def needless(package, text):
    """What a package asks for that only users of another one need."""
    asks = " ".join(line for line in text.splitlines() if line.startswith(("Requires", "Libs")))
    alien = {"rondo": ["event", "uring", "gio", "Qt", "libuv", "systemd"]}
    return [f"{package}.pc asks for {word}" for word in alien.get(package, []) if word in asks]


def pc_problems(installed, loop_backend):
    if loop_backend not in ("epoll", "sim"):
        return []
    return needless("rondo", (installed.packages / "rondo.pc").read_text(encoding="utf-8"))


def subproject_targets(root, folder):
    """What is built by default where this project is a subproject."""
    project = folder / "outer"
    (project / "subprojects").mkdir(parents=True)
    (project / "subprojects/rondo").symlink_to(root)
    (project / "hello.cpp").write_text((root / HELLO).read_text(encoding="utf-8"), encoding="utf-8")
    (project / "meson.build").write_text(
        "project('outer', 'cpp', default_options: ['cpp_std=c++20'])\n"
        "executable('hello', 'hello.cpp', dependencies: subproject('rondo').get_variable('rondo_picked'))\n"
        "executable('hello2', 'hello.cpp', dependencies: dependency('rondo'))\n", encoding="utf-8")
    run(["meson", "setup", project / "build", project])
    return json.loads(run(["meson", "introspect", "--targets", project / "build"]))


def subproject_problems(targets, loop_backend):
    wanted = {"rondo", "rondo-kernel", "rondo-coro", "rondo-scope", "rondo-sync", "rondo-net", "rondo-sim"}
    if loop_backend in OTHER_BACKENDS:
        wanted.add("rondo-" + loop_backend)
    built = {target["name"] for target in targets if target.get("subproject") == "rondo" and target["build_by_default"]}
    return ([f"as a subproject, {name} is built" for name in sorted(built - wanted)] +
            ([] if "rondo" in built else ["as a subproject, rondo itself is not built"]))


def check(build, root, loop_backend, compiler):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        installed = Installed(build, name + "/tree")
        shutil.copy(root / HELLO, folder / "hello.cpp")
        found = snippets((root / "README.md").read_text(encoding="utf-8"))
        problems = snippet_problems(found)
        if problems:
            return problems
        problems += refusals(installed, folder, compiler)
        problems += by_hand(installed, folder, found["sh"], compiler)
        problems += with_meson(installed, folder, found["meson"], compiler)
        if shutil.which("cmake"):
            problems += with_cmake(installed, folder, found["cmake"], compiler)
        else:
            print("cmake is not installed: find_package() is not tested")
        problems += pc_problems(installed, loop_backend)
        return problems + subproject_problems(subproject_targets(root, folder), "epoll")


def self_test(root):
    found = snippets((root / "README.md").read_text(encoding="utf-8"))
    target = {"name": "tour", "subproject": "rondo", "build_by_default": True}
    cases = [
        (snippet_problems(found), None),
        (snippet_problems(snippets("    g++ hello.cpp\n```cmake\nfind_package(rondo)\n```\n")), "with sh"),
        (snippet_problems({"sh": "", "cmake": ""}), "with meson"),
        (case_problems("0.2", "0.1.0", 0, ""), "succeeds"),
        (case_problems("0.2", "0.1.0", 1, "no version"), "does not say '0.1.0'"),
        (case_problems("0.1", None, 1, "no version"), "fails"),
        (case_problems("0.1", None, 0, ""), None),
        (refusal_problems("a.hpp", "-std=c++17", "C++20", 0, ""), "compiles with -std=c++17"),
        (refusal_problems("a.hpp", "-std=c++17", "C++20", 1, "a: error: C++20\nb: error: span"), "says:"),
        (refusal_problems("a.hpp", "-std=c++17", "C++20", 1, "a: error: span\nb: fatal error: no such file"), "says:"),
        (refusal_problems("a.hpp", "-std=c++17", "C++20", 1, "a: error: C++20\nb: fatal error: no such file"), None),
        (needless("rondo", "Requires: libevent"), "asks for event"),
        (needless("rondo", "Description: the event loop"), None),
        (subproject_problems([target], "epoll"), "tour is built"),
        (subproject_problems([target], "epoll"), "rondo itself is not built"),
        (subproject_problems([{**target, "name": "rondo"}], "epoll"), None),
    ]
    bad = [wanted for found, wanted in cases if (found != [] if wanted is None else not any(wanted in p for p in found))]
    print(f"BAD: {bad}" if bad else "ok")
    return 1 if bad else 0


def main():
    if sys.argv[1:2] == ["--self-test"]:
        sys.exit(self_test(pathlib.Path(sys.argv[2]).resolve()))
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    problems = check(build, root, sys.argv[3], sys.argv[4:])
    print("\n".join(problems) if problems else "the packages work")
    sys.exit(1 if problems else 0)


main()
