# SPDX-License-Identifier: BSL-1.0
"""The statements of events, locks, semaphores, conditions, barriers and queues (see statements.py)."""
import asyncio

from statements import awaiting, plain

QUEUES = {"fifo": asyncio.Queue, "lifo": asyncio.LifoQueue, "priority": asyncio.PriorityQueue}


# --- events -----------------------------------------------------------------------------------------------------------

@plain("event")
def _(it, name):
    it.bind(name, asyncio.Event())


@plain("event_set", uses=0)
def _(it, name):
    it.names[name].set()


@plain("event_clear", uses=0)
def _(it, name):
    it.names[name].clear()


@awaiting("event_wait", uses=0)
async def _(it, frame, name):
    await it.names[name].wait()
    it.emit(f"event_wait {name}")


# --- locks, semaphores, conditions ------------------------------------------------------------------------------------

@plain("lock")
def _(it, name):
    it.bind(name, asyncio.Lock())


@plain("sem")
def _(it, name, free):
    it.bind(name, asyncio.Semaphore(free))


@plain("bsem")
def _(it, name, free):
    it.bind(name, asyncio.BoundedSemaphore(free))


@plain("cond")
def _(it, name):
    it.bind(name, asyncio.Condition())


@awaiting("acquire", uses=0)
async def _(it, frame, name):
    await it.names[name].acquire()
    it.emit(f"acquired {name}")


@plain("release", uses=0)
def _(it, name):
    it.names[name].release()


@awaiting("cond_wait", uses=0)
async def _(it, frame, name):
    await it.names[name].wait()
    it.emit(f"notified {name}")


@plain("notify", uses=0)
def _(it, name, waiters):
    it.names[name].notify(waiters)


@plain("notify_all", uses=0)
def _(it, name):
    it.names[name].notify_all()


# --- barriers ---------------------------------------------------------------------------------------------------------

@plain("barrier")
def _(it, name, parties):
    it.bind(name, asyncio.Barrier(parties))


@awaiting("barrier_wait", uses=0)
async def _(it, frame, name):
    it.emit(f"barrier {name} {await it.names[name].wait()}")


@awaiting("barrier_reset", uses=0)
async def _(it, frame, name):
    await it.names[name].reset()


@awaiting("barrier_abort", uses=0)
async def _(it, frame, name):
    await it.names[name].abort()


# --- queues -----------------------------------------------------------------------------------------------------------

@plain("queue")
def _(it, name, size, kind):
    it.bind(name, QUEUES[kind](size))


@awaiting("put", uses=0)
async def _(it, frame, name, value):
    await it.names[name].put(value)
    it.emit(f"put {name}")


@plain("put_nowait", uses=0)
def _(it, name, value):
    it.names[name].put_nowait(value)


@awaiting("get", uses=0)
async def _(it, frame, name):
    it.emit(f"got {name} {await it.names[name].get()}")


@plain("get_nowait", uses=0)
def _(it, name):
    it.emit(f"got {name} {it.names[name].get_nowait()}")


@plain("task_done", uses=0)
def _(it, name):
    it.names[name].task_done()


@awaiting("join", uses=0)
async def _(it, frame, name):
    await it.names[name].join()
    it.emit(f"joined {name}")


@plain("shutdown", uses=0)
def _(it, name, immediate):
    it.names[name].shutdown(immediate=immediate)
