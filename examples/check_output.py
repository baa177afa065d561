#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs an example and compares what it prints.

    check_output.py SOURCE EXPECTED COMMAND...

Fails unless COMMAND exits with 0 and prints what the file EXPECTED holds, and the comment on top of SOURCE says so, too:
the lines below the one with "Expected output", less their "//   ".
"""
import difflib
import subprocess
import sys


def promised(source):
    lines = []
    found = False
    with open(source, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("//"):
                break
            if found and not line.startswith("//   "):
                break
            if found:
                lines.append(line.removeprefix("//   "))
            found = found or line.startswith("// Expected output")
    return "".join(lines)


def same(left, right, left_name, right_name):
    diff = difflib.unified_diff(left.splitlines(), right.splitlines(), left_name, right_name, lineterm="")
    for line in diff:
        print(line)
    return left.splitlines() == right.splitlines()


def main():
    source, expected_path, *command = sys.argv[1:]
    with open(expected_path, encoding="utf-8") as file:
        expected = file.read()
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    ok = same(expected, ran.stdout, expected_path, "stdout")
    ok = same(expected, promised(source), expected_path, source) and ok
    if ran.returncode != 0:
        print(f"{command[0]} exited with {ran.returncode}")
    sys.exit(0 if ok and ran.returncode == 0 else 1)


main()
