#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Compares the code that the documents show with the code that is compiled.

    check_snippets.py ROOT

In docs/*.md and README.md
  - each ```cpp block must stand, line by line, within one marked region of docs/snippets/*.cpp, however deeply indented
    there, or be a whole file of examples/;
  - in a table with a column headed "rondo", each `code` of that column must occur in a marked region; blanks and line
    ends count alike.
A region lies between the lines `// [name]` and `// [/name]`. Regions do not nest; a name may stand once in a file.
"""
import pathlib
import re
import sys
import textwrap

MARK = re.compile(r"\s*// \[(/?)([\w.-]+)\]\s*$")


def dedent(lines):
    return [line.rstrip() for line in textwrap.dedent("\n".join(lines)).split("\n")]


def regions(path, problems):
    """The marked regions of a file, as lists of lines."""
    found = []
    names = set()
    name = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = MARK.match(line)
        if not mark:
            if name:
                found[-1].append(line)
            continue
        closing, this = mark.groups()
        if closing and this == name:
            name = None
        elif not closing and not name and this not in names:
            name = this
            names.add(this)
            found.append([])
        else:
            problems.append(f"{path}:{number}: the mark {this} does not fit here")
    if name:
        problems.append(f"{path}: the region {name} is not closed")
    return found


def contains(region, block):
    return any(dedent(region[i : i + len(block)]) == block for i in range(len(region) - len(block) + 1))


def blocks(lines):
    """Each ```cpp block with the number of its first line."""
    block = None
    for number, line in enumerate(lines, 1):
        if block is None and re.match(r"\s*```(cpp|c\+\+)\s*$", line):
            block = []
            start = number + 1
        elif block is not None and line.strip() == "```":
            yield start, dedent(block)
            block = None
        elif block is not None:
            block.append(line)
    if block is not None:
        yield start, dedent(block)


def cells(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def table_code(lines):
    """Each `code` in a column headed "rondo", with its line."""
    column = None
    for number, line in enumerate(lines, 1):
        if not line.lstrip().startswith("|"):
            column = None
        elif column is None:
            header = cells(line)
            column = header.index("rondo") if "rondo" in header else -1
        elif column >= 0:
            row = cells(line)
            for code in re.findall(r"`([^`]+)`", row[column] if column < len(row) else ""):
                yield number, code.replace("\\|", "|")


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    shown = []
    for path in sorted((root / "docs" / "snippets").glob("*.cpp")):
        shown += regions(path, problems)
    flat = [" ".join(" ".join(region).split()) for region in shown]
    examples = [dedent(path.read_text(encoding="utf-8").strip().splitlines())
                for path in sorted((root / "examples").glob("*.[ch]pp"))]
    checked = 0
    for path in sorted((root / "docs").glob("*.md")) + [root / "README.md"]:
        if not path.exists():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, block in blocks(lines):
            checked += 1
            if block not in examples and not any(contains(region, block) for region in shown):
                problems.append(f"{path}:{number}: this block is not in docs/snippets or examples:\n  {block[0]}")
        for number, code in table_code(lines):
            checked += 1
            if not any(" ".join(code.split()) in text for text in flat):
                problems.append(f"{path}:{number}: this code is not in docs/snippets:\n  {code}")
    print("\n".join(problems) if problems else f"{checked} pieces of code are as compiled")
    sys.exit(1 if problems else 0)


main()
