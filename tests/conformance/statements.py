# SPDX-License-Identifier: BSL-1.0
"""The statements of the scenario language, but those of locks and queues (statements_sync.py).

Each is a function of the interpreter that runs it (`it`), for awaiting ones the frame of the coroutine, and the
statement's arguments.
"""
import asyncio

from generator_body import make_generator
from outcome_text import ScenarioError, future_text, outcome_text, yes_no
from virtual_loop import CreationOrder

PLAIN = {}     # name -> function; may stand in callbacks
AWAITING = {}  # name -> coroutine function; only in coroutines
USES = {}      # name -> number of the argument that holds names which have to exist: one, or a list of items


def plain(name, uses=None):
    def add(function):
        PLAIN[name] = function
        if uses is not None:
            USES[name] = uses
        return function
    return add


def awaiting(name, uses=None):
    def add(function):
        AWAITING[name] = function
        if uses is not None:
            USES[name] = uses
        return function
    return add


class Return:
    """What a statement gives when its coroutine is to return."""

    def __init__(self, value):
        self.value = value


class Frame:
    """What the statements of one coroutine share: its open blocks, innermost last."""

    def __init__(self):
        self.timeouts, self.groups, self.handled = [], [], []


# --- log, tasks, futures ----------------------------------------------------------------------------------------------

@plain("log")
def _(it, text):
    it.emit(text)


@plain("spawn")
def _(it, name, coro):
    it.bind(name, it.loop.create_task(it.coroutine(coro), name=name))


@plain("cancel", uses=0)
def _(it, name, *message):
    it.emit(f"cancel {name} {yes_no(it.names[name].cancel(*message))}")


@plain("cancelling", uses=0)
def _(it, name):
    it.emit(f"cancelling {name} {it.names[name].cancelling()}")


@plain("future")
def _(it, name):
    it.bind(name, it.loop.create_future())


@plain("set_result", uses=0)
def _(it, name, value):
    complete(it, name, lambda future: future.set_result(value))


@plain("set_error", uses=0)
def _(it, name, error):
    complete(it, name, lambda future: future.set_exception(ScenarioError(error)))


def complete(it, name, setter):
    said = "ok"
    try:
        setter(it.names[name])
    except (asyncio.InvalidStateError, RuntimeError) as error:
        said = outcome_text(error)
    it.emit(f"set {name} {said}")


@plain("state", uses=0)
def _(it, name):
    it.emit(f"state {name} {future_text(it.names[name])}")


@plain("gather_as", uses=1)
def _(it, name, items, outcomes):
    it.bind(name, asyncio.gather(*it.items(items), return_exceptions=outcomes))


@plain("raise")
def _(it, error):
    raise ScenarioError(error)


@awaiting("sleep")
async def _(it, frame, duration):
    await asyncio.sleep(it.seconds(duration))


@awaiting("call")
async def _(it, frame, coro):
    it.emit(f"call {outcome_text(await it.coroutine(coro))}")


@awaiting("await", uses=0)
async def _(it, frame, name):
    it.emit(f"await {name} {outcome_text(await it.names[name])}")


@awaiting("cancel_self")
async def _(it, frame):
    it.emit(f"cancel_self {yes_no(asyncio.current_task().cancel())}")


@awaiting("uncancel")
async def _(it, frame):
    it.emit(f"uncancel {asyncio.current_task().uncancel()}")


# --- callbacks --------------------------------------------------------------------------------------------------------

@plain("done_cb", uses=0)
def _(it, name, label):
    it.names[name].add_done_callback(lambda _: it.emit(f"cb {label}"))


@plain("call_soon")
def _(it, statements):
    it.loop.call_soon(it.callback, statements)


@plain("call_later")
def _(it, delay, statements):
    it.loop.call_later(it.seconds(delay), it.callback, statements)


@plain("call_later_as")
def _(it, name, delay, statements):
    it.bind(name, it.loop.call_later(it.seconds(delay), it.callback, statements))


@plain("cancel_timer", uses=0)
def _(it, name):
    it.names[name].cancel()


# --- waiting for several things, or for a time ------------------------------------------------------------------------

