# SPDX-License-Identifier: Apache-2.0
"""Documents tell the truth about places: links lead to files, paths in backquotes exist, top-level folders have a README."""

import re
import sys

import common

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
QUOTED = re.compile(r"`([^`\n]+)`")
FOLDERS = ("plugin-api", "core", "plugins", "sdk", "tests", "bench", "tools", "docs")
PLACE = re.compile(rf"(?:\./)?((?:{'|'.join(FOLDERS)})/[\w./+-]*)(?::\d+)?$")


def places(text):
    """Paths into the tree that a document names in backquotes; patterns and placeholders are left alone."""
    for quoted in QUOTED.findall(text):
        word = quoted.split()[0] if quoted.split() else ""
        match = PLACE.match(word)
        if match and not re.search(r"[*<>{}$]|\.\.\.", word):
            yield match.group(1)


def check(root, build):
    del build
    problems = []
    for path in common.sources(root, ".md"):
        text = re.sub(r"^```.*?^```", "", common.read(root, path), flags=re.DOTALL | re.MULTILINE)
        here = (root / path).parent
        for target in LINK.findall(text):
            if "://" not in target and not target.startswith("mailto:") and not (here / target).exists():
                problems.append(f"{path}: links to {target}, which does not exist")
        for place in places(text):
            if not (root / place).exists() and not (here / place).exists():
                problems.append(f"{path}: names {place}, which does not exist")
    present = {path.parts[0] for path in common.files(root) if len(path.parts) > 1}
    for folder in FOLDERS:
        if folder in present and not (root / folder / "README.md").exists():
            problems.append(f"{folder}: has no README.md")
    if not (root / "README.md").exists():
        problems.append("README.md is missing")
    return problems


if __name__ == "__main__":
    sys.exit(common.main(check))
