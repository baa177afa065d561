#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Makes a scenario smaller as long as rondo-scenarios and CPython differ on it, and prints the smallest one.

    reduce.py PROGRAM ID...           scenarios of generate.py
    reduce.py PROGRAM --file FILE     every scenario of a JSON Lines file
"""
import copy
import json
import sys

import generate
import reference
from compare import first_difference, run_program

INNER = {"try": 1, "loop": 2, "timeout": 2, "group": 1, "call_soon": 1, "call_later": 2, "call_later_as": 3}
SECONDS = 3


def differs(program, scenario):
    lines = [generate.line(scenario)]
    try:
        text = next(reference.trace_texts(lines))
    except Exception:
        return False
    if text.endswith(" INVALID\n"):
        return False
    output, trouble = run_program(program, lines, SECONDS)
    if trouble and "signal" not in trouble and "no end" not in trouble:
        return False
    return bool(trouble) or output != text


def lists(scenario):
    """Paths to all lists of statements."""
    def walk(path, statements):
        yield path
        for number, s in enumerate(statements):
            if s[0] in INNER:
                yield from walk(path + [number, INNER[s[0]]], s[INNER[s[0]]])
            if s[0] == "try":
                for clause in range(len(s[2])):
                    yield from walk(path + [number, 2, clause, 1], s[2][clause][1])
                yield from walk(path + [number, 3], s[3])
    for name in scenario["coros"]:
        yield from walk(["coros", name], scenario["coros"][name])


def at(scenario, path):
    for step in path:
        scenario = scenario[step]
    return scenario


def without_coro(scenario, name):
    made = copy.deepcopy(scenario)
    del made["coros"][name]
    return made


def with_change(scenario, path, start, count, instead=()):
    made = copy.deepcopy(scenario)
    at(made, path)[start:start + count] = copy.deepcopy(list(instead))
    return made


def simpler(s):
    """What may stand in place of a statement."""
    match s:
        case ["try", body, clauses, last]:
            yield body
            yield body + last
            if clauses and last:
                yield [["try", body, clauses, []]]
                yield [["try", body, [], last]]
            for number in range(len(clauses) if len(clauses) > 1 else 0):
                yield [["try", body, clauses[:number] + clauses[number + 1:], last]]
        case ["loop", times, body]:
            yield body
            if times > 1:
                yield [["loop", times - 1, body]]
        case ["timeout", _, body] | ["group", body]:
            yield body
        case ["gather" | "as_completed", [_, _, *_] as items, rest]:
            for number in range(len(items)):
                yield [[s[0], items[:number] + items[number + 1:], rest]]
        case ["wait", [_, _, *_] as names, limit, mode]:
            for number in range(len(names)):
                yield [["wait", names[:number] + names[number + 1:], limit, mode]]
        case ["gather_as", name, [_, _, *_] as items, rest]:
            for number in range(len(items)):
                yield [["gather_as", name, items[:number] + items[number + 1:], rest]]
        case ["sleep", int(duration)] if duration > 0:
            yield [["sleep", 0]]


class Reducer:
    def __init__(self, program, scenario):
        self.program, self.scenario, self.found = program, scenario, False

    def take(self, candidate):
        """True if the candidate still differs; it is then the scenario."""
        if candidate == self.scenario or not differs(self.program, candidate):
            return False
        self.scenario, self.found = candidate, True
        return True

    def reduce(self):
        self.found = True
        while self.found:
            self.found = False
            for name in [name for name in self.scenario["coros"] if name != "main"]:
                self.take(without_coro(self.scenario, name))
            paths = list(lists(self.scenario))
            for path in reversed(paths):  # inner lists first, so that the other paths stay right
                self.reduce_list(path)
        return self.scenario

    def reduce_list(self, path):
        size = len(at(self.scenario, path))
        while size > 0:
            start = 0
            while start + size <= len(at(self.scenario, path)):
                if not self.take(with_change(self.scenario, path, start, size)):
                    start += size
            size //= 2
        for number in reversed(range(len(at(self.scenario, path)))):
            for instead in simpler(at(self.scenario, path)[number]):
                if self.take(with_change(self.scenario, path, number, 1, instead)):
                    break


def main(args):
    program, first, *rest = args
    if first == "--file":
        scenarios = [json.loads(line) for name in rest for line in open(name, encoding="utf-8") if line.strip()]
    else:
        scenarios = []
        for name in [first, *rest]:
            profile, tail = name.split("-", 1)
            seed, number = tail.rsplit("-", 1)
            scenarios.append(generate.scenario(seed, int(number), profile))
    for scenario in scenarios:
        if not differs(program, scenario):
            print(f"{scenario['id']}: no difference", file=sys.stderr)
            continue
        small = Reducer(program, scenario).reduce()
        line = generate.line(small)
        print(line, end="", flush=True)
        output, trouble = run_program(program, [line], SECONDS)
        expected = next(reference.trace_texts([line]))
        report = [f"{small['id']}: {trouble or 'differs'}", *first_difference(expected, output)]
        print("\n".join(report), file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
