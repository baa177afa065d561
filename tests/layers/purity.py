#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks by the symbols of object files that core stays pure: it reads no clock, starts no thread, does no I/O.

    purity.py [--nm NM] [--allow REGEX]... [--state NAME]... SYMBOLS FILE...
    purity.py [--nm NM] --self-test SYMBOLS COMPILER...

Each symbol that the files (archives or objects) use and do not define must match a line of SYMBOLS or an --allow. Each
variable that can be written must be thread-local and named by a --state: core has two, rondo::thread_slot and
rondo::last_run.
nm sees only code that was emitted, so the files should hold instances of the templates (instantiate.cpp).
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile


def read_allowed(path):
    """The patterns of the file SYMBOLS."""
    patterns = []
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        line = re.sub(r"(^|\s\s)#.*", "", line).strip()
        if line:
            patterns.append(re.compile(line))
    return patterns


def read_symbols(nm, files):
    """Rows (object file, name, class, section) of nm's table."""
    command = [nm, "-A", "-C", "-f", "sysv", *files]
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if ran.returncode != 0:
        sys.exit(f"{' '.join(command)}: {ran.stderr}")
    rows = []
    for line in ran.stdout.splitlines():
        fields = line.rsplit("|", 6)
        match = re.match(r"(.*?\.o(?:bj)?):(.*)", fields[0])
        if len(fields) == 7 and match:
            rows.append((pathlib.PurePath(re.split(r"[:/]", match[1])[-1]).name, match[2].strip(), fields[2].strip(),
                         fields[6].strip()))
    return rows


def writable(section):
    if section.startswith(".data"):
        return not section.startswith((".data.rel.ro", ".data.rel.local.DW.ref.", ".data.DW.ref."))
    return section.startswith((".bss", ".tbss", ".tdata")) or section in ("*COM*", "*COMMON*")


def find_problems(rows, allowed, state):
    defined = {name for _, name, kind, _ in rows if kind.upper() != "U" and kind != "w"}
    problems = set()
    for file, name, kind, section in rows:
        if section == "*UND*" or (kind in "Uw" and not section):
            if name not in defined and not any(pattern.fullmatch(name) for pattern in allowed):
                problems.add(f"{file}: core must not call: {name}")
        elif writable(section) and not name.startswith("DW.ref."):
            if name not in state:
                problems.add(f"{file}: core must have no mutable variable: {name} (in {section})")
            elif not section.startswith((".tbss", ".tdata")):
                problems.add(f"{file}: {name} must be thread-local")
    return sorted(problems)


SLIPS = [
    ("clock", "#include <chrono>\nlong f() { return std::chrono::steady_clock::now().time_since_epoch().count(); }",
     r"must not call: std::.*steady_clock::now\(\)"),
    ("clock_hidden", "#include <ctime>\nstruct A { virtual long g(); };\nlong A::g() { return clock(); }", "must not call: clock"),
    ("mutex", "#include <pthread.h>\nvoid f(pthread_mutex_t* m) { pthread_mutex_lock(m); }", "must not call: pthread_mutex_lock"),
    ("thread", "#include <thread>\nvoid f() { std::thread([] {}).join(); }", r"must not call: std::.*thread::join\(\)"),
    ("environment", "#include <cstdlib>\nconst char* f() { return std::getenv(\"HOME\"); }", "must not call: getenv"),
    ("random", "#include <random>\nunsigned f() { return std::random_device()(); }", "must not call: std::.*random_device"),
    ("output", "#include <cstdio>\nvoid f() { std::puts(\"here\"); }", "must not call: puts"),
    ("stream", "#include <iostream>\nvoid f(int i) { std::cout << i; }", "must not call: std::.*cout"),
    ("error_text", "#include <cerrno>\nint f() { return errno; }", "must not call: __errno_location"),
    ("float_text", "#include <string>\nstd::string f(double d) { return std::to_string(d); }", "must not call: .*(vsnprintf|to_string)"),
    ("counter", "int f() { static int calls = 1; return ++calls; }", r"no mutable variable: f\(\)::calls"),
    ("global", "int loops;\nint f() { return ++loops; }", "no mutable variable: loops"),
    ("lazy", "#include <string>\nconst std::string& f(const char* c) { static const std::string s(c); return s; }",
     "must not call: __cxa_guard_acquire"),
    ("second_slot", "thread_local int depth;\nint f() { return ++depth; }", "no mutable variable: depth"),
    ("not_local", "namespace rondo { int thread_slot; }\nint f() { return ++rondo::thread_slot; }", "rondo::thread_slot must be thread-local"),
    ("undefined", "namespace rondo::sim { int choose(); }\nint f() { return rondo::sim::choose(); }",
     r"must not call: rondo::sim::choose\(\)"),
    (None, "#include <string>\n#include <stdexcept>\n#include <vector>\nnamespace rondo { thread_local int thread_slot; }\n"
           "static constexpr int table[] = {1, 2};\nstruct A { virtual ~A() = default; virtual int g(int i) { return table[i]; } };\n"
           "A* f(std::vector<std::string>& v) {\n  v.push_back(std::to_string(++rondo::thread_slot));\n"
           "  if (v.size() > 9) throw std::out_of_range(v[0]);\n  return new A;\n}", None),
]


def self_test(nm, allowed, compiler):
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text, wanted in SLIPS:
            source = pathlib.Path(folder, f"{name or 'fine'}.cpp")
            source.write_text(text + "\n", encoding="utf-8")
            made = source.with_suffix(".o")
            subprocess.run([*compiler, "-std=c++20", "-fPIC", "-c", source, "-o", made], check=True)
            found = find_problems(read_symbols(nm, [str(made)]), allowed, {"rondo::thread_slot"})
            ok = found == [] if wanted is None else any(re.search(wanted, line) for line in found)
            print(f"{'ok ' if ok else 'BAD'}  {name or 'an object without slips'}: {found}")
            failures += not ok
    return failures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--allow", action="append", default=[])
    parser.add_argument("--state", action="append", default=[])
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("symbols")
    parser.add_argument("files", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    allowed = read_allowed(options.symbols) + [re.compile(pattern) for pattern in options.allow]
    if options.self_test:
        sys.exit(1 if self_test(options.nm, allowed, options.files) else 0)
    rows = read_symbols(options.nm, options.files)
    if not rows:
        sys.exit("purity.py: the files have no symbols: is this the right archive?")
    problems = find_problems(rows, allowed, set(options.state))
    print("\n".join(problems) if problems else f"{len(rows)} symbols, nothing impure")
    sys.exit(1 if problems else 0)


main()
