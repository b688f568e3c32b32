# SPDX-License-Identifier: Apache-2.0
"""The build that tools/quickstart makes, without tests, compiles no test: what tests need is not installed then."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import common

TEST = re.compile(r"(^|/)tests/|_test\.cc?$")


def tests_in(commands, root):
    """Compile commands' files that belong to tests, relative to root."""
    paths = sorted({Path(command["file"]) for command in commands})
    inside = [path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)]
    return [path for path in inside if TEST.search(path)]


def check(root, build):
    del build
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            ["cmake", "--preset", "release", "-B", folder, "-DBUILD_TESTING=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"],
            cwd=root, capture_output=True, text=True, check=False)
        if result.returncode:
            return [f"CMakePresets.json: no configuration with -DBUILD_TESTING=OFF: {result.stderr.strip()}"]
        commands = json.loads((Path(folder) / "compile_commands.json").read_text())
    if not commands:
        return ["CMakeLists.txt: a configuration with -DBUILD_TESTING=OFF compiles nothing"]
    return [f"{path}: is compiled with -DBUILD_TESTING=OFF: leave it out then" for path in tests_in(commands, root)]


if __name__ == "__main__":
    sys.exit(common.main(check))
