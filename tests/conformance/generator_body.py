# SPDX-License-Identifier: BSL-1.0
"""Turns the body of a scenario's generator into one real Python async generator.

A `yield` has to stand in the generator's own frame, so the statements that hold one (lists, `loop`, `try`) become
Python source, and every other statement is left to the interpreter. Were those statements walked by generators that
delegate to each other, their `finally` parts would run later, and in another task, than in code written by hand.

The source calls four functions: run(statements) awaits them and is true when they left by `return`;
choose(clauses, error) gives the number of the clause that takes the error, or None; leave_clause() ends it.
"""


def has_yield(part):
    return isinstance(part, list) and (part[:1] == ["yield"] or any(has_yield(inner) for inner in part))


class _Writer:
    def __init__(self):
        self.constants = []
        self.lines = []

    def constant(self, value):
        self.constants.append(value)
        return f"constants[{len(self.constants) - 1}]"

    def put(self, indent, text):
        self.lines.append(" " * indent + text)

    def block(self, statements, indent):
        self.put(indent, "pass")
        for statement in statements:
            if not has_yield(statement):
                self.put(indent, f"if await run({self.constant([statement])}): return")
                continue
            match statement:
                case ["yield", value]:
                    self.put(indent, f"yield {self.constant(value)}")
                case ["loop", times, inner]:
                    self.put(indent, f"for _ in range({self.constant(times)}):")
                    self.block(inner, indent + 1)
                case ["try", inner, clauses, last] if not has_yield(last):
                    self.attempt(inner, clauses, last, indent)
                case _:
                    raise SyntaxError(f"a yield cannot stand in {statement}")

    def attempt(self, inner, clauses, last, indent):
        self.put(indent, "try:")
        self.put(indent + 1, "try:")
        self.block(inner, indent + 2)
        self.put(indent + 1, "except BaseException as error:")
        self.put(indent + 2, f"chosen = choose({self.constant(clauses)}, error)")
        self.put(indent + 2, "if chosen is None: raise")
        self.put(indent + 2, "try:")
        self.put(indent + 3, "pass")
        for number, (_, handler) in enumerate(clauses):
            self.put(indent + 3, f"{'if' if number == 0 else 'elif'} chosen == {number}:")
            self.block(handler, indent + 4)
        self.put(indent + 2, "finally: leave_clause()")
        self.put(indent, "finally:")
        self.put(indent + 1, f"if await run({self.constant(last)}): return")


def make_generator(statements, run, choose, leave_clause):
    writer = _Writer()
    writer.put(0, "async def generator(constants, run, choose, leave_clause):")
    writer.put(1, "if False: yield")  # a generator, even without a yield of its own
    writer.block(statements, 1)
    scope = {}
    exec("\n".join(writer.lines), scope)
    return scope["generator"](writer.constants, run, choose, leave_clause)
