# SPDX-License-Identifier: BSL-1.0
"""Makes one random scenario: names, coroutines, and the plain statements. The patterns are in patterns.py and
patterns_sync.py.

Every part that can be drawn is a method `make_<part>(block)` that gives a list of statements; a profile is a table
of parts and weights (generate.py). A coroutine refers only to coroutines that were finished before it, so that no
scenario is recursive.
"""
import random

from patterns import Patterns
from patterns_sync import SyncPatterns

MODES = ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED")
CLAUSES = ("Cancelled", "Timeout", "Error", "Group", "Any", "Base")
MESSAGES = ("why", "stop", "")
MAX_DEPTH = 4   # of blocks in blocks
MAX_LEVEL = 4   # of coroutines made for coroutines


class Block:
    """Where a statement is to stand: how deep, and in which blocks of the same coroutine."""

    def __init__(self, level=0, depth=0, timeout=False, group=False, handler=False):
        self.level, self.depth = level, depth
        self.timeout, self.group, self.handler = timeout, group, handler

    def inside(self, **changes):
        return Block(**{**vars(self), "depth": self.depth + 1, **changes})


class ScenarioMaker(Patterns, SyncPatterns):
    def __init__(self, seed, profile, weights):
        self.random = random.Random(f"{seed}:{profile}")
        self.profile = profile
        self.parts = list(weights)
        self.weights = list(weights.values())
        self.coros = {}
        self.tasks, self.futures, self.timers, self.generators = [], [], [], []
        self.counts = {}
        self.durations = set()
        self.left = self.random.randint(12, 70)  # statements that may still be drawn

    # --- drawing ------------------------------------------------------------------------------------------------------

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, *things):
        return self.random.choice(things)

    def upto(self, low, high):
        return self.random.randint(low, high)

    def new(self, prefix):
        self.counts[prefix] = self.counts.get(prefix, 0) + 1
        return f"{prefix}{self.counts[prefix]}"

    def label(self):
        return ["log", self.new("m")]

    def duration(self):
        """Short ones are likely, and none is drawn twice."""
        while True:
            drawn = self.upto(1, self.pick(30, 30, 400, 5000, 60000))
            if drawn not in self.durations:
                self.durations.add(drawn)
                return drawn

    def limit(self):
        """of a timeout"""
        roll = self.random.random()
        return None if roll < 0.1 else self.pick(0, 0, -3) if roll < 0.25 else self.duration()

    def zeros(self, most=3):
        """Bare yields: what follows runs some iterations later, at the same instant."""
        return [["sleep", 0] for _ in range(self.upto(0, most))]

    def recent(self, names):
        """Mostly one of the last names."""
        return self.random.choice(names[-4:] if self.chance(0.6) else names)

    def task(self):
        return self.recent(self.tasks) if self.tasks else "main"

    def future(self):
        return self.recent(self.futures) if self.futures else "f1"

    def awaitable(self):
        return self.future() if self.futures and self.chance(0.35) else self.task()

    def item(self, block):
        return self.awaitable() if self.chance(0.65) else {"coro": self.coroutine(block)}

    def items(self, block, low, high):
        return [self.item(block) for _ in range(self.upto(low, high))]

    def new_task(self):
        self.tasks.append(self.new("t"))
        return self.tasks[-1]

    def new_future(self):
        self.futures.append(self.new("f"))
        return self.futures[-1]

    # --- coroutines and bodies ----------------------------------------------------------------------------------------

    def define(self, statements, prefix="c"):
        name = self.new(prefix)
        self.coros[name] = statements
        return name

    def leaf(self):
        """A short coroutine that needs nothing else."""
        end = self.pick(["return", self.upto(0, 99)], ["return", self.upto(0, 99)], ["raise", self.pick(*"xyz")],
                        ["sleep", self.duration()], self.label())
        return self.define(self.zeros() + [["sleep", self.duration()]] * self.chance(0.5) + [end], "leaf")

    def coroutine(self, block):
        finished = [name for name in self.coros if name.startswith("c")]
        if finished and self.chance(0.35):
            return self.random.choice(finished)
        if self.left <= 0 or block.level >= MAX_LEVEL or self.chance(0.25):
            return self.leaf()
        return self.define(self.body(Block(level=block.level + 1), self.upto(1, 6), guard=0.4))

    def body(self, block, count, guard=0.0):
        statements = []
        for _ in range(count):
            made = self.statement(block)
            if self.chance(guard) and not any(s[0] in ("return", "spawn", "future", "reraise") for s in made):
                made = [["try", made, [[self.pick("Any", "Any", "Base"), self.aside()]], []]]
            statements += made
        return statements

    def aside(self):
        return [self.pick(self.label(), ["state", self.awaitable()])] if self.chance(0.3) else []

    def statement(self, block):
        self.left -= 1
        if self.left <= 0:
            return [self.pick(self.label(), ["sleep", 0], ["sleep", self.duration()])]
        while True:
            part = self.random.choices(self.parts, self.weights)[0]
            made = getattr(self, f"make_{part}")(block)
            if made:
                return made

    def inner(self, block, low, high, **changes):
        if block.depth >= MAX_DEPTH:
            return [self.pick(self.label(), ["sleep", 0])]
        return self.body(block.inside(**changes), self.upto(low, high))

    def clauses(self, block, most=2):
        made = []
        for what in self.random.sample(CLAUSES, self.upto(1, most)):
            handler = self.inner(block, 0, 2, handler=True)
            made.append([what, handler + [["reraise"]] * self.chance(0.35)])
        return made

    # --- statements of one line ---------------------------------------------------------------------------------------

    def make_log(self, block):
        return [self.label()]

    def make_sleep(self, block):
        return [["sleep", self.duration()]]

    def make_yield(self, block):
        return self.zeros() or [["sleep", -1]]

    def make_spawn(self, block):
        coro = self.coroutine(block)
        return [["spawn", self.new_task(), coro]]

    def make_call(self, block):
        return [["call", self.coroutine(block)]]

    def make_await(self, block):
        return [["await", self.awaitable()]]

    def make_raise(self, block):
        return [["raise", self.pick(*"xyz")]]

    def make_return(self, block):
        return [["return", self.pick(None, self.upto(0, 99))]] if self.chance(0.5) else []

    def make_reraise(self, block):
        return [["reraise"]] if block.handler else []

    def make_state(self, block):
        return [["state", self.awaitable()]]

    def make_future(self, block):
        return [["future", self.new_future()]]

    def make_set(self, block):
        target = self.future() if self.chance(0.93) else self.task()
        return [["set_result", target, self.upto(0, 99)] if self.chance(0.7) else
                ["set_error", target, self.pick(*"xyz")]]

    def make_done_cb(self, block):
        return [["done_cb", self.awaitable(), self.new("d")]]

    def make_cancel(self, block):
        target = self.awaitable()
        return [["cancel", target] if self.chance(0.6) else ["cancel", target, self.pick(*MESSAGES)]]

    def make_cancel_self(self, block):
        return [["cancel_self"]]

    def make_cancelling(self, block):
        return [["cancelling", self.task()]]

    def make_uncancel(self, block):
        return [["uncancel"]]

    def make_gather(self, block):
        return [["gather", self.items(block, 0, 4), self.chance(0.4)]]

    def make_gather_as(self, block):
        items = self.items(block, 0 if self.chance(0.1) else 1, 4)
        return [["gather_as", self.new_future(), items, self.chance(0.4)]]

    def make_shield(self, block):
        return [["shield", self.item(block)]]

    def make_wait_for(self, block):
        return [["wait_for", self.item(block), self.limit()]]

    def make_wait(self, block):
        names = list(dict.fromkeys(self.awaitable() for _ in range(self.upto(1, 5))))
        limit = self.limit() if self.chance(0.5) else None
        return [["wait", names, limit, self.pick(*MODES)]]

    def make_as_completed(self, block):
        limit = self.duration() if self.chance(0.4) else None
        return [["as_completed", self.items(block, 1, 4), limit]]

    def make_reschedule(self, block):
        return [["reschedule", self.limit()]] if block.timeout else []

    def make_gspawn(self, block):
        if not block.group:
            return []
        coro = self.coroutine(block)
        return [["gspawn", self.new_task(), coro]]

    # --- blocks -------------------------------------------------------------------------------------------------------

    def make_try(self, block):
        last = self.inner(block, 1, 2) if self.chance(0.4) else []
        clauses = self.clauses(block) if not last or self.chance(0.6) else []
        return [["try", self.inner(block, 1, 3), clauses, last]]

    def make_loop(self, block):
        return [["loop", self.upto(0 if self.chance(0.1) else 2, 3), self.inner(block, 1, 2)]]

    def make_timeout(self, block):
        return [["timeout", self.limit(), self.inner(block, 1, 4, timeout=True)]]

    def make_group(self, block):
        return [["group", self.inner(block, 1, 5, group=True)]]

    # --- callbacks ----------------------------------------------------------------------------------------------------

    def callback(self, nested=True):
        made = []
        for _ in range(self.upto(1, 3)):
            part = self.pick("log", "set", "set", "cancel", "cancel", "cancel", "state", "more", "raise")
            if (acts := self.sync_acts()) and self.chance(0.5):
                made.append(self.pick(*acts))
            elif part != "more":
                made += getattr(self, f"make_{part}")(Block())
            elif nested:
                made += self.pick([["call_soon", self.callback(False)]], self.make_done_cb(None),
                                  [["spawn", self.new_task(), self.leaf()]],
                                  [["gather_as", self.new_future(), self.items(Block(MAX_LEVEL), 1, 3), False]])
        return made or [self.label()]

    def make_call_soon(self, block):
        return [["call_soon", self.callback()]]

    def make_call_later(self, block):
        if self.chance(0.5):
            return [["call_later", self.limit() or 0, self.callback()]]
        self.timers.append(self.new("h"))
        return [["call_later_as", self.timers[-1], self.duration(), self.callback()]]

    def make_cancel_timer(self, block):
        return [["cancel_timer", self.random.choice(self.timers)]] if self.timers else []

    # --- the whole ----------------------------------------------------------------------------------------------------

    def scenario(self, name):
        block = Block()
        start = self.objects()
        if self.chance(0.7):  # so that what nobody wakes does not end in a deadlock
            start.append(["call_later", self.upto(90_000, 200_000), [["cancel", "main", "watchdog"]]])
        for _ in range(self.upto(0, 4)):
            start += self.make_spawn(block)
        main = self.body(block, self.upto(4, 12), guard=0.9)
        end = [["sleep", self.duration()]] if self.chance(0.5) else []
        self.coros["main"] = start + main + end
        used = self.used_coros()
        return {"id": name, "coros": {coro: code for coro, code in self.coros.items() if coro in used}}

    def used_coros(self):
        """Those that main refers to, directly or not. (Others were made for statements that were then not chosen.)"""
        used, open_parts = {"main"}, [self.coros["main"]]
        while open_parts:
            part = open_parts.pop()
            if isinstance(part, list):
                open_parts += part
            elif isinstance(part, dict):
                open_parts += part.values()
            elif isinstance(part, str) and part in self.coros and part not in used:
                used.add(part)
                open_parts.append(self.coros[part])
        return used

    def objects(self):
        """What main makes first."""
        made = [["future", self.new_future()] for _ in range(self.upto(0, 2))]
        if self.profile in ("sync", "mix"):
            made += [["event", "e1"], ["event", "e2"], ["lock", "l1"], ["lock", "l2"], ["cond", "c1"], ["cond", "c2"],
                     ["sem", "s1", self.upto(0, 2)], ["bsem", "b1", self.upto(1, 2)],
                     ["barrier", "r1", self.upto(1, 3)]]
        if self.profile in ("queue", "mix"):
            made += [["queue", "q1", self.upto(0, 2), self.pick("fifo", "lifo", "priority")],
                     ["queue", "q2", self.upto(0, 1), "fifo"]]
        if self.profile in ("gen", "mix"):
            for _ in range(self.upto(1, 3)):
                made += self.make_gen(Block())
        return made
