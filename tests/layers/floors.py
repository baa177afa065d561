# SPDX-License-Identifier: BSL-1.0
"""The layers and the floors of core, and what each of them may see. Every check reads this list; the files meson.build of
core make it true."""
import pathlib

# From the ground up. Side by side stand scope and sync.
FLOORS = ["kernel", "coro", "scope", "sync", "net"]
SEES = {
    "kernel": ["kernel"],
    "coro": ["kernel", "coro"],
    "scope": ["kernel", "coro", "scope"],
    "sync": ["kernel", "coro", "sync"],
    "net": FLOORS,
    "backends": [*FLOORS, "backends"],  # backends do not know adapters, adapters do not know backends
    "adapters": [*FLOORS, "adapters"],
}
LAYERS = list(SEES)


def folder(layer):
    """Where a layer or floor lives, seen from the root of the project."""
    return f"core/{layer}" if layer in FLOORS else layer


def layer_of(name):
    """The layer or floor that a file belongs to, by its path from the root; None if to none of them."""
    return next((layer for layer in LAYERS if name.startswith(folder(layer) + "/")), None)


def include_root(root, layer):
    return pathlib.Path(root, folder(layer), "include")


def home_of(root, header, layers=None):
    """The layer whose <header> this is, None if nobody has it. What the build writes stands in the tree as .in."""
    return next((layer for layer in layers or LAYERS for end in ("", ".in")
                 if (include_root(root, layer) / (header + end)).is_file()), None)
