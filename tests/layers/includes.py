#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks what the sources include, and what core may not even name.

    includes.py ROOT          checks the tree
    includes.py --self-test   checks this script on deliberate slips

A floor of core may include its own headers, those of the floors below it, and the standard headers listed here;
core/.clang-tidy must list the same ones, so that an editor knows them, too. In every layer a public header is included
with <>, and no include climbs with "../".
"""
import pathlib
import re
import sys
import tempfile

import floors

# Standard headers in which nothing reads the world, and nothing differs between standard libraries in a way that shows.
ALLOWED = {
    "algorithm", "array", "bit", "cerrno", "climits", "compare", "concepts", "coroutine", "cstddef", "cstdint", "cstring",
    "deque", "exception", "initializer_list", "iterator", "limits", "list", "memory", "memory_resource", "new", "numeric",
    "optional", "ranges", "source_location", "span", "stdexcept", "string", "string_view", "system_error", "tuple",
    "type_traits", "typeinfo", "utility", "variant", "vector",
}
# Allowed in one file each.
ALLOWED_IN = {
    "charconv": {"core/kernel/src/text.cpp"},  # whole numbers
    "chrono": {"core/kernel/include/rondo/time.hpp"},  # types alone; its clocks are banned by name below
    "cxxabi.h": {"core/coro/src/awaiter.cpp"},  # the exception in flight
    "sanitizer/asan_interface.h": {"core/kernel/include/rondo/kernel/poison.hpp"},  # free blocks are poison
}
WHY = [
    (r"chrono|ctime|time\.h|sys/time.*", "time is an input of core: use <rondo/time.hpp>"),
    (r"thread|mutex|shared_mutex|condition_variable|atomic|future|semaphore|latch|barrier|stop_token|pthread\.h",
     "core has no threads"),
    (r"(i|o|f|s|io)stream|istream|ostream|syncstream|spanstream|cstdio|stdio\.h|filesystem|print|iomanip|locale",
     "core does no I/O and has no locale"),
    (r"random", "core draws no random numbers, and distributions differ between standard libraries"),
    (r"unordered_.*|functional", "hashes and their order differ between standard libraries; store a callable as a template"),
    (r"map|set|queue", "a tree or heap has no place for (key, sequence): use a list, a sorted vector or TimerQueue"),
    (r"sys/.*|unistd\.h|poll\.h|signal\.h|csignal|fcntl\.h|errno\.h|cstdlib|stdlib\.h", "the system belongs to backends"),
]
# Words of the code itself (comments and texts are left out).
BANNED = [
    (r"\b(double|float|is_floating_point_v)\b", "no floating point decides anything in core"),
    (r"\b(steady|system|high_resolution|utc|file|tai|gps)_clock\b", "core reads no clock"),
    (r"\bstd\s*::\s*(ranges\s*::\s*)?(sort|partial_sort|nth_element|shuffle|sample|make_heap|push_heap|pop_heap)\b",
     "its order of equal elements differs between standard libraries"),
    (r"\bstd\s*::\s*(hash|less|greater)\b", "hashes differ between standard libraries, and addresses between runs"),
    (r"\b(get|set)_default_resource\b", "core allocates through its loop's resource alone"),
    (r"\b(getenv|setlocale|random_device|uniform_int_distribution|mt19937(_64)?)\b", "core does not read the world"),
    (r"#\s*include_next\b", "includes are plain"),
]
# Words allowed in one file.
SPELLED_IN = {
    # what callers give is rounded there, once
    r"\b(double|float|is_floating_point_v)\b": "core/kernel/include/rondo/time.hpp",
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]*)[>"]', re.M)
# The one variable that core may change outside of objects: the slot of the loop that runs on this thread.
SLOTS = re.compile(r"^((\[\[gnu::tls_model\([^)]*\)\]\] extern )?constinit thread_local ThreadSlot thread_slot|"
                   r"constinit thread_local LastRun last_run);$")
NOWHERE = ("core/kernel/include/rondo/kernel/language.hpp", "rondo-cannot-be-compiled-as-it-is")  # a compiler stops there
COUNTS = "arrow_counts"  # exists only in the build that measures arrow coverage
FOLDERS = ["core", "backends", "adapters"] + ["tests", "examples", "bench", "docs"]


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def code_of(text):
    """The text without comments, strings and character constants; lines stay where they are."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\''
    return re.sub(pattern, blank, text, flags=re.S)


def sources(root, folder):
    return sorted(p for p in (root / folder).rglob("*") if p.suffix in (".hpp", ".cpp", ".h") and p.is_file())


def reason(header):
    for pattern, why in WHY:
        if re.fullmatch(pattern, header):
            return f" ({why})"
    return ""


