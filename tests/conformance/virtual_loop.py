# SPDX-License-Identifier: BSL-1.0
"""An asyncio event loop whose clock stands still while anything is ready, and then jumps to the next timer.

It also makes definite what CPython leaves to a set or to a heap: tasks and generators are known in the order in
which they were made, and two timers that are due at the same instant make the run invalid.
"""
import asyncio

MAX_ITERATIONS = 20_000

# Errors of these kinds say that the scenario is wrong, not that something in it went wrong.
MISTAKES = (AssertionError, LookupError, TypeError, AttributeError, NameError, SyntaxError, RecursionError)


class Deadlock(BaseException):
    """Nothing is ready and no timer is armed."""


class Runaway(BaseException):
    """The run does not seem to end."""


class CreationOrder(dict):
    """Does what asyncio does with its sets, but is walked oldest first."""

    def add(self, member):
        self[member] = None

    def discard(self, member):
        self.pop(member, None)


class _Clock:
    """Stands where the loop expects its selector: "waiting" moves the time."""

    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            self._loop.jump()
        return ()

    def close(self):
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._seconds = 0.0
        self._iterations = 0
        self._clock_resolution = 1e-9
        self._selector = _Clock(self)
        self._asyncgens = CreationOrder()
        self._created = []
        self.valid = True
        self.set_exception_handler(self._on_error)

    # --- time ---------------------------------------------------------------------------------------------------------

    def time(self):
        return self._seconds

    def microseconds(self):
        return round(self._seconds * 1e6)

    def jump(self):
        """Goes to the earliest timer. (The loop has dropped the cancelled ones at the head of its heap.)"""
        self._seconds = max(self._seconds, self._scheduled[0].when())

    def call_at(self, when, callback, *args, context=None):
        when = round(when, 6)
        instant = round(when * 1e6)
        if any(round(timer.when() * 1e6) == instant and not timer.cancelled() for timer in self._scheduled):
            self.valid = False  # a tie, which the heap would decide
        return super().call_at(when, callback, *args, context=context)

    # --- what BaseEventLoop leaves to its subclasses ------------------------------------------------------------------

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def _run_once(self):
        self._iterations += 1
        if self._iterations > MAX_ITERATIONS:
            raise Runaway
        super()._run_once()

    # --- tasks and errors ---------------------------------------------------------------------------------------------

    def create_task(self, coro, **options):
        task = super().create_task(coro, **options)
        self._created.append(task)
        return task

    def left_over(self):
        """The tasks that are not done, oldest first."""
        alive = asyncio.all_tasks(self)
        return [task for task in self._created if task in alive]

    def _on_error(self, loop, context):
        """Errors of callbacks print nothing and stop nothing."""
        if isinstance(context.get("exception"), MISTAKES):
            self.valid = False

    def leave(self, generators):
        """The steps of asyncio.run() after main. `generators`: all that were made, oldest first."""
        left = self.left_over()
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        begun = self._asyncgens
        self._asyncgens = CreationOrder.fromkeys(made for made in generators if made in begun)
        self.run_until_complete(self.shutdown_asyncgens())
        self.run_until_complete(self.shutdown_default_executor())
