# SPDX-License-Identifier: Apache-2.0
"""Every C and C++ file is laid out as clang-format 14 and .clang-format say. To mend: clang-format -i FILE."""

import shutil
import subprocess
import sys

import common

SUFFIXES = (".c", ".cc", ".cpp", ".h", ".hpp")


def check(root, build):
    del build
    problems = []
    for path in common.sources(root, *SUFFIXES):
        result = subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)], cwd=root, capture_output=True,
                                text=True, check=False)
        if result.returncode:
            line = result.stderr.splitlines()[0].split(":")[1] if ":" in result.stderr else "1"
            problems.append(f"{path}:{line}: not laid out as .clang-format says: clang-format -i {path}")
    return problems


if __name__ == "__main__":
    if shutil.which("clang-format") is None:
        print("no clang-format on this machine (tools/setup develop)")
        sys.exit(77)
    sys.exit(common.main(check))
