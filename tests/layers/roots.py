#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Checks that a layer, or a floor of core, sees its own headers and those below it, and no others.

    roots.py BUILD ROOT         checks the flags of the build, and that includes of other layers do not compile
    roots.py --self-test BUILD ROOT

The slips are compiled with the very flags of the layer's library: what fails here fails in the build.
"""
import pathlib
import sys
import tempfile

import compile_command
import floors

# (layer, source, the file that must not be found; None: it must compile)
SLIPS = [
    ("kernel", "#include <rondo/kernel/kernel.hpp>\n#include <rondo/backend.hpp>\n", None),
    ("kernel", "#include <rondo/task.hpp>\n", "rondo/task.hpp"),
    ("kernel", "#include <rondo/coro/countdown.hpp>\n", "rondo/coro/countdown.hpp"),
    ("kernel", "#include <rondo/machines/generator.hpp>\n", "rondo/machines/generator.hpp"),
    ("kernel", "#include <rondo/timeout.hpp>\n", "rondo/timeout.hpp"),
    ("kernel", "#include <rondo/lock.hpp>\n", "rondo/lock.hpp"),
    ("kernel", "#include <rondo/socket.hpp>\n", "rondo/socket.hpp"),
    ("kernel", "#include <rondo/backends/epoll.hpp>\n", "rondo/backends/epoll.hpp"),
    ("kernel", '#include "kernel.hpp"\n', "kernel.hpp"),
    ("kernel", '#include "src/step.cpp"\n', "src/step.cpp"),
    ("coro", "#include <rondo/task.hpp>\n#include <rondo/kernel/kernel.hpp>\n", None),
    ("coro", "#include <rondo/gather.hpp>\n", "rondo/gather.hpp"),
    ("coro", "#include <rondo/machines/group.hpp>\n", "rondo/machines/group.hpp"),
    ("coro", "#include <rondo/queue.hpp>\n", "rondo/queue.hpp"),
    ("coro", "#include <rondo/connection.hpp>\n", "rondo/connection.hpp"),
    ("coro", '#include "step.cpp"\n', "step.cpp"),
    ("scope", "#include <rondo/task_group.hpp>\n#include <rondo/task.hpp>\n#include <rondo/kernel/fork.hpp>\n", None),
    ("scope", "#include <rondo/event.hpp>\n", "rondo/event.hpp"),
    ("scope", "#include <rondo/sync/queue_core.hpp>\n", "rondo/sync/queue_core.hpp"),
    ("scope", "#include <rondo/server.hpp>\n", "rondo/server.hpp"),
    ("sync", "#include <rondo/queue.hpp>\n#include <rondo/task.hpp>\n#include <rondo/kernel/entry.hpp>\n", None),
    ("sync", "#include <rondo/wait.hpp>\n", "rondo/wait.hpp"),
    ("sync", "#include <rondo/scope/body.hpp>\n", "rondo/scope/body.hpp"),
    ("sync", "#include <rondo/stream_reader.hpp>\n", "rondo/stream_reader.hpp"),
    ("net", "#include <rondo/rondo.hpp>\n", None),
    ("net", "#include <rondo/backends/epoll.hpp>\n", "rondo/backends/epoll.hpp"),
    ("net", "#include <rondo/executors/thread_pool.hpp>\n", "rondo/executors/thread_pool.hpp"),
    ("net", '#include "epoll.hpp"\n', "epoll.hpp"),
    ("net", '#include "socket.hpp"\n', "socket.hpp"),
    ("net", "#include <rondo/adapters/glib.hpp>\n", "rondo/adapters/glib.hpp"),
    ("backends", "#include <rondo/backends/sim.hpp>\n#include <rondo/task.hpp>\n", None),
    ("backends", "#include <rondo/adapters/glib.hpp>\n", "rondo/adapters/glib.hpp"),
    ("backends", '#include "kernel.cpp"\n', "kernel.cpp"),
    ("adapters", "#include <rondo/adapters/own_loop.hpp>\n#include <rondo/rondo.hpp>\n", None),
    ("adapters", "#include <rondo/backends/epoll.hpp>\n", "rondo/backends/epoll.hpp"),
    ("adapters", '#include "glib.cpp"\n', "glib.cpp"),
]


def check_slips(root, slips):
    """A slip whose file is nowhere proves nothing; and each arrow between floors that is forbidden needs one."""
    missing = {(layer, other) for layer in floors.FLOORS for other in floors.FLOORS if other not in floors.SEES[layer]}
    problems = []
    for layer, text, header in slips:
        home = header and floors.home_of(root, header)
        if home:
            missing.discard((layer, home))
        elif header and header.startswith("rondo/") and not header.startswith("rondo/adapters/"):
            problems.append(f"the slip {text.strip()} of {layer} names a header that nobody has")
    return problems + [f"no slip proves that {layer} may not see {other}" for layer, other in sorted(missing)]


def check_roots(layer, source, roots, build, root):
    """Every include root must be the `include/` of a layer that this one may see, the same folder of the build, the
    folder of its own library in the build, or, above core, that of a dependency."""
    allowed = [pathlib.Path(tree, floors.folder(below), "include") for below in floors.SEES[layer] for tree in (root, build)]
    own = pathlib.Path(build, floors.folder(layer))
    problems = []
    for seen in roots:
        foreign = not seen.is_relative_to(root) and not seen.is_relative_to(build)  # a dependency of its own
        if seen in allowed or (seen.parent == own and seen.suffix == ".p") or (foreign and layer not in floors.FLOORS):
            continue
        problems.append(f"{source}: {layer} may not see the include root {seen}")
    return problems


def check_slip(flags, layer, text, missing, build):
    with tempfile.TemporaryDirectory() as folder:
        errors = compile_command.compile_text(flags, text, folder, build)
    line = text.split("\n")[0]
    if missing is None:
        return [f"{layer}: {line} should compile:\n{errors}"] if errors else []
    if not errors:
        return [f"{layer}: {line} compiles, but {layer} may not see it"]
    if f"{missing}: No such file" not in errors and f"'{missing}' file not found" not in errors:
        return [f"{layer}: {line} fails for another reason:\n{errors}"]
    return []


def check(build, root):
    problems = check_slips(root, SLIPS)
    for layer in floors.LAYERS:
        commands = compile_command.layer_commands(build, root, layer)
        if not commands:
            problems.append(f"no command of the library of {layer} in compile_commands.json")
        for source, arguments in commands:
            roots = compile_command.include_roots(arguments, build)
            problems += check_roots(layer, source.relative_to(root), roots, build, root)
        flags = compile_command.flags_of(commands[0][1]) if commands else None
        for slip_layer, text, missing in SLIPS:
            if slip_layer == layer and flags:
                problems += check_slip(flags, layer, text, missing, build)
    return problems


def self_test(build, root):
    """The checks with one include root too many must fail."""
    flags = compile_command.layer_flags(build, root, "scope")

    def roots_of(*more):
        return check_roots("scope", "core/scope/src/a.cpp", compile_command.include_roots([*flags, *more], build), build, root)

    sideways = ("scope", "#include <rondo/event.hpp>\n", "rondo/event.hpp")
    cases = [
        *((f"scope may not see the include root {folder}", roots_of(f"-I{folder}")) for folder in (
            f"{root}/core/sync/include", f"{root}/core/net/include", f"{build}/core/net/include", f"{build}/core/net",
            f"{root}/backends/include", f"{build}/backends/include", f"{root}/core/kernel/src", f"{root}/core", "/usr/include/x")),
        (f"scope may not see the include root {root}/core", roots_of(f"-iquote{root}/core")),
        ("compiles, but scope may not see it", check_slip([*flags, f"-I{root}/core/sync/include"], *sideways, build)),
        ("should compile", check_slip(flags, "scope", "#include <rondo/no_such_header.hpp>\n", None, build)),
        ("fails for another reason", check_slip(flags, "scope", "#error stop\n", "event.hpp", build)),
        ("no slip proves that scope may not see sync", check_slips(root, [slip for slip in SLIPS if slip[0] != "scope"])),
        ("names a header that nobody has", check_slips(root, [("sync", "#include <rondo/x.hpp>\n", "rondo/x.hpp")])),
    ]
    if roots_of() or check_slips(root, SLIPS):
        cases.append(("nothing to say", []))
    bad = [wanted for wanted, found in cases if not any(wanted in line for line in found)]
    print("\n".join(f"BAD: nothing says '{wanted}'" for wanted in bad) if bad else "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    testing = arguments[:1] == ["--self-test"]
    if len(arguments) != 2 + testing:
        sys.exit(__doc__)
    build, root = (pathlib.Path(argument).resolve() for argument in arguments[testing:])
    if testing:
        sys.exit(self_test(build, root))
    problems = check(build, root)
    print("\n".join(problems) if problems else "each layer sees what it may")
    sys.exit(1 if problems else 0)


main()
