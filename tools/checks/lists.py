# SPDX-License-Identifier: Apache-2.0
"""One file and one line: every operator file, pass and form rewrite is named in a .def list, and every line has its file.

A folder that holds a list governs the .cc files below it: <part>/X.def and <part>/X/**/*.cc belong together, where X is
ops, passes or rewrites. A line belongs to a file when it holds the file's stem as a word."""

import re
import sys

import common

KINDS = ("ops", "passes", "rewrites")


def governed(root):
    """{list file: its .cc files} for every folder named like one of KINDS that has a list beside or inside it."""
    every = common.files(root)
    lists = [path for path in every if path.suffix == ".def" and path.stem in KINDS]
    pairs = {}
    for path in every:
        if path.suffix != ".cc" or path.stem.endswith("_test"):
            continue
        for depth, part in enumerate(path.parts[:-1]):
            if part not in KINDS or path.parts[0] in ("tests", "tools"):
                continue
            folder = path.parents[len(path.parts) - 2 - depth]
            found = [entry for entry in lists if entry in (folder.parent / f"{part}.def", folder / f"{part}.def")]
            pairs.setdefault(found[0] if found else folder / f"{part}.def", []).append(path)
            break
    for entry in lists:
        pairs.setdefault(entry, [])
    return pairs


def check(root, build):
    del build
    problems = []
    for entry, paths in sorted(governed(root).items()):
        if not (root / entry).exists():
            problems.append(f"{entry}: missing, it has to list {len(paths)} files such as {paths[0]}")
            continue
        text = re.sub(r"//[^\n]*|/\*.*?\*/", "", common.read(root, entry), flags=re.DOTALL)
        words = set(re.findall(r"\w+", text))
        for path in paths:
            if path.stem not in words:
                problems.append(f"{path}: has no line in {entry}")
    return problems


if __name__ == "__main__":
    sys.exit(common.main(check))
