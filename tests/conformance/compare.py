#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares rondo-scenarios with CPython's asyncio, scenario by scenario. (scripts/conformance calls it.)

    compare.py PROGRAM SEED COUNT PROFILE...     random scenarios
    compare.py PROGRAM --file FILE...            those in JSON Lines files

Works in chunks, so memory stays small. Scenarios that are not valid are not given to the program. Exit status 1 if
there is a difference.
"""
import json
import subprocess
import sys
from itertools import islice

import generate
import reference

CHUNK = 500
SHOWN = 10          # differences that are printed
CHUNK_SECONDS = 120
ONE_SECONDS = 10


def run_program(program, lines, seconds):
    """What it printed, and what went wrong (or None)."""
    try:
        done = subprocess.run([program, "-"], input="".join(lines).encode(), capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return "", f"no end after {seconds} seconds"
    output = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        return output, None
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"exit status {done.returncode}"
    error = done.stderr.decode(errors="replace").strip().splitlines()
    return output, how + (f": {error[0]}" if error else "")


def split(output):
    """The traces, each with its "# <id>" line."""
    return ["# " + part for part in ("\n" + output).split("\n# ")[1:]]


def first_difference(expected, got):
    expected, got = expected.splitlines(), got.splitlines()
    for number, (a, b) in enumerate(zip(expected + ["(nothing)"], got + ["(nothing)"])):
        if a != b:
            return [f"  line {number}", f"  - {a}", f"  + {b}"]
    return ["  - (nothing more)" if len(expected) < len(got) else "  + (nothing more)"]


class Comparison:
    def __init__(self, program, again=""):
        self.program, self.again = program, again
        self.compared = self.differ = self.not_valid = 0

    def chunk(self, lines):
        valid, expected = [], []
        for line, text in zip(lines, reference.trace_texts(lines), strict=True):
            if text.endswith(" INVALID\n"):
                self.not_valid += 1
            else:
                valid.append(line)
                expected.append(text)
        self.compared += len(valid)
        output, trouble = run_program(self.program, valid, CHUNK_SECONDS)
        if trouble is None and output == "".join(expected):
            return
        got = split(output)
        for position, (line, text) in enumerate(zip(valid, expected)):
            # After trouble it is not known how far the program came: those that it did not print run alone.
            alone = trouble is not None and position >= len(got) - 1
            if alone or position >= len(got) or got[position].rstrip("\n") != text.rstrip("\n"):
                self.one(line, text)

    def one(self, line, text):
        output, trouble = run_program(self.program, [line], ONE_SECONDS)
        if trouble is None and output == text:
            return
        self.differ += 1
        if self.differ <= SHOWN:
            name = json.loads(line)["id"]
            report = [f"{name}: {trouble or 'differs'}", *first_difference(text, output)]
            if self.again:
                report.append(f"  again: {self.again.format(name)}")
            print("\n".join(report) + "\n", flush=True)


def main(args):
    if len(args) < 3:
        sys.exit(__doc__)
    program, first, *rest = args
    again = ""
    if first == "--file":
        lines = (line for name in rest for line in open(name, encoding="utf-8") if line.strip())
    else:
        count, *profiles = rest
        unknown = [profile for profile in profiles if profile not in generate.PROFILES]
        if unknown or not profiles or not count.isdecimal():
            sys.exit(f"profiles: {' '.join(generate.PROFILES)}")
        again = "tests/conformance/generate.py --only {} | " + program + " -"
        lines = map(generate.line, generate.scenarios(first, range(int(count)), profiles))
    comparison = Comparison(program, again)
    while chunk := list(islice(lines, CHUNK)):
        comparison.chunk(chunk)
    print(f"{comparison.compared} compared, {comparison.differ} differ, {comparison.not_valid} not valid")
    return 1 if comparison.differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