def check_core_include(root, name, mark, header):
    floor = floors.layer_of(name)
    if mark == '"':
        if "/" not in header and (root / name).parent.name == "src" and (root / name).with_name(header).is_file():
            return None
        return f'core may not include "{header}": public headers with <>, private ones from the src of the same floor'
    if (str(name), header) == NOWHERE:
        return None
    if header.startswith("rondo/"):
        home = floors.home_of(root, header, floors.FLOORS)
        if home in floors.SEES[floor]:
            return None
        return f"{floor} may not include <{header}> of {home}" if home else f"core may not include another layer's <{header}>"
    if header in ALLOWED or name in ALLOWED_IN.get(header, ()):
        return None
    if header in ALLOWED_IN:
        return f"core may include <{header}> in {', '.join(sorted(ALLOWED_IN[header]))} only{reason(header)}"
    return f"core may not include <{header}>{reason(header)}"


def check_core_words(name, code):
    """Pairs of position and problem."""
    for pattern, why in BANNED:
        if SPELLED_IN.get(pattern) == name:
            continue
        for match in re.finditer(pattern, code):
            yield match.start(), f"core may not name {match.group()} ({why})"
    for match in re.finditer(r"^.*\bthread_local\b.*$", code, re.M):
        if not SLOTS.match(match.group().strip()):
            yield match.start(), "core has two thread_locals, rondo::thread_slot and rondo::last_run"
    # A variable that is static or inline: nothing but names and types up to its end or its initial value.
    for match in re.finditer(r"\b(static|inline)\b(?!_)([^;{}()=]*)([;{=])", code):
        words, end = match.group(2), match.group(3)
        if re.search(r"\b(constexpr|consteval|const|namespace|operator)\b", words) or COUNTS in words:
            continue
        if re.search(r"\b(constexpr|const)\s*$", code[: match.start()].split("\n")[-1]):
            continue
        if len(re.sub(r"<[^;{}]*>", "", words).split()) >= 2:
            yield match.start(), f"core has no mutable statics: '{' '.join((match.group(1) + words).split())}{end}'"


def check_file(root, path):
    name = path.relative_to(root).as_posix()
    text = path.read_text(encoding="utf-8")
    problems = []

    def problem(position, what):
        problems.append((name, text.count("\n", 0, position) + 1, what))

    for match in INCLUDE.finditer(text):
        mark, header = match.groups()
        at = match.start(1)
        if ".." in header.split("/"):
            problem(at, f"an include may not climb: {header}")
        elif mark == '"' and floors.home_of(root, header):
            problem(at, f'a public header is included with <>, not "{header}"')
        elif name.startswith("core/"):
            what = check_core_include(root, name, mark, header)
            if what:
                problem(at, what)
    if path.suffix == ".hpp" and not re.search(r"^#pragma once$", text, re.M):
        problem(0, "the header has no #pragma once")
    if name.startswith("core/"):
        for position, what in check_core_words(name, code_of(text)):
            problem(position, what)
    return problems


def check_clang_tidy(path):
    """core/.clang-tidy must allow exactly the headers of this script; rules for single files it cannot have."""
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    match = re.search(r"portability-restrict-system-includes\.Includes\s*\n?\s*value:\s*(?:>-?\s*\n)?['\"]?(-\*,[^'\"]*)", text)
    listed = set(re.split(r"[,\s]+", match.group(1).strip())[1:]) if match else set()
    ours = ALLOWED | set(ALLOWED_IN)
    problems = [(path.name, 1, f"includes.py allows <{h}>, core/.clang-tidy does not") for h in sorted(ours - listed)]
    problems += [(path.name, 1, f"core/.clang-tidy allows <{h}>, includes.py does not") for h in sorted(listed - ours)]
    return problems


def check(root):
    problems = []
    for folder in FOLDERS:
        for path in sources(root, folder):
            if "slips" not in path.parts:
                problems += check_file(root, path)
    return problems + check_clang_tidy(root / "core/.clang-tidy")


