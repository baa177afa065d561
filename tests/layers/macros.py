#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that no name of a public header is a macro of a compiler, of the system's headers, or of a library that users
are likely to have.

    macros.py ROOT COMPILER...          checks the tree: names against the macros of COMPILER as gnu++20
    macros.py --self-test COMPILER...   checks this script on deliberate slips

`unix` is a macro in GNU dialects, `major` after <sys/sysmacros.h>: a header that says `enum class Family { unix }` or
`int major() const` means something else there, or does not compile. Which of them a user's file has seen before ours is
not ours to say, so the names are simply not used. What we mean as a macro is in MEANT.
"""
import pathlib
import re
import subprocess
import sys

import floors
from includes import code_of

# What programs that have sockets, processes and threads include. What is not installed is left out.
HEADERS = """
arpa/inet.h assert.h cassert cctype cerrno cfloat climits clocale cmath complex.h csetjmp csignal cstdarg cstddef cstdint
cstdio cstdlib cstring ctime ctype.h cwchar dirent.h dlfcn.h endian.h err.h errno.h fcntl.h fenv.h float.h getopt.h glob.h
grp.h ifaddrs.h inttypes.h langinfo.h limits.h linux/if.h linux/limits.h locale.h malloc.h math.h net/if.h netdb.h
netinet/in.h netinet/ip.h netinet/tcp.h netinet/udp.h poll.h pthread.h pwd.h regex.h resolv.h sched.h semaphore.h setjmp.h
signal.h spawn.h stdarg.h stddef.h stdint.h stdio.h stdlib.h string.h strings.h sys/epoll.h sys/eventfd.h sys/file.h
sys/inotify.h sys/ioctl.h sys/ipc.h sys/mman.h sys/mount.h sys/param.h sys/prctl.h sys/random.h sys/resource.h sys/select.h
sys/sendfile.h sys/shm.h sys/signalfd.h sys/socket.h sys/stat.h sys/statvfs.h sys/syscall.h sys/sysinfo.h sys/sysmacros.h
sys/time.h sys/timerfd.h sys/timex.h sys/types.h sys/uio.h sys/un.h sys/utsname.h sys/wait.h syslog.h termios.h time.h
ucontext.h uchar.h unistd.h utime.h wchar.h wctype.h
""".split()
# Qt's and X11's, by name: neither need be installed.
OTHERS = {"signals": "Qt", "slots": "Qt", "emit": "Qt", "foreach": "Qt", "forever": "Qt", "None": "X11", "Bool": "X11",
          "Status": "X11", "Success": "X11", "Always": "X11", "True": "X11", "False": "X11"}
# What our headers mean when they say it, and include the header for.
MEANT = re.compile(r"__\w+|U?INT(8|16|32|64|PTR)_(MAX|MIN|C)|SIZE_MAX|E[A-Z]{2,}|assert")
MEANT_IN = {"errno": {"backends/include/rondo/backends/seam.hpp"}}  # sets and reads it


def macros(compiler):
    """The macros of the compiler and of HEADERS."""
    text = "".join(f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in HEADERS)
    ran = subprocess.run([*compiler, "-std=gnu++20", "-x", "c++", "-dM", "-E", "-"], input=text, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    found = set(re.findall(r"^#define (\w+)", ran.stdout, re.M))
    if ran.returncode != 0 or not {"unix", "major", "stdin", "errno"} <= found:
        sys.exit(f"macros.py: {' '.join(compiler)} does not tell its macros:\n{ran.stderr}")
    return found


def names_of(text):
    """Pairs of name and line; what stands in a directive of the preprocessor is meant for it."""
    code = re.sub(r"^[ \t]*#(?:[^\n\\]|\\.)*", lambda match: "\n" * match.group().count("\n"), code_of(text),
                  flags=re.M | re.S)
    for number, line in enumerate(code.split("\n"), 1):
        for name in re.findall(r"\b[A-Za-z_]\w*", line):
            yield name, number


def problems_in(name, text, known):
    for word, line in names_of(text):
        if MEANT.fullmatch(word) or name in MEANT_IN.get(word, ()):
            continue
        if word in OTHERS:
            yield f"{name}:{line}: {word} is a macro of {OTHERS[word]}: take another name"
        elif word in known:
            yield f"{name}:{line}: {word} is a macro of the compiler or of the system: take another name"


def check(root, compiler):
    known = macros(compiler)
    headers = sorted(path for layer in floors.LAYERS for end in ("*.hpp", "*.hpp.in")
                     for path in floors.include_root(root, layer).rglob(end))
    problems = [problem for path in headers
                for problem in problems_in(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), known)]
    return headers, sorted(set(problems))


def self_test(compiler):
    known = macros(compiler)
    slips = [
        ("enum class Family { ip, unix };", "1: unix"),
        ("\nint major() const;", "2: major"),
        ("enum class Stream { stdin };", "stdin"),
        ("struct Failure { int errno; };", "errno"),
        ("bool linux() const;", "linux"),
        ("void f(int minor);", "minor"),
        ("template <class T> T log1p(T);\nint SIGINT;", "2: SIGINT"),
        ("#define OURS \\\n  1\nint INFINITY;", "3: INFINITY"),
        ("void emit();", "emit is a macro of Qt"),
        ("enum class Found { None };", "None is a macro of X11"),
        ("enum class Family { ip, unix_domain };", None),
        ("int unix_major;  // unix, major\n/* stdin */ const char* f() { return \"errno\"; }", None),
        ("#if defined(unix)\n#endif\n#include <linux/if.h>", None),
        ("bool full(int e) { return e == EAGAIN || e == -ENOBUFS; }\nint g(long x = INT64_MAX);", None),
        ("int E, EX;", None),
    ]
    bad = []
    for text, wanted in slips:
        found = list(problems_in("slip.hpp", text, known))
        if (found if wanted is None else not any(wanted in problem for problem in found)):
            bad.append((text, found))
    print(f"BAD: {bad}" if bad else "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    if arguments[0] == "--self-test":
        sys.exit(self_test(arguments[1:]))
    headers, problems = check(pathlib.Path(arguments[0]).resolve(), arguments[1:])
    print("\n".join(problems) or f"no name of {len(headers)} public headers is a macro")
    sys.exit(1 if problems or not headers else 0)


main()
