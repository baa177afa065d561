# SPDX-License-Identifier: BSL-1.0
"""The flags with which the build compiles a layer, read from its compile_commands.json."""
import json
import os
import pathlib
import re
import shlex
import subprocess

import floors

# How the names of the libraries of each layer and floor begin.
TARGETS = {**{floor: (f"librondo-{floor}.",) for floor in floors.FLOORS}, "backends": ("librondo.", "librondo-sim."),
           "adapters": ("librondo-adapters",)}


def layer_commands(build, root, layer):
    """All compile commands of the layer's own library, as (source, arguments)."""
    found = []
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8")):
        source = pathlib.Path(os.path.normpath(os.path.join(entry["directory"], entry["file"])))
        target = pathlib.PurePath(entry.get("output", "")).parent.name
        if not target.startswith(TARGETS[layer]) or not target.endswith((".a.p", ".so.p")):
            continue
        for source in sources_of(source):
            if source.is_relative_to(pathlib.Path(root, floors.folder(layer), "src")):
                found.append((source, shlex.split(entry["command"])))
    return found


def sources_of(source):
    """With -Dunity=on a source includes several."""
    if "-unity" not in source.name:
        return [source]
    included = re.findall(r'^#include ?[<"](.+)[>"]', source.read_text(encoding="utf-8"), re.M)
    return [pathlib.Path(os.path.normpath(path)) for path in included]


def flags_of(arguments):
    """The arguments without source, output and dependency file."""
    kept = []
    skip = False
    for argument in arguments:
        if skip:
            skip = False
        elif argument in ("-o", "-c", "-MQ", "-MF", "-MT"):
            skip = True
        elif argument not in ("-MD", "-MMD"):
            kept.append(argument)
    return kept


def include_roots(arguments, build):
    """The folders of -I, -isystem and the like, absolute."""
    roots = []
    following = False
    for argument in arguments:
        if following:
            roots.append(argument)
            following = False
        elif argument in ("-I", "-isystem", "-iquote", "-idirafter"):
            following = True
        else:
            for option in ("-isystem", "-iquote", "-idirafter", "-I"):
                if argument.startswith(option):
                    roots.append(argument[len(option):])
                    break
    return [pathlib.Path(os.path.normpath(os.path.join(build, root))) for root in roots]


def layer_flags(build, root, layer):
    """The flags of one file of the layer, None if the build does not compile it. Those of net see all of core; those of
    adapters see what any host needs."""
    commands = layer_commands(build, root, layer)
    if not commands:
        return None
    hosts = [argument for _, command in commands for argument in command if argument.startswith("-isystem") or argument == "-fPIC"]
    return flags_of(commands[0][1]) + (list(dict.fromkeys(hosts)) if layer == "adapters" else [])


def compile_text(flags, text, folder, build, name="slip.cpp", warnings=("-w",)):
    """Compiles `text` in `folder` with the flags of a layer; gives the errors, "" if there are none."""
    source = pathlib.Path(folder, name)
    source.write_text(text, encoding="utf-8")
    ran = subprocess.run([*flags, "-fsyntax-only", *warnings, str(source)], cwd=build, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout or "the compiler failed"
