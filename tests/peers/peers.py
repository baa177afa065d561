# SPDX-License-Identifier: BSL-1.0
"""What the tests with real peers share: a program under test, and whether the peer is installed."""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

PROGRAM = sys.argv[1]
BACKEND = sys.argv[2:3]


def command(*arguments):
    return [PROGRAM, *arguments, *(["--backend", *BACKEND] if BACKEND else [])]


if BACKEND == ["io_uring"]:  # which the kernel, a sysctl or a seccomp filter may refuse
    tried = subprocess.run([PROGRAM, "--backend", "io_uring"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           text=True, timeout=60, check=False)
    if tried.returncode != 0 and "io_uring" in tried.stderr:
        print("skipped:", tried.stderr)
        sys.exit(77)


def need(tool):
    if not shutil.which(tool):
        print(f"skipped: there is no {tool}")
        sys.exit(77)


def check(condition, *what):
    if not condition:
        print("FAILED:", *what)
        sys.exit(1)


class Watch:
    """What the program has of the system."""

    def __init__(self, pid):
        self.pid = pid

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def descriptors_fall_to(self, most, seconds):
        end = time.monotonic() + seconds
        while self.descriptors() > most and time.monotonic() < end:
            time.sleep(0.05)
        check(self.descriptors() <= most, self.descriptors(), "descriptors are open, not", most)

    def descriptors_rise_to(self, least, seconds):
        end = time.monotonic() + seconds
        while self.descriptors() < least and time.monotonic() < end:
            time.sleep(0.05)
        check(self.descriptors() >= least, self.descriptors(), "descriptors are open, not", least)

    def resident(self):
        """The most memory that it has had at a time, in bytes."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


@contextlib.contextmanager
def server(*arguments):
    with watched_server(*arguments) as (port, _):
        yield port


@contextlib.contextmanager
def watched_server(*arguments):
    """Runs the program with --listen 0, gives its port and a Watch, and ends it as a user would. It must leave in good order, with
    nothing on standard error but what it says of broken connections."""
    process = subprocess.Popen(command("--listen", "0", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    try:
        first = process.stdout.readline()
        check(first.startswith("listening at 127.0.0.1:"), "first line:", first, process.poll())
        yield int(first.rsplit(":", 1)[1]), Watch(process.pid)
        check(process.poll() is None, "the server has ended by itself:", process.poll())
        process.send_signal(random.choice([signal.SIGTERM, signal.SIGINT]))
        output, errors = process.communicate(timeout=60)
        check(process.returncode == 0, "exit status", process.returncode, errors)
        check(output == "closed\n", "output:", output)
        for line in errors.splitlines():
            check(line.startswith(("lost a client: ", "a connection broke: ", "  - ", "    from ")), "standard error:", line)
    finally:
        process.kill()
        process.wait()


def payload(size, seed):
    return random.Random(seed).randbytes(size)
