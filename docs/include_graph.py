#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Draws the includes of core into docs/include-graph.md, and checks them.

    include_graph.py ROOT            fails if the file is not what the tree gives, or if an arrow is not allowed
    include_graph.py --write ROOT    writes the file
    include_graph.py --self-test

An arrow may run within its floor or down; up and sideways it may not, and neither may arrows run in a circle of files.
"""
import difflib
import graphlib
import pathlib
import re
import sys
import tempfile
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "layers"))
import floors  # noqa: E402

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])((?:rondo/)?[^>"\n]+)[>"]', re.M)
OPENING = """\
<!-- SPDX-License-Identifier: BSL-1.0 -->
# The includes of core

Printed from the sources by `docs/include_graph.py`; a test compares. After a change: `ninja -C build include-graph`.

Each box is a floor, a folder of `core/`; its files stand by their nouns: what users include, what has a machine, what only
the floors above may know, and the sources that have no header of their own. The number at an arrow says how many
includes run along it. `scope` and `sync` stand side by side, and know nothing of each other. No arrow runs up, and none
in a circle.
"""


def read_tree(root):
    """Each file of core with the files of core that it includes, as paths from core; and what includes something else."""
    core = pathlib.Path(root, "core")
    files = sorted(path for folder in ("include", "src") for end in ("*.hpp", "*.cpp", "*.hpp.in")
                   for path in core.glob(f"*/{folder}/**/{end}"))
    homes = {path.relative_to(core).as_posix().split("/include/")[1].removesuffix(".in"): path
             for path in files if path.relative_to(core).parts[1] == "include"}
    graph = {}
    strangers = []
    for path in files:
        name = path.relative_to(core).as_posix()
        graph[name] = []
        for mark, header in INCLUDE.findall(path.read_text(encoding="utf-8")):
            target = homes.get(header) if mark == "<" else path.with_name(header)
            if target in files:
                graph[name].append(target.relative_to(core).as_posix())
            elif mark == '"' or header.startswith("rondo/"):
                strangers.append(f"{name} includes {header}, which core does not have")
    return graph, strangers


def floor_of(name):
    return name.split("/")[0]


def noun_of(name):
    return pathlib.PurePosixPath(name).name.split(".")[0]


def problems_of(graph):
    problems = []
    for name, targets in graph.items():
        for target in targets:
            if floor_of(target) not in floors.SEES[floor_of(name)]:
                above = floor_of(name) in floors.SEES[floor_of(target)]
                problems.append(f"core/{name} -> core/{target} runs {'up' if above else 'sideways'}")
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        problems.append("a circle: " + " -> ".join(f"core/{name}" for name in reversed(error.args[1])))
    return problems


def boxes(graph, floor):
    """Groups of the nouns of a floor, with their titles."""
    kinds = [("", rf"{floor}/include/rondo/[^/]+$"), ("machines: ", rf"{floor}/include/rondo/machines/"),
             (f"{floor}/: ", rf"{floor}/include/rondo/{floor}/"), ("src: ", rf"{floor}/src/")]
    known = set()
    for title, pattern in kinds:
        found = sorted({noun_of(name) for name in graph if re.match(pattern, name)})
        if title == "src: ":
            found = [noun for noun in found if noun not in known]
        known.update(found)
        if found:
            yield title + ", ".join(found)


def draw(graph):
    """The text of the file."""
    between = {}
    for name, targets in graph.items():
        for target in targets:
            if floor_of(name) != floor_of(target):
                between.setdefault((floor_of(name), floor_of(target)), []).append((target, name))
    lines = [OPENING, "```mermaid", "flowchart TD"]
    for floor in reversed(floors.FLOORS):
        lines.append(f"  subgraph {floor}")
        for number, text in enumerate(boxes(graph, floor)):
            lines.append(f'    {floor}{number}["{"<br/>".join(textwrap.wrap(text, 72))}"]')
        lines.append("  end")
    order = sorted(between, key=lambda pair: [-floors.FLOORS.index(floor) for floor in pair])
    lines += [f"  {above} -->|{len(between[above, below])}| {below}" for above, below in order]
    lines += ["```", "", "Include by include:"]
    for above, below in order:
        lines += ["", f"## {above} to {below}", "", f"| of {below} | included in {above} by |", "|---|---|"]
        rows = {}
        for target, name in sorted(between[above, below]):
            rows.setdefault(target, []).append(name)
        for target, names in rows.items():
            lines.append(f"| `{target.split('/include/')[1].removesuffix('.in')}` | " +
                         ", ".join(f"`{re.sub('^[^/]+/(include/)?', '', name)}`" for name in names) + " |")
    return "\n".join(lines) + "\n"


def check(root):
    graph, problems = read_tree(root)
    problems += problems_of(graph)
    if problems or not graph:
        return problems or ["core has no files"]
    path = pathlib.Path(root, "docs/include-graph.md")
    committed = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = list(difflib.unified_diff(committed.splitlines(), draw(graph).splitlines(), "docs/include-graph.md",
                                      "the tree", lineterm=""))
    wrong = "docs/include-graph.md is not what the tree gives: run `ninja -C build include-graph` and commit the file"
    return found and [*found, wrong]


FINE = {
    "kernel/include/rondo/kernel/entry.hpp": "#include <vector>\n",
    "kernel/include/rondo/time.hpp": "// #include <rondo/lock.hpp>\n",
    "kernel/src/step.cpp": "#include <rondo/kernel/entry.hpp>\n#include <rondo/time.hpp>\n",
    "coro/include/rondo/task.hpp": "#include <rondo/kernel/entry.hpp>\n#include <rondo/time.hpp>\n",
    "coro/include/rondo/loop_backend.hpp.in": "",
    "scope/include/rondo/wait.hpp": "#include <rondo/task.hpp>\n#include <rondo/loop_backend.hpp>\n",
    "sync/include/rondo/lock.hpp": "#include <rondo/task.hpp>\n",
    "sync/include/rondo/sync/queue_core.hpp": "",
    "sync/src/lock.cpp": '#include <rondo/lock.hpp>\n#include "private.hpp"\n',
    "sync/src/private.hpp": "#include <rondo/sync/queue_core.hpp>\n",
    "net/src/net.cpp": "#include <rondo/lock.hpp>\n#include <rondo/wait.hpp>\n",
}
SLIPS = [
    ({"kernel/src/step.cpp": "#include <rondo/task.hpp>\n"},
     "core/kernel/src/step.cpp -> core/coro/include/rondo/task.hpp runs up"),
    ({"coro/include/rondo/task.hpp": "#include <rondo/wait.hpp>\n"}, "include/rondo/wait.hpp runs up"),
    ({"scope/src/wait.cpp": "#include <rondo/lock.hpp>\n"},
     "core/scope/src/wait.cpp -> core/sync/include/rondo/lock.hpp runs sideways"),
    ({"sync/src/lock.cpp": "#  include <rondo/wait.hpp>\n"}, "core/scope/include/rondo/wait.hpp runs sideways"),
    ({"kernel/include/rondo/time.hpp": "#include <rondo/kernel/entry.hpp>\n",
      "kernel/include/rondo/kernel/entry.hpp": "#include <rondo/time.hpp>\n"}, "a circle: core/kernel/include/rondo/"),
    ({"net/src/net.cpp": "#include <rondo/backends/sim.hpp>\n"},
     "includes rondo/backends/sim.hpp, which core does not have"),
    ({"net/src/net.cpp": '#include "gone.hpp"\n'}, "includes gone.hpp, which core does not have"),
    ({"net/src/net.cpp": "#include <rondo/lock.hpp>\n"}, "is not what the tree gives"),  # an arrow less
    ({"net/src/more.cpp": ""}, "is not what the tree gives"),
    ({}, None),
]


def self_test():
    bad = []
    for changed, wanted in SLIPS:
        with tempfile.TemporaryDirectory() as folder:
            def write(files):
                for name, text in files.items():
                    path = pathlib.Path(folder, "core", name)  # noqa: B023
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_text(text, encoding="utf-8")

            write(FINE)
            pathlib.Path(folder, "docs").mkdir()
            pathlib.Path(folder, "docs/include-graph.md").write_text(draw(read_tree(folder)[0]), encoding="utf-8")
            write(changed)
            found = check(folder)
        if found if wanted is None else not any(wanted in problem for problem in found):
            bad.append(f"BAD: {changed or 'a tree without slips'}: {found}")
    print("\n".join(bad) or "ok")
    return 1 if bad else 0


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        sys.exit(self_test())
    write = arguments[:1] == ["--write"]
    if len(arguments) != 1 + write:
        sys.exit(__doc__)
    root = pathlib.Path(arguments[-1]).resolve()
    if write:
        (root / "docs/include-graph.md").write_text(draw(read_tree(root)[0]), encoding="utf-8")
        return
    problems = check(root)
    print("\n".join(problems) or "the includes of core run down, and are drawn as they are")
    sys.exit(1 if problems else 0)


main()
