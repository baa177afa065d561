#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Prints random scenarios (SCENARIOS.md), one a line, taking the profiles in turn.

    generate.py SEED COUNT [PROFILE...]      (default: all profiles)

The same seed gives the same scenarios. Scenario number i of profile p has the id "<p>-<seed>-<i>" and can be printed
alone: generate.py --only ID.
"""
import json
import sys

from scenario_maker import ScenarioMaker

ALWAYS = {"log": 3, "sleep": 5, "yield": 5, "spawn": 5, "call": 2.5, "await": 5, "raise": 1.2, "return": 0.8,
          "reraise": 1, "state": 1.5, "try": 5, "loop": 1.2, "race": 1.5, "cancel": 2}
FUTURES = {"future": 1.5, "set": 2.5, "done_cb": 2, "gather": 3, "gather_as": 2, "shield": 2, "wait": 2,
           "as_completed": 1.5, "call_soon": 1.5, "call_later": 2, "cancel_timer": 1}
SHAPES = {"chain": 1.5, "tree": 1.5, "waits": 1.2, "itself": 0.5, "late": 1, "abandon": 1}
CANCELS = {"cancel": 4, "cancel_self": 1, "cancelling": 1, "uncancel": 0.8, "stubborn": 1.5}
TIMES = {"wait_for": 3, "timeout": 3, "reschedule": 3, "deadline": 2}
GROUPS = {"group": 4, "gspawn": 9, "groups": 2.5}
GENERATORS = {"gen": 0.7, "next": 6, "aclose": 1.5, "shared": 2.5}
SYNC = {"event": 3, "holding": 3, "contend": 2, "condition": 2, "barrier": 1.5, "release": 0.4, "signal": 2,
        "handover": 4, "notified": 4, "meeting": 4}
QUEUES = {"queue_use": 6, "workers": 3, "shutdown": 0.3, "stolen": 5, "jobs": 1.5}

PROFILES = {
    "core": {**ALWAYS, **FUTURES, **SHAPES, "cancel_self": 0.6},
    "cancel": {**ALWAYS, **FUTURES, **SHAPES, **CANCELS, "wait_for": 1.5, "timeout": 1.5, "deadline": 0.5},
    "time": {**ALWAYS, **FUTURES, **TIMES, "chain": 1, "late": 0.7, "abandon": 1, "stubborn": 0.5},
    "group": {**ALWAYS, **GROUPS, "cancel_self": 0.7, "uncancel": 0.4, "late": 0.7, "timeout": 1, "gather_as": 1},
    "sync": {**ALWAYS, **SYNC, "wait_for": 1, "timeout": 2, "gather": 1, "late": 0.5, "call_soon": 1,
             "call_later": 1},
    "queue": {**ALWAYS, **QUEUES, "wait_for": 1, "timeout": 2, "gather": 1, "late": 0.5, "call_soon": 1,
              "call_later": 1},
    "gen": {**ALWAYS, **GENERATORS, "timeout": 1, "gather": 1, "cancel_self": 0.5, "late": 0.5},
}
PROFILES["mix"] = {part: weight for profile in PROFILES.values() for part, weight in profile.items()}


def scenario(seed, number, profile):
    return ScenarioMaker(f"{seed}-{number}", profile, PROFILES[profile]).scenario(f"{profile}-{seed}-{number}")


def scenarios(seed, numbers, profiles):
    for number in numbers:
        yield scenario(seed, number, profiles[number % len(profiles)])


def line(made):
    return json.dumps(made, separators=(",", ":")) + "\n"


def main(args):
    if len(args) == 2 and args[0] == "--only":
        profile, rest = args[1].split("-", 1)
        seed, number = rest.rsplit("-", 1)
        print(line(scenario(seed, int(number), profile)), end="")
        return
    if len(args) < 2 or not args[1].isdecimal() or any(profile not in PROFILES for profile in args[2:]):
        sys.exit(__doc__ + "\nprofiles: " + " ".join(PROFILES))
    seed, count, profiles = args[0], int(args[1]), args[2:] or list(PROFILES)
    sys.stdout.writelines(map(line, scenarios(seed, range(count), profiles)))


if __name__ == "__main__":
    main(sys.argv[1:])