@awaiting("gather", uses=0)
async def _(it, frame, items, outcomes):
    values = await asyncio.gather(*it.items(items), return_exceptions=outcomes)
    it.emit(f"gather {outcome_text(values)}")


@awaiting("shield", uses=0)
async def _(it, frame, item):
    it.emit(f"shield {outcome_text(await asyncio.shield(it.item(item)))}")


@awaiting("wait_for", uses=0)
async def _(it, frame, item, duration):
    value = await asyncio.wait_for(it.item(item), it.seconds(duration))
    it.emit(f"wait_for {outcome_text(value)}")


@awaiting("wait", uses=0)
async def _(it, frame, names, duration, mode):
    meant = [(name, it.names[name]) for name in names]
    done, pending = await asyncio.wait([future for _, future in meant], timeout=it.seconds(duration),
                                       return_when=mode)
    done = ",".join(name for name, future in meant if future in done)
    pending = ",".join(name for name, future in meant if future in pending)
    it.emit(f"wait done=[{done}] pending=[{pending}]")


@awaiting("as_completed", uses=0)
async def _(it, frame, items, duration):
    futures = list(dict.fromkeys(asyncio.ensure_future(it.item(item)) for item in items))
    if sum(future.done() for future in futures) > 1:
        it.loop.valid = False  # CPython takes them in the order of a set
    for following in asyncio.as_completed(futures, timeout=it.seconds(duration)):
        try:
            text = outcome_text(await following)
        except Exception as error:
            text = outcome_text(error)
        it.emit(f"next {text}")


# --- blocks -----------------------------------------------------------------------------------------------------------

@awaiting("timeout")
async def _(it, frame, duration, statements):
    timeout = asyncio.timeout(it.seconds(duration))
    try:
        async with timeout:
            frame.timeouts.append(timeout)
            try:
                left = await it.body(statements, frame)
            finally:
                frame.timeouts.pop()
    except TimeoutError:
        if timeout.expired():
            it.emit("timeout expired")
        raise
    it.emit("timeout expired" if timeout.expired() else "timeout ok")
    return left


@awaiting("reschedule")
async def _(it, frame, duration):
    timeout = frame.timeouts[-1]
    timeout.reschedule(None if duration is None else it.loop.time() + it.seconds(duration))


@awaiting("group")
async def _(it, frame, statements):
    group = asyncio.TaskGroup()
    group._tasks = CreationOrder()
    async with group:
        frame.groups.append(group)
        try:
            left = await it.body(statements, frame)
        finally:
            frame.groups.pop()
    it.emit("group ok")
    return left


@awaiting("gspawn")
async def _(it, frame, name, coro):
    it.bind(name, frame.groups[-1].create_task(it.coroutine(coro), name=name))


@awaiting("return")
async def _(it, frame, value):
    return Return(value)


@awaiting("reraise")
async def _(it, frame):
    raise frame.handled[-1]


@awaiting("loop")
async def _(it, frame, times, statements):
    for _ in range(times):
        left = await it.body(statements, frame)
        if left is not None:
            return left
    return None


@awaiting("try")
async def _(it, frame, statements, clauses, last):
    try:
        try:
            return await it.body(statements, frame)
        except BaseException as error:
            chosen = it.choose(clauses, error, frame)
            if chosen is None:
                raise
            try:
                return await it.body(clauses[chosen][1], frame)
            finally:
                frame.handled.pop()
    finally:
        left = await it.body(last, frame)
        if left is not None:
            return left


# --- generators -------------------------------------------------------------------------------------------------------

@plain("gen")
def _(it, name, coro):
    frame = Frame()
    it.bind(name, make_generator(
        it.code(coro),
        run=lambda statements: it.body(statements, frame),
        choose=lambda clauses, error: it.choose(clauses, error, frame),
        leave_clause=frame.handled.pop))


@awaiting("next", uses=0)
async def _(it, frame, name):
    try:
        it.emit(f"next {name} {outcome_text(await anext(it.names[name]))}")
    except StopAsyncIteration:
        it.emit(f"next {name} stop")


@awaiting("aclose", uses=0)
async def _(it, frame, name):
    await it.names[name].aclose()
    it.emit(f"aclosed {name}")
