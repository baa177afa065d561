# SPDX-License-Identifier: BSL-1.0
"""How traces show values and errors."""
import asyncio


class ScenarioError(Exception):
    """An error that a scenario raises itself."""


# In this order: the first kind that fits names the error.
ERROR_NAMES = (
    (TimeoutError, "Timeout"),
    (asyncio.InvalidStateError, "InvalidState"),
    (asyncio.QueueEmpty, "QueueEmpty"),
    (asyncio.QueueFull, "QueueFull"),
    (asyncio.QueueShutDown, "QueueShutDown"),
    (asyncio.BrokenBarrierError, "BrokenBarrier"),
    (ValueError, "Value"),
    (RuntimeError, "Runtime"),
)


def error_name(error):
    if isinstance(error, asyncio.CancelledError):
        message = error.args[0] if error.args else None
        return f"Cancelled({message})" if message else "Cancelled"
    if isinstance(error, ScenarioError):
        return f"Error({error.args[0]})"
    if isinstance(error, BaseExceptionGroup):
        return f"Group[{','.join(sorted(map(error_name, error.exceptions)))}]"
    for kind, name in ERROR_NAMES:
        if isinstance(error, kind):
            return name
    return "?" + repr(error)


def outcome_text(outcome):
    """of a value, an error, or the list of them that a gather gives"""
    if isinstance(outcome, BaseException):
        return "!" + error_name(outcome)
    if isinstance(outcome, list):
        return f"[{','.join(map(outcome_text, outcome))}]"
    return "=none" if outcome is None else f"={outcome}"


def future_text(future):
    if not future.done():
        return "pending"
    try:
        return outcome_text(future.result())
    except BaseException as error:
        return outcome_text(error)


def yes_no(answer):
    return "true" if answer else "false"
