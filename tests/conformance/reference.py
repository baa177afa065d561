#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""The reference interpreter: runs scenarios (SCENARIOS.md) on CPython's own asyncio and prints their traces.

    reference.py FILE...      (- is standard input; JSON Lines; wants CPython 3.13 or newer)

A scenario that is not valid prints the line "# <id> INVALID" instead of a trace.
"""
import sys

if sys.version_info < (3, 13):
    sys.exit("reference.py: wants CPython 3.13 or newer")

import asyncio
import gc
import json
import warnings

warnings.simplefilter("ignore")

import statements_sync  # noqa: F401 - fills the table of statements
from outcome_text import ScenarioError, outcome_text
from statements import AWAITING, PLAIN, USES, Frame
from virtual_loop import MISTAKES, Deadlock, Runaway, VirtualLoop

CLAUSES = {"Cancelled": asyncio.CancelledError, "Timeout": TimeoutError, "Error": ScenarioError,
           "Group": BaseExceptionGroup, "Any": Exception, "Base": BaseException}
NEVER_CAUGHT = (Deadlock, Runaway, RecursionError, GeneratorExit)
COLLECT_EVERY = 50


class Interpreter:
    def __init__(self, scenario, loop):
        self.coros = scenario["coros"]
        self.loop = loop
        self.trace = []
        self.names = {}
        self.objects = []  # everything that ever had a name, oldest first
        self.durations = 0

    # --- what statements need -----------------------------------------------------------------------------------------

    def emit_as(self, who, text):
        self.trace.append(f"{self.loop.microseconds()} {who} {text}")

    def emit(self, text):
        try:
            task = asyncio.current_task(self.loop)
        except RuntimeError:
            task = None
        if task is None:
            self.emit_as("-", text)
        else:
            name = task.get_name()
            self.emit_as("*" if name.startswith("Task-") else name, text)

    def bind(self, name, thing):
        self.objects.append(thing)
        self.names[name] = thing

    def seconds(self, duration):
        """Positive durations are stretched, each by one microsecond more than the one before."""
        if duration is None:
            return None
        if duration > 0:
            duration += self.durations
            self.durations += 1
        return duration / 1e6

    def item(self, item):
        return self.names[item] if isinstance(item, str) else self.coroutine(item["coro"])

    def items(self, items):
        return [self.item(item) for item in items]

    def code(self, coro):
        if coro not in self.coros:
            self.loop.valid = False
        return self.coros.get(coro, [])

    async def coroutine(self, coro):
        left = await self.body(self.code(coro), Frame())
        return left.value if left else None

    # --- running statements -------------------------------------------------------------------------------------------

    def misses(self, name, args):
        """True if the statement uses something that does not exist yet."""
        if name not in USES:
            return False
        used = args[USES[name]]
        if isinstance(used, str):
            return used not in self.names
        return isinstance(used, list) and any(isinstance(x, str) and x not in self.names for x in used)

    async def body(self, statements, frame):
        """Runs them; gives a Return, or None at the end."""
        for name, *args in statements:
            try:
                if self.misses(name, args):
                    self.emit(f"skip {name}")
                elif name in PLAIN:
                    PLAIN[name](self, *args)
                else:
                    left = await AWAITING[name](self, frame, *args)
                    if left is not None:
                        return left
            except MISTAKES:
                self.loop.valid = False
                raise
        return None

    def callback(self, statements):
        for name, *args in statements:
            if self.misses(name, args):
                self.emit(f"skip {name}")
            else:
                PLAIN[name](self, *args)

    def choose(self, clauses, error, frame):
        """The number of the clause that takes the error; it has then been entered."""
        if isinstance(error, NEVER_CAUGHT):
            return None
        for number, (what, _) in enumerate(clauses):
            if isinstance(error, CLAUSES[what]):
                self.emit(f"except {outcome_text(error)}")
                frame.handled.append(error)
                return number
        return None


# --- whole scenarios --------------------------------------------------------------------------------------------------

def play(scenario, loop):
    """Runs a scenario as asyncio.run() would; gives the trace."""
    it = Interpreter(scenario, loop)
    try:
        main = loop.create_task(it.coroutine("main"), name="main")
        it.bind("main", main)
        try:
            outcome = outcome_text(loop.run_until_complete(main))
        except (Deadlock, Runaway, RecursionError):
            raise
        except BaseException as error:
            outcome = outcome_text(error)
        loop.leave(it.objects)
        it.emit_as("-", f"end {outcome}")
    except Deadlock:
        it.emit_as("-", "DEADLOCK")
    trace, it.trace = it.trace, []  # what is dropped later prints no more
    return trace


def run_scenario(scenario):
    """The lines of the trace, or None for a scenario that is not valid."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    try:
        trace = play(scenario, loop)
    except (Runaway, RecursionError):  # (RecursionError: tasks that wait for each other in a circle were cancelled)
        return None
    finally:
        asyncio.set_event_loop(None)
    return trace if loop.valid else None


def trace_text(scenario):
    trace = run_scenario(scenario)
    if trace is None:
        return f"# {scenario['id']} INVALID\n"
    return "\n".join([f"# {scenario['id']}", *trace, ""])


def trace_texts(lines):
    """The traces of the scenarios in the lines, one text each."""
    # What a scenario leaves unfinished is collected between scenarios, never while one runs.
    sys.unraisablehook = lambda unraisable: None
    gc.disable()
    number = 0
    for line in lines:
        if line.strip():
            yield trace_text(json.loads(line))
            number += 1
            if number % COLLECT_EVERY == 0:
                gc.collect()


def main(names):
    if not names:
        sys.exit(__doc__)
    for name in names:
        with sys.stdin if name == "-" else open(name, encoding="utf-8") as lines:
            sys.stdout.writelines(trace_texts(lines))


if __name__ == "__main__":
    main(sys.argv[1:])
