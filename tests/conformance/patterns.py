# SPDX-License-Identifier: BSL-1.0
"""Patterns of several statements that lead to the narrow places: races of one instant, chains, trees, late work."""


class Patterns:
    """The other half of ScenarioMaker (scenario_maker.py)."""

    # --- help ---------------------------------------------------------------------------------------------------------

    def spawned(self, statements):
        """A task that runs them."""
        coro = self.define(statements)
        return ["spawn", self.new_task(), coro]

    def action(self, block):
        """Something short that may hit somebody else."""
        if (acts := self.sync_acts()) and self.chance(0.4):
            return [self.pick(*acts)] if self.chance(0.6) else self.pick(*self.sync_waits())
        return getattr(self, "make_" + self.pick("set", "cancel", "cancel", "state", "raise", "await", "log", "done_cb",
                                                 "call_soon", "cancel_self"))(block)

    def end(self):
        return [self.pick(["return", self.upto(0, 99)], ["return", self.upto(0, 99)], ["raise", self.pick(*"xyz")],
                          ["cancel_self"], self.label())]

    def awaiting(self, block, name):
        """Waits for the name in one way or another."""
        other = self.awaitable()
        return [self.pick(
            ["await", name], ["await", name], ["shield", name], ["wait_for", name, self.limit()],
            ["gather", [name, other], self.chance(0.5)], ["gather", [name, name], False],
            ["timeout", self.limit(), [["await", name]]],
            ["wait", list(dict.fromkeys([name, other])), None, "FIRST_COMPLETED"],
            ["timeout", self.limit(), [["wait_for", name, self.limit()]]],
            ["as_completed", [name, other], None])]

    def wrapped(self, block, statements):
        """Sometimes in a try, with something in its clauses or at its end."""
        roll = self.random.random()
        if roll < 0.4:
            return statements
        late = self.zeros(2) + self.action(block) if self.chance(0.6) else [["sleep", self.duration()]]
        if roll < 0.6:
            return [["try", statements, [], [self.label(), *late]]]
        handler = late + [["reraise"]] * self.chance(0.5)
        return [["try", statements, [[self.pick("Cancelled", "Any", "Base", "Timeout"), handler]], []], *self.aside()]

    # --- of every profile ---------------------------------------------------------------------------------------------

    def make_race(self, block):
        """Tasks that act on each other some iterations after the same instant."""
        made = []
        for _ in range(self.upto(2, 4)):
            made.append(self.spawned(self.zeros() + self.wrapped(block, self.action(block)) + self.end()))
        return made + self.zeros() + self.action(block)

    def make_chain(self, block):
        """Tasks that wait for tasks; then something happens to one of them."""
        made = [self.spawned(self.zeros() + [["sleep", self.duration()]] * self.chance(0.6) + self.end())]
        first = self.tasks[-1]
        for _ in range(self.upto(2, 5)):
            made.append(self.spawned(self.wrapped(block, self.awaiting(block, self.tasks[-1])) + self.end()))
        hit = self.pick(first, self.task(), self.tasks[-1])
        return made + self.zeros(4) + [self.pick(["cancel", hit], ["cancel", hit, "chain"], ["await", hit])]

    def make_tree(self, block):
        """Gathers of gathers, awaited by several tasks."""
        made = [["spawn", self.new_task(), self.leaf()] for _ in range(self.upto(1, 3))]
        for _ in range(self.upto(2, 3)):
            members = self.items(block, 1, 2) + ([self.futures[-1]] if self.futures else [])
            made.append(["gather_as", self.new_future(), members, self.chance(0.4)])
        top = self.futures[-1]
        for _ in range(self.upto(1, 3)):
            name = self.pick(top, top, self.future())
            made.append(self.spawned(self.zeros() + self.wrapped(block, self.awaiting(block, name))))
        made += self.zeros() + self.pick([["cancel", self.future(), "tree"]], [["cancel", self.task()]],
                                         [["set_result", top, 7]], self.action(block))
        return made + [["state", top]]

    def make_waits(self, block):
        """Several waits for tasks that end in the same iteration."""
        names = []
        made = []
        for _ in range(self.upto(2, 4)):
            made.append(self.spawned(self.zeros(2) + self.end()))
            names.append(self.tasks[-1])
        if self.chance(0.4):
            names.append(self.future())
        for _ in range(self.upto(1, 3)):
            chosen = self.random.sample(list(dict.fromkeys(names)), self.upto(1, len(set(names))))
            limit = self.pick(None, None, 0, self.duration())
            wait = ["wait", chosen, limit, self.pick("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED")]
            made.append(self.spawned([wait]) if self.chance(0.5) else wait)
        return made

    def make_itself(self, block):
        """A task that waits for itself."""
        coro = self.new("c")
        name = self.new_task()
        self.coros[coro] = self.zeros(1) + self.wrapped(block, self.pick(
            [["await", name]], [["wait_for", name, self.duration()]], [["timeout", self.duration(), [["await", name]]]],
            [["cancel", name, "me"], ["sleep", 0]], [["wait", [name], self.duration(), "ALL_COMPLETED"]],
            [["done_cb", name, self.new("d")], ["cancel_self"], ["await", self.awaitable()]])) + self.end()
        return [["spawn", name, coro]] + ([["await", name]] if self.chance(0.4) else [])

    def make_late(self, block):
        """Work that begins when its task is already to end: at the latest, when run() leaves."""
        coro = self.leaf()
        late = self.pick(
            [["spawn", self.new_task(), coro]], [["spawn", self.new_task(), coro], ["await", self.task()]],
            [["gather", [{"coro": coro}, {"coro": self.leaf()}], True]],
            [["wait_for", {"coro": coro}, self.duration()]],
            [["gather_as", self.new_future(), [{"coro": coro}], False]],
            [["group", [["gspawn", self.new_task(), coro]]]],
            [["call_soon", self.callback()]], [["call_later", self.duration(), self.callback()]],
            [["shield", {"coro": coro}]], [["timeout", self.duration(), [["call", coro]]]])
        wait = self.pick([["sleep", self.duration()]], [["sleep", 100_000 + self.duration()]],
                         [["await", self.awaitable()]], self.zeros(4))
        return [self.spawned([["try", wait, [], self.zeros(2) + late + [self.label()]]])] + self.zeros(2)

    # --- cancelling and time ------------------------------------------------------------------------------------------

    def make_stubborn(self, block):
        """A task that is cancelled again and again, and does not obey at once."""
        inner = self.pick([["sleep", self.duration()]], [["await", self.awaitable()]], self.zeros(3),
                          [["shield", self.awaitable()]],
                          [["gather", [self.awaitable(), {"coro": self.leaf()}], False]])
        handler = self.random.sample([["uncancel"], ["cancelling", self.task()], ["sleep", 0], self.label(),
                                      ["cancel_self"], ["reraise"]], self.upto(1, 3))
        made = [self.spawned([["loop", self.upto(2, 4), [["try", inner, [["Cancelled", handler]], []]]], *self.end()])]
        hit = self.tasks[-1]
        for number in range(self.upto(1, 4)):
            made += self.zeros(2) + [["cancel", hit, f"n{number}"]]
        return made + [["cancelling", hit]] + ([["await", hit]] if self.chance(0.5) else [])

    def make_deadline(self, block):
        """Timeouts in timeouts that are moved, and cancelled from outside at the same instant."""
        inside = self.pick([["await", self.awaitable()]], [["sleep", self.duration()]], [["call", self.leaf()]],
                           [["wait_for", self.item(block), self.limit()]], [["shield", self.awaitable()]])
        for _ in range(self.upto(1, 3)):
            early = [["reschedule", self.limit()]] if self.chance(0.6) else []
            late = [["cancel_self"]] if self.chance(0.2) else [["reschedule", self.limit()]] if self.chance(0.2) else []
            inside = [["timeout", self.limit(), early + self.wrapped(block, inside + late)]]
            if self.chance(0.3):
                inside = [["try", inside, [[self.pick("Timeout", "Cancelled", "Base"), self.zeros(1)]], []]]
            inside += self.zeros(1) * self.chance(0.4)
        made = [self.spawned(inside + self.end())]
        return made + self.zeros(3) + ([["cancel", self.tasks[-1], "late"]] if self.chance(0.5) else [])

    def make_abandon(self, block):
        """as_completed, left in the middle by an error, and once more over the same."""
        members = self.items(block, 2, 4)
        limit = self.duration() if self.chance(0.4) else None
        first = ["try", [["as_completed", members, limit]], [[self.pick("Base", "Cancelled"), self.zeros(2)]], []]
        hit = [["call_soon", [["cancel", self.awaitable()]]]] if self.chance(0.6) else []
        again = [["as_completed", [m for m in members if isinstance(m, str)] or [self.task()], None]]
        task = [self.spawned([first, *(again if self.chance(0.3) else [])])]
        return hit + (task + self.zeros() + self.action(block) if self.chance(0.5) else [first])

    # --- groups -------------------------------------------------------------------------------------------------------

    def make_groups(self, block, level=0):
        """Groups in groups, with children that fail, hold on, cancel and begin more."""
        made = []
        for _ in range(self.upto(1, 4)):
            roll = self.random.random()
            if roll < 0.25 and level < 2:
                child = self.define(self.make_groups(block, level + 1) + self.end())
            elif roll < 0.55:
                hold = self.zeros(2) + self.action(block) if self.chance(0.5) else [["sleep", self.duration()]]
                wait = self.pick([["sleep", self.duration()]], [["await", self.awaitable()]], self.zeros(4))
                clauses = [["Cancelled", hold]] if self.chance(0.5) else []
                child = self.define([["try", wait, clauses, hold]] + self.end())
            else:
                child = self.define(self.zeros() + self.action(block) + self.end())
            made += [["gspawn", self.new_task(), child]] + self.zeros(1)
        if level < 2 and self.chance(0.35):
            made += self.make_groups(block, level + 1)
        made += self.pick([], [], [["raise", "g"]], [["sleep", self.duration()]], [["await", self.tasks[-1]]],
                          [["cancel_self"]], [["cancel", self.task()], ["sleep", 0]], self.action(block))
        if self.chance(0.2):
            made = [["try", made, [], self.zeros(2) + [["gspawn", self.new_task(), self.leaf()]]]]
        group = [["group", made]]
        if self.chance(0.25):
            group = [["timeout", self.limit(), group]]
        if self.chance(0.4):
            kind = self.pick("Group", "Cancelled", "Base", "Any")
            group = [["try", group, [[kind, self.zeros(1) + self.aside()]], []]]
        if level == 0 and self.chance(0.4):
            return [self.spawned(group)] + self.zeros(3) + [["cancel", self.tasks[-1], "group"]] * self.chance(0.6)
        return group

    # --- generators ---------------------------------------------------------------------------------------------------

    def generator_body(self, block, depth=0):
        made = []
        for _ in range(self.upto(1, 4 - depth)):
            roll = self.random.random()
            if roll < 0.42:
                made.append(["yield", self.upto(0, 99)])
            elif roll < 0.52 and depth < 2:
                made.append(["loop", self.upto(1, 3), self.generator_body(block, depth + 1)])
            elif roll < 0.75 and depth < 2:
                clauses = [[self.pick("Cancelled", "Error", "Any", "Base"), self.generator_body(block, depth + 1) +
                            [["reraise"]] * self.chance(0.3)]] if self.chance(0.5) else []
                last = []
                if self.chance(0.6):
                    last = [self.label(), *self.zeros(1), *self.wrapped(block, self.action(block))]
                if self.chance(0.3):
                    last += [["sleep", self.duration()]]
                made.append(["try", self.generator_body(block, depth + 1), clauses, last])
            elif roll < 0.9:
                made.append(self.pick(["sleep", 0], ["sleep", self.duration()], self.label()))
            elif self.generators and self.chance(0.5):
                made.append(["next", self.recent(self.generators)])
            else:
                made += self.pick(self.action(block), [["return", None]],
                                  [["timeout", self.limit(), self.awaiting(block, self.task())]])
        return made

    def make_gen(self, block):
        coro = self.define(self.generator_body(block), "gen")
        self.generators.append(self.new("g"))
        return [["gen", self.generators[-1], coro]]

    def make_next(self, block):
        return [["next", self.recent(self.generators)]] if self.generators else []

    def make_aclose(self, block):
        return [["aclose", self.recent(self.generators)]] if self.generators else []

    def make_shared(self, block):
        """A generator that several tasks ask and close, with cancels."""
        made = self.make_gen(block) if self.chance(0.5) else []
        if not self.generators:
            return []
        name = self.recent(self.generators)
        for _ in range(self.upto(1, 3)):
            ask = self.pick([["next", name]], [["loop", self.upto(2, 4), [["next", name]]]], [["aclose", name]],
                            [["timeout", self.limit(), [["next", name]]]])
            made.append(self.spawned(self.zeros() + self.wrapped(block, ask)))
        made += [["try", [["next", name]], [["Any", []]], []]] * self.upto(0, 2) + self.zeros()
        return made + self.pick([], [["cancel", self.tasks[-1]]], [["try", [["aclose", name]], [["Any", []]], []]])
