# SPDX-License-Identifier: BSL-1.0
"""Patterns of locks, conditions, events, barriers and queues: races between those who wait and those who wake them.

The narrow places are all of one kind: somebody waits, and in one step of another task (or in one callback) he is
woken, robbed and cancelled, in any order, while newcomers come. So a race has a line of waiters, and batches of acts.
"""


class SyncPatterns:
    """Another part of ScenarioMaker (scenario_maker.py)."""

    # --- objects ------------------------------------------------------------------------------------------------------

    def object(self, old, make):
        """A name, and the statements that make it: mostly those that main has made, sometimes one for a race alone."""
        if self.chance(0.55):
            return self.pick(*old), []
        # (The name of an old one: then somebody may wait for what has no name any more.)
        name = self.pick(*old) if self.chance(0.1) else self.new("o")
        return name, [make(name)]

    def queue_size(self):
        return self.pick(0, 1, 1, 2)

    def new_queue(self, name):
        return ["queue", name, self.queue_size(), self.pick("fifo", "fifo", "lifo", "priority")]

    def sync_acts(self):
        """What may be done to the objects of main, in callbacks too: nothing in profiles without them."""
        acts = []
        if self.profile in ("sync", "mix"):
            acts += [["release", self.pick("l1", "s1", "b1", "c1")], [self.pick("event_set", "event_clear"), "e1"],
                     ["notify", "c1", 1]]
        if self.profile in ("queue", "mix"):
            acts += [["put_nowait", "q1", self.upto(0, 9)], ["get_nowait", "q1"], ["task_done", "q1"]]
        return acts

    def sync_waits(self):
        """Ways to wait for the objects of main."""
        waits = []
        if self.profile in ("sync", "mix"):
            name = self.pick("l1", "s1", "b1", "c1")
            waits += [[["event_wait", "e1"]], [["barrier_wait", "r1"]], [["acquire", name], ["release", name]],
                      [["acquire", "c1"], ["try", [["cond_wait", "c1"]], [], [["release", "c1"]]]]]
        if self.profile in ("queue", "mix"):
            waits += [[["get", "q1"]], [["put", "q1", self.upto(0, 9)]], [["join", "q1"]]]
        return waits

    # --- waiters and batches ------------------------------------------------------------------------------------------

    def through(self, block, statements):
        """They run in the task itself, or below something that waits for them, or for less than their end."""
        roll = self.random.random()
        if roll < 0.5:
            return statements
        if roll < 0.65:
            return [["timeout", self.limit(), statements]]
        coro = self.define(statements)
        item = {"coro": coro}
        return self.pick(
            [["wait_for", item, self.limit()]], [["wait_for", item, self.duration()]], [["call", coro]],
            [["gather", [item, self.item(block)], self.chance(0.5)]], [["gather", [item, item], True]],
            [["shield", item]], [["timeout", self.duration(), [["shield", item]]]],
            [["group", [["gspawn", self.new_task(), coro], *self.zeros(2), *self.pick([], [], [["raise", "g"]])]]],
            [["group", [["gspawn", self.new_task(), coro], ["gspawn", self.new_task(), coro]]]],
            [["as_completed", [item, {"coro": self.leaf()}], self.pick(None, self.duration())]],
            [["timeout", self.limit(), [["wait_for", item, self.limit()]]]],
            [["try", statements, [["Cancelled", statements]], []]])

    def line(self, block, make_wait, most=4):
        """The statements that spawn some waiters, and their names."""
        made, names = [], []
        for _ in range(self.upto(1, most)):
            wait = self.through(block, make_wait())
            made.append(self.spawned(self.zeros(2) * self.chance(0.5) + self.wrapped(block, wait) + self.aside()))
            names.append(self.tasks[-1])
        return made, names

    def batch(self, waiters, acts, newcomer):
        """Plain statements for one step or one callback."""
        made = []
        for _ in range(self.upto(1, 4)):
            roll = self.random.random()
            if roll < 0.3:
                hit = self.pick(waiters[0], self.pick(*waiters))  # the first is the one that is woken
                made.append(["cancel", hit] if self.chance(0.7) else ["cancel", hit, self.new("n")])
            elif roll < 0.4:
                made.append(self.spawned(newcomer()))
            elif roll < 0.45:
                made.append(["call_soon", [self.pick(*acts)]])
            else:
                made.append(self.pick(*acts))
        return made

    def deliver(self, batch):
        return self.pick([["try", batch, [["Any", []]], []]], [["try", batch, [["Any", []]], []]],
                         [["call_soon", batch]], [["call_soon", batch]], [["call_later", self.duration(), batch]],
                         [self.spawned(batch)], [self.spawned(self.zeros(2) + batch)])

    def volley(self, waiters, acts, newcomer):
        """Callbacks and newcomers one after the other in one iteration of the loop, before anybody woken goes on."""
        made = []
        for _ in range(self.upto(3, 7)):
            if self.chance(0.3):
                made.append(self.spawned(newcomer()))
                if self.chance(0.5):
                    waiters.append(self.tasks[-1])
            else:
                act = ["cancel", self.pick(waiters[0], self.pick(*waiters))] if self.chance(0.25) else self.pick(*acts)
                made.append(["call_soon", [act]])
        return made

    def race(self, block, make_wait, acts, newcomer=None, most=4):
        made, waiters = self.line(block, make_wait, most)
        made += self.zeros(3)
        for _ in range(self.upto(1, 4)):
            if self.chance(0.35):
                made += self.volley(waiters, acts, newcomer or make_wait) + self.zeros(2)
            else:
                made += self.deliver(self.batch(waiters, acts, newcomer or make_wait)) + self.zeros(2)
            if self.chance(0.15):
                more, names = self.line(block, make_wait, 2)
                made += more
                waiters += names
        return made + ([["sleep", self.duration()]] if self.chance(0.2) else [])

    # --- events -------------------------------------------------------------------------------------------------------

    def make_event(self, block):
        return [[self.pick("event_wait", "event_wait", "event_set", "event_clear"), self.pick("e1", "e2")]]

    def make_signal(self, block):
        """Waiters of an event that is raised and lowered at once."""
        name, made = self.object(("e1", "e2"), lambda new: ["event", new])
        wait = ["event_wait", name]
        return made + self.race(block, lambda: self.pick([wait], [["loop", 2, [wait, *self.zeros(1)]]]),
                                [["event_set", name], ["event_set", name], ["event_clear", name]])

    # --- locks and semaphores -----------------------------------------------------------------------------------------

    def make_holding(self, block, name=None):
        name = name or self.pick("l1", "l1", "l2", "s1", "b1", "c1")
        inner = self.zeros(2) + self.pick([], [["sleep", self.duration()]], self.action(block))
        return [["acquire", name], ["try", inner or [["sleep", 0]], [], [["release", name]]]]

    def make_release(self, block):
        return [["release", self.pick("l1", "s1", "b1", "c1")]]

    def make_contend(self, block):
        """Tasks that want the same lock, some of them cancelled while they wait or as they get it."""
        name = self.pick("l1", "s1", "b1", "c1")
        made = []
        for _ in range(self.upto(2, 4)):
            hold = self.make_holding(block, name)
            if self.chance(0.3):
                hold = [["timeout", self.limit(), hold]]
            made.append(self.spawned(self.zeros(2) + hold))
        return made + self.zeros(4) + [["cancel", self.recent(self.tasks)]] * self.upto(0, 2)

    def make_handover(self, block):
        """A lock that is released, perhaps too often, while those in line are cancelled."""
        name, made = self.object(("l1", "s1", "s1", "b1", "c1"), lambda new: self.pick(
            ["lock", new], ["sem", new, self.upto(0, 2)], ["bsem", new, self.upto(1, 2)], ["cond", new]))
        if not made or made[0][0] != "sem":
            made.append(self.spawned([["acquire", name]] * (1 if self.chance(0.7) else 2)))
        release = ["release", name]

        def wait():
            return self.pick(self.make_holding(block, name), [["acquire", name]], [["acquire", name], release],
                             [["loop", 2, [["acquire", name], release]]],
                             [["acquire", name], *self.zeros(2), release])
        return made + self.race(block, wait, [release])

    # --- conditions ---------------------------------------------------------------------------------------------------

    def make_condition(self, block):
        """Waiters of a condition, notified and cancelled."""
        name = self.pick("c1", "c1", "c2")
        made = []
        for _ in range(self.upto(1, 3)):
            wait = [["cond_wait", name]] if self.chance(0.7) else [["timeout", self.limit(), [["cond_wait", name]]]]
            made.append(self.spawned([["acquire", name], ["try", wait, [], [["release", name]]]]))
        tell = self.pick(["notify", name, 1], ["notify", name, 2], ["notify_all", name])
        made += self.zeros() + [["acquire", name], tell, *self.zeros(1), ["release", name]]
        return made + self.zeros(2) + [["cancel", self.task()]] * self.upto(0, 1)

    def make_notified(self, block):
        """Waiters that are notified and cancelled, again and again, while others hold the lock that they want back."""
        name, made = self.object(("c1", "c2"), lambda new: ["cond", new])
        release = ["release", name]
        tell = [["notify", name, 1], ["notify", name, 1], ["notify", name, 2], ["notify_all", name],
                ["notify", name, 0]]

        def wait():
            inner = self.pick([["cond_wait", name]], [["loop", 2, [["cond_wait", name]]]],
                              [["timeout", self.limit(), [["cond_wait", name]]]],
                              [["try", [["cond_wait", name]], [["Cancelled", [["cond_wait", name]]]], []]])
            return [["acquire", name], ["try", inner, [], [release]]]

        def hold():
            inner = self.pick([], [self.pick(*tell)], self.zeros(3), [["sleep", self.duration()]])
            return [["acquire", name], *inner, *self.zeros(2), self.pick(*tell), release]
        if self.chance(0.25):
            return made + self.hogged(name, wait, tell)
        race = self.race(block, lambda: wait() if self.chance(0.75) else hold(), [*tell, release], hold)
        if self.chance(0.6):  # with the lock held by who tells
            made.append(["try", [["acquire", name]], [["Any", []]], []])
        return made + race

    def hogged(self, name, wait, tell):
        """A waiter that is cancelled more than once before it gets its lock again, and others that wait with it."""
        waiter = self.spawned([["try", wait(), [["Base", self.pick([["reraise"]], [["cancelling", "main"]])]], []]])
        hit = self.tasks[-1]
        made = [waiter, *[self.spawned(wait()) for _ in range(self.upto(0, 2))], ["sleep", 0]]
        hog = [["acquire", name]]
        for _ in range(self.upto(2, 5)):
            hog += self.zeros(2) + [self.pick(["cancel", hit, self.new("n")], ["cancel", hit, self.new("n")],
                                              ["cancel", hit], self.pick(*tell), ["cancel", self.task()])]
        hog += self.zeros(2) + [["release", name]] + self.zeros(2)
        return made + self.pick(hog, [self.spawned(hog)]) + self.pick([], [["await", hit]], [["state", hit]])

    # --- barriers -----------------------------------------------------------------------------------------------------

    def make_barrier(self, block):
        return [self.pick(["barrier_wait", "r1"], ["barrier_wait", "r1"], ["barrier_abort", "r1"],
                          ["barrier_reset", "r1"], self.spawned(self.zeros(2) + [["barrier_wait", "r1"]]))]

    def make_meeting(self, block):
        """A barrier that is left, broken and mended while it fills and drains."""
        name, made = self.object(("r1",), lambda new: ["barrier", new, self.upto(1, 4)])
        wait = [["barrier_wait", name]]
        acts = [self.spawned(self.zeros(1) + [[self.pick("barrier_wait", "barrier_wait", "barrier_reset",
                                                         "barrier_abort"), name]]) for _ in range(3)]

        def come():
            return self.pick(wait, wait, [["loop", self.upto(2, 3), wait]],
                             [["try", wait,
                               [[self.pick("Cancelled", "Any"), self.pick(wait, [["barrier_reset", name]])]], []]])
        return made + self.race(block, come, acts, lambda: self.pick(
            wait, wait, [["barrier_reset", name]], [["barrier_abort", name]]), 6)

    # --- queues -------------------------------------------------------------------------------------------------------

    def make_queue_use(self, block):
        name = self.pick("q1", "q1", "q2")
        return [self.pick(["put", name, self.upto(0, 9)], ["put", name, self.upto(0, 9)], ["get", name], ["get", name],
                          ["put_nowait", name, self.upto(0, 9)], ["get_nowait", name],
                          ["task_done", name], ["join", name])]

    def make_shutdown(self, block):
        return [["shutdown", self.pick("q1", "q2"), self.chance(0.4)]]

    def make_workers(self, block):
        """Producers and consumers of one queue, some of them cancelled."""
        name = self.pick("q1", "q2")
        made = []
        for _ in range(self.upto(2, 4)):
            times = self.upto(1, 3)
            if self.chance(0.5):
                work = [["loop", times, [["put", name, self.upto(0, 9)], *self.zeros(1)]]]
            else:
                work = [["loop", times, [["get", name], *self.zeros(1), ["task_done", name]]]]
            made.append(self.spawned(self.zeros(1) + self.wrapped(block, work)))
        made += self.zeros(4)
        return made + self.pick([], [["cancel", self.task()]], [["join", name]], self.make_shutdown(block))

    def make_stolen(self, block):
        """Items that somebody takes, and room that somebody fills, before those in line come to it; shutdowns."""
        name, made = self.object(("q1", "q2"), self.new_queue)
        get, put = ["get", name], ["put", name, self.upto(0, 99)]
        side = self.pick("getters", "putters", "both")

        def wait():
            if self.chance(0.15):
                return [["join", name]]
            if side == "getters" or side == "both" and self.chance(0.5):
                return self.pick([get], [get], [["loop", 2, [get, ["task_done", name]]]], [get, *self.zeros(1), get])
            put = ["put", name, self.upto(0, 99)]
            return self.pick([put], [put], [["loop", 2, [put]]], [put, *self.zeros(1), put])
        acts = [["put_nowait", name, self.upto(0, 99)], ["put_nowait", name, self.upto(0, 99)], ["get_nowait", name],
                ["get_nowait", name], ["task_done", name]]
        if self.chance(0.4):
            acts.append(["shutdown", name, self.chance(0.4)])
        return made + self.race(block, wait, acts, lambda: self.pick([get], [put], [["join", name]]), 5)

    def make_jobs(self, block):
        """Tasks that wait for the end of the work, which is reached, left again and cut short."""
        name, made = self.object(("q1", "q2"), lambda new: ["queue", new, 0, self.pick("fifo", "priority")])
        made.append(["try", [["put_nowait", name, 1]] * self.upto(0, 2), [["Any", []]], []])
        acts = [["task_done", name], ["task_done", name], ["put_nowait", name, 2], ["get_nowait", name]]
        if self.chance(0.3):
            acts.append(["shutdown", name, self.chance(0.6)])
        return made + self.race(block, lambda: [["join", name]], acts)
