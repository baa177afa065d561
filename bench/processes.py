#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""A process pool of rondo beside Python's ProcessPoolExecutor: the same jobs, in turn, as ratios of one round.

    processes.py BUILD [ROUNDS]

BUILD is a release build. Python's workers are spawned, as rondo's are, not forked.
"""
import concurrent.futures
import multiprocessing
import pathlib
import statistics
import subprocess
import sys
import time

TRIPS = 5000
LARGE = bytes(64 << 20)
ROWS = ["round trip of a job", "argument of 64 MiB", "1000 jobs of 1 ms on 2 workers", "first job"]


def nothing(number):
    return number


def work(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def pool_of(workers):
    return concurrent.futures.ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def seconds_of(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def python_rows():
    with pool_of(1) as pool:
        first = seconds_of(lambda: pool.submit(nothing, 1).result())
        trip = seconds_of(lambda: [pool.submit(nothing, i).result() for i in range(TRIPS)]) / TRIPS
        pool.submit(len, LARGE).result()
        large = seconds_of(lambda: pool.submit(len, LARGE).result())
    with pool_of(2) as pool:
        list(pool.map(work, [0.001, 0.001]))
        jobs = seconds_of(lambda: list(pool.map(work, [0.001] * 1000)))
    return [trip, large, jobs, first]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = pathlib.Path(sys.argv[1], "bench/rondo-bench-processes")
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    ours, theirs = [], []
    for _ in range(rounds):
        printed = subprocess.run([program, "--pool"], stdout=subprocess.PIPE, text=True, check=True).stdout
        ours.append([float(word) for word in printed.split()])
        theirs.append(python_rows())
    for i, row in enumerate(ROWS):
        ratio = statistics.median(a[i] / b[i] for a, b in zip(ours, theirs))
        print(f"{row:32} {statistics.median(a[i] for a in ours) * 1e6:12.1f} us"
              f" {statistics.median(b[i] for b in theirs) * 1e6:12.1f} us  {ratio:6.3f} x Python's")


if __name__ == "__main__":
    main()
