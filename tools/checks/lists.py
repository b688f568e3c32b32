# SPDX-License-Identifier: Apache-2.0
"""One file and one line: every operator file, pass and form rewrite is named in a .def list, and every line has its file.

Where X is ops, passes or rewrites, a .cc file at any depth below a folder X belongs to the nearest X.def: in its own
folder, in one above, or beside the folder X. A line belongs to a file when it holds the file's stem as a word. A .cc with
a header of its own is what several of them share, and needs no line. plugins/ and core/opt/ are held to this."""

import re
import sys

import common

KINDS = ("ops", "passes", "rewrites")
HELD = ("plugins/", "core/opt/")


def nearest_list(root, path):
    """The list that governs a .cc file, which may be missing, or None when the file is not in a folder X."""
    for depth in range(len(path.parts) - 2, -1, -1):
        kind = path.parts[depth]
        if kind not in KINDS:
            continue
        top = len(path.parts) - 2 - depth
        folders = list(path.parents)[:top + 2]  # from the file's own folder to the one that holds X
        return next((folder / f"{kind}.def" for folder in folders if (root / folder / f"{kind}.def").exists()),
                    folders[-1] / f"{kind}.def")
    return None


def governed(root):
    """{list file: its .cc files}."""
    pairs = {}
    for path in common.sources(root, ".cc"):
        shared = (root / path.with_suffix(".hpp")).exists()
        if shared or path.stem.endswith("_test") or not str(path).startswith(HELD):
            continue
        entry = nearest_list(root, path)
        if entry is not None:
            pairs.setdefault(entry, []).append(path)
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