SLIPS = [
    ("core/coro/src/a.cpp", "#include <chrono>\n", "core may include <chrono> in core/kernel/include/rondo/time.hpp only"),
    ("core/coro/src/a.cpp", "#include <thread>\n", "core may not include <thread> (core has no threads)"),
    ("core/coro/src/a.cpp", "#  include <sys/epoll.h>\n", "core may not include <sys/epoll.h>"),
    ("core/coro/src/a.cpp", "#include <unordered_map>\n", "core may not include <unordered_map>"),
    ("core/coro/src/a.cpp", "#include <rondo-cannot-be-compiled-as-it-is>\n", "core may not include <rondo-cannot"),
    ("core/kernel/src/a.cpp", "#include <rondo/task.hpp>\n", "kernel may not include <rondo/task.hpp> of coro"),
    ("core/scope/include/rondo/a.hpp", "#pragma once\n#include <rondo/lock.hpp>\n",
     "scope may not include <rondo/lock.hpp> of sync"),
    ("core/coro/src/a.cpp", "#include <rondo/loop_backend.hpp>\n#include <rondo/sync/core.hpp>\n",
     "coro may not include <rondo/sync/core.hpp> of sync"),
    ("core/coro/src/a.cpp", "#include <rondo/backends/epoll.hpp>\n", "another layer's <rondo/backends/epoll.hpp>"),
    ("core/coro/src/a.cpp", '#include "epoll.hpp"\n', 'core may not include "epoll.hpp"'),
    ("core/coro/src/a.cpp", '#include "rondo/task.hpp"\n', 'included with <>, not "rondo/task.hpp"'),
    ("backends/src/a.cpp", '#include "rondo/task.hpp"\n', 'included with <>, not "rondo/task.hpp"'),
    ("backends/src/a.cpp", '#include "../../core/net/src/a.hpp"\n', "may not climb"),
    ("tests/core/a.cpp", '#include "../a.hpp"\n', "may not climb"),
    ("core/coro/src/a.cpp", "double half = 0.5;\n", "may not name double"),
    ("core/coro/src/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "may not name steady_clock"),
    ("core/coro/src/a.cpp", "void f() { std::sort(a, b); }\n", "may not name std::sort"),
    ("core/coro/src/a.cpp", "thread_local int depth;\n", "two thread_locals"),
    ("core/coro/src/a.cpp", "void f() {\n  static int calls = 0;\n}\n", "no mutable statics: 'static int calls='"),
    ("core/coro/src/a.cpp", "static std::vector<int> seen;\n", "no mutable statics"),
    ("core/kernel/include/rondo/a.hpp", "#pragma once\ninline std::uint64_t next_id{};\n", "no mutable statics"),
    ("core/kernel/include/rondo/a.hpp", "int f();\n", "no #pragma once"),
]
FINE = [
    ("core/coro/include/rondo/task.hpp",
     "#pragma once\n#include <vector>\n#include <rondo/time.hpp>\n"
     "static constexpr int grain = 16;\nstatic Ref adopt(Core& core) noexcept {\n}\n"
     "inline constexpr Machine diagram = Machine(1);\n"
     '[[gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadSlot thread_slot;\n'
     "// a double, std::sort and <thread> in a comment\nconst char* t = \"double\";\n"),
    ("core/coro/include/rondo/loop_backend.hpp.in", ""),
    ("core/sync/include/rondo/lock.hpp", "#pragma once\n"),
    ("core/sync/include/rondo/sync/core.hpp", "#pragma once\n"),
    ("core/net/src/net.cpp",
     "#include <rondo/lock.hpp>\n#include <rondo/sync/core.hpp>\n#include <rondo/loop_backend.hpp>\n"),
    ("core/kernel/include/rondo/time.hpp", "#pragma once\n#include <chrono>\nconstexpr double end = 1.0;\n"),
    ("core/coro/src/a.cpp", '#include "a.hpp"\n#include <rondo/task.hpp>\nconstinit thread_local ThreadSlot thread_slot;\n'
                       "static void destroy(Frame* frame) {\n}\nint big = 1'000'000;\n"),
    ("core/coro/src/a.hpp", "#pragma once\n"),
    ("backends/include/rondo/backends/epoll.hpp", "#pragma once\n#include <sys/epoll.h>\n"),
    ("backends/src/epoll.cpp", "#include <rondo/backends/epoll.hpp>\n#include <thread>\nstatic int calls = 0;\n"),
]


def tree(folder, files):
    for name, text in files:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def self_test():
    failures = 0
    listed = ",".join(["-*", *sorted(ALLOWED | set(ALLOWED_IN))])
    tidy = "CheckOptions:\n  - key: portability-restrict-system-includes.Includes\n    value: '{}'\n"
    cases = [(slip, wanted, tidy.format(listed)) for *slip, wanted in SLIPS]
    cases.append((None, None, tidy.format(listed)))
    cases.append((None, "core/.clang-tidy allows <thread>, includes.py does not", tidy.format(listed + ",thread")))
    cases.append((None, "includes.py allows <vector>, core/.clang-tidy does not", tidy.format(listed.replace(",vector", ""))))
    for slip, wanted, config in cases:
        with tempfile.TemporaryDirectory() as folder:
            tree(folder, [*FINE, ("core/.clang-tidy", config)] + ([slip] if slip else []))
            found = [what for *_, what in check(pathlib.Path(folder))]
            ok = found == [] if wanted is None else len(found) == 1 and wanted in found[0]
            print(f"{'ok ' if ok else 'BAD'}  {wanted or 'a tree without slips'}")
            if not ok:
                print(f"     found: {found}")
                failures += 1
    return failures


def main():
    if sys.argv[1:] == ["--self-test"]:
        sys.exit(1 if self_test() else 0)
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems = check(pathlib.Path(sys.argv[1]).resolve())
    for name, line, what in problems:
        print(f"{name}:{line}: {what}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
