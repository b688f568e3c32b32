# SPDX-License-Identifier: Apache-2.0
"""clang-tidy with .clang-tidy's list finds nothing in the sources of a build folder. Takes minutes: a deep check."""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import common

FINDING = re.compile(r"^(/\S+:\d+):\d+: (?:warning|error): (.*)$", re.MULTILINE)


def compiled(root, build):
    """Files of ours in the build's compile commands, relative to root."""
    commands = json.loads((build / "compile_commands.json").read_text())
    named = {Path(entry["file"]).resolve() for entry in commands}
    return sorted(path for path in named if path.is_relative_to(root) and not path.is_relative_to(root / "build"))


def check(root, build):
    def tidy(path):
        result = subprocess.run(["clang-tidy", "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option",
                                 str(path)], capture_output=True, text=True, check=False)
        return [(str(Path(place).relative_to(root)) if place.startswith(str(root)) else place, text)
                for place, text in FINDING.findall(result.stdout)]

    with ThreadPoolExecutor(cpu_count()) as pool:
        found = {finding for findings in pool.map(tidy, compiled(root, build)) for finding in findings}
    return [f"{place}: {text}" for place, text in sorted(found)]


if __name__ == "__main__":
    if shutil.which("clang-tidy") is None:
        print("no clang-tidy on this machine (tools/setup develop)")
        sys.exit(77)
    sys.exit(common.main(check))
