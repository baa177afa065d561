#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""compare.py - echo servers side by side: rondo's against a raw one of the same kind.

    bench/echo/compare.py [--build build-bench] [--rounds 7] [--window 0.35] [SERVER...]
    bench/echo/compare.py --memory | --instructions | --syscalls [SERVER...]

Without an option: CPU time of the server for each request, all servers of a round one after the other, in an order that
turns with the rounds. A ratio is taken inside a round, to the raw server named in the column `to`; what is printed is
the median over the rounds. SERVER picks those whose name contains it, and what they are compared with.

--memory        bytes for each of 1000 idle connections that have had a request: RssAnon of the server's process
--instructions  user instructions for each request, of 64 connections and of one: callgrind, two runs, their difference
--syscalls      system calls for each request: strace, two runs, their difference
"""
import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CASES = {"c64_s64": (64, 64), "c1000_s64": (1000, 64), "c1000_s16384": (1000, 16384), "c1_s64": (1, 64)}
RAW = {"epoll": "echo-epoll", "libevent": "echo-libevent", "asio": "echo-asio", "io_uring": "echo-uring"}
WAYS = ("socket", "stream", "stream_into")


class Program:
    """A server: its name, its command, and the name of the raw server that it is compared with."""

    def __init__(self, name, command, raw):
        self.name, self.command, self.raw = name, command, raw


class Server:
    """A running one. `around` is what to run it under."""

    def __init__(self, program, around=(), buffer=16384):
        self.process = subprocess.Popen([*around, *program.command, str(buffer)], stdout=subprocess.PIPE, text=True)
        hello = self.process.stdout.readline().split()
        if len(hello) != 2:
            sys.exit(f"compare.py: {program.name} did not start")
        self.port, self.pid = hello

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(int(self.pid), signal.SIGCONT)  # a client that failed may have left it stopped
        os.kill(int(self.pid), signal.SIGTERM)  # what it runs under ends with it, and writes its report
        self.process.wait()
        self.process.stdout.close()


def programs(folder, wanted):
    found = []
    for kind, executable in RAW.items():
        if (folder / executable).exists():
            found.append(Program(f"raw {kind}", [folder / executable], f"raw {kind}"))
        else:
            print(f"no {executable} in this build: its rows are left out")
    rondo = folder / "echo-rondo"
    for kind in subprocess.run([rondo, "backends"], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
        for way in WAYS:
            found.append(Program(f"rondo {kind} {way}", [rondo, kind, way], f"raw {kind}"))
    if wanted:
        chosen = [p for p in found if any(text in p.name for text in wanted)]
        found = [p for p in found if p in chosen or any(p.name == c.raw for c in chosen)]
    return found


def load(folder, server, connections, size, *options):
    command = [folder / "echo-load", server.port, server.pid, "--connections", str(connections), "--size", str(size)]
    done = subprocess.run([*command, *map(str, options)], stdout=subprocess.PIPE, text=True, check=True, timeout=100)
    return json.loads(done.stdout)


def table(head, rows):
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")


# --- time ---------------------------------------------------------------------------------------------------------------

def times(folder, servers, rounds, window):
    results = {p.name: {case: [] for case in CASES} for p in servers}
    for turn in range(rounds):
        at = turn % len(servers)
        for program in servers[at:] + servers[:at]:
            with Server(program) as server:
                for case, (connections, size) in CASES.items():
                    figures = load(folder, server, connections, size, "--warm-up", 0.07, "--window", window)
                    results[program.name][case].append(figures)
    for case in CASES:
        print(f"\n{case}: server CPU, and latency, in microseconds for each request\n")
        rows = []
        for program in servers:
            mine, raw = results[program.name][case], results.get(program.raw, results[program.name])[case]
            ratio = statistics.median(m["cpu_us"] / r["cpu_us"] for m, r in zip(mine, raw))
            middle = {key: statistics.median(m[key] for m in mine) for key in mine[0]}
            rows.append([program.name, f"{middle['cpu_us']:.2f}", f"{ratio:.2f}", program.raw,
                         f"{middle['per_second']:.0f}", f"{middle['p50_us']:.0f}", f"{middle['p99_us']:.0f}"])
        table(["server", "CPU us", "ratio", "to", "requests/s", "p50", "p99"], rows)


# --- memory -------------------------------------------------------------------------------------------------------------

def anonymous_kib(pid):
    return int(re.search(r"RssAnon:\s*(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def held(folder, server, connections):
    command = [folder / "echo-load", server.port, server.pid, "--connections", str(connections), "--hold"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    kib = anonymous_kib(server.pid)
    process.communicate()
    return kib


def memory(folder, servers, count=1000):
    rows = []
    for program in servers:
        row = [program.name]
        for buffer in (256, 16384):
            with Server(program, buffer=buffer) as server:
                before = held(folder, server, 1)
                row.append((held(folder, server, count) - before) * 1024 // count)
        rows.append(row)
    table(["server", "bytes for each idle connection, buffers of 256", "buffers of 16384"], rows)


# --- counts -------------------------------------------------------------------------------------------------------------

# memcpy and its kin choose their code by the processor, so they are shown one that has nothing but SSE2. The rest of the
# environment is left out, too: its size moves the stack.
TUNABLES = "GLIBC_TUNABLES=glibc.cpu.hwcaps=" + ",".join(
    "-" + name for name in ("AVX2", "AVX_Fast_Unaligned_Load", "AVX512F", "AVX512VL", "BMI2", "ERMS", "FSRM", "SSSE3",
                            "SSE4_1", "SSE4_2", "Fast_Unaligned_Copy"))


def callgrind(out):
    """What a program is run under, for its count to be in the file `out`."""
    return ["env", "-i", TUNABLES, shutil.which("valgrind"), "-q", "--tool=callgrind", f"--callgrind-out-file={out}"]


def total_in(out):
    return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M).group(1))


def instructions_of(folder, program, connections, requests, *options):
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        with Server(program, callgrind(out)) as server:
            load(folder, server, connections, 64, "--requests", requests, *options)
        return total_in(out)


def instructions(folder, servers, few=4000):
    rows = []
    for program in servers:
        if program.raw == "raw io_uring":
            print(f"{program.name}: left out, valgrind does not know enough of io_uring")
            continue
        row = [program.name]
        for connections in (64, 1):
            counts = [instructions_of(folder, program, connections, few * times) for times in (1, 2)]
            row.append(f"{(counts[1] - counts[0]) / few:.0f}")
        rows.append(row)
    table(["server", "instructions for each request, 64 connections", "1 connection"], rows)


def calls_of(folder, program, connections, requests):
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        with Server(program, ["strace", "-f", "-c", "-U", "calls,name", "-o", out]) as server:
            load(folder, server, connections, 64, "--requests", requests)
        pairs = re.findall(r"^\s*(\d+)\s+(\w+)\s*$", out.read_text(), re.M)
        return {name: int(calls) for calls, name in pairs if name != "total"}


def syscalls(folder, servers, few=4000):
    rows = []
    for program in servers:
        row = [program.name]
        for connections in (64, 1):
            first, second = (calls_of(folder, program, connections, few * times) for times in (1, 2))
            more = {name: (second[name] - first.get(name, 0)) / few for name in second}
            row.append(", ".join(f"{name} {count:.3f}" for name, count in sorted(more.items(), key=lambda m: -m[1])
                                 if count >= 0.0005))
        rows.append(row)
    table(["server", "system calls for each request, 64 connections", "1 connection"], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path(__file__).resolve().parents[2] / "build-bench")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--window", type=float, default=0.35)
    for count in ("memory", "instructions", "syscalls"):
        parser.add_argument(f"--{count}", action="store_true")
    parser.add_argument("servers", nargs="*", metavar="SERVER")
    options = parser.parse_args()
    folder = options.build.resolve() / "bench" / "echo"
    servers = programs(folder, options.servers)
    if options.memory:
        memory(folder, servers)
    if options.instructions:
        if not shutil.which("valgrind"):
            sys.exit("compare.py: --instructions needs valgrind")
        instructions(folder, servers)
    if options.syscalls:
        syscalls(folder, servers)
    if not (options.memory or options.instructions or options.syscalls):
        times(folder, servers, options.rounds, options.window)


if __name__ == "__main__":
    main()
