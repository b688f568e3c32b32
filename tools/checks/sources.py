# SPDX-License-Identifier: Apache-2.0
"""House rules of each source file: at most 600 lines, a licence line, nothing left open, no test that is silently off,
and no file over 1 MiB."""

import re
import sys

import common

MAX_LINES = 600
MAX_BYTES = 1 << 20
LICENCE = "SPDX-License-Identifier: Apache-2.0"
SCRIPT_SUFFIXES = {".cmake", ".sh"}

# Split so that this file does not hold what it looks for.
OPEN_ENDS = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|[Nn]ot (yet )?imple" + r"mented")
SILENT_SKIPS = re.compile(r"\b(DISABLED_\w+|pytest\.mark\.(skip|xfail)\b|unittest\.skip\b|GTEST_SKIP\(\)\s*;)")
HOME_PATHS = re.compile(r"(?<![\w.<$}])/(home|root|Users)/\w")


def needs_licence(path, text):
    return (path.suffix in common.SOURCE_SUFFIXES | SCRIPT_SUFFIXES or path.name == "CMakeLists.txt"
            or text.startswith("#!"))


def check_file(path, text):
    problems = []
    lines = text.splitlines()
    if path.suffix in common.SOURCE_SUFFIXES and len(lines) > MAX_LINES:
        problems.append(f"{path}: {len(lines)} lines, at most {MAX_LINES}: split it")
    if needs_licence(path, text):
        head = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else (lines or [""])[0]
        if LICENCE not in head:
            problems.append(f"{path}:1: the first line (after #!) has to hold {LICENCE}")
    if path.suffix in common.SOURCE_SUFFIXES | SCRIPT_SUFFIXES:
        for number, line in enumerate(lines, 1):
            for rule, why in ((OPEN_ENDS, "an open end"), (SILENT_SKIPS, "a test that is off without a reason"),
                              (HOME_PATHS, "a path of one machine")):
                found = rule.search(line)
                if found:
                    problems.append(f"{path}:{number}: {why}: {found.group(0).strip()}")
    return problems


def check(root, build):
    del build
    problems = []
    for path in common.files(root):
        size = (root / path).stat().st_size
        if size > MAX_BYTES:
            problems.append(f"{path}: {size} bytes, at most {MAX_BYTES}")
        elif path.suffix in common.SOURCE_SUFFIXES | SCRIPT_SUFFIXES | {"", ".txt"}:
            problems += check_file(path, common.read(root, path))
    return problems


if __name__ == "__main__":
    sys.exit(common.main(check))
