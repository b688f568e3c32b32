# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the list of files, reading them, and the command line.

A check is a module with `check(root, build) -> list[str]`: one line for each violation, naming the file and what to do.
"""

import re
import subprocess
import sys
from pathlib import Path

SOURCE_SUFFIXES = {".c", ".cc", ".cpp", ".h", ".hpp", ".py", ".def"}


def files(root):
    """Files of the project below root, relative to it: what git tracks or would, else everything outside build/."""
    if (root / ".git").exists():
        result = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
            capture_output=True, text=True, check=False)
        if result.returncode == 0:
            found = [Path(line) for line in result.stdout.splitlines()]
            return sorted(path for path in set(found) if (root / path).is_file())
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if path.parts[0] not in ("build", ".git") and "__pycache__" not in path.parts)


def sources(root, *suffixes):
    """Those files that are source code, or have one of the suffixes."""
    wanted = set(suffixes) or SOURCE_SUFFIXES
    return [path for path in files(root) if path.suffix in wanted]


def read(root, path):
    return (root / path).read_text(encoding="utf-8", errors="replace")


INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def includes(root, path):
    """(line number, '<' or '"', name) of each include of a file."""
    text = read(root, path)
    return [(text.count("\n", 0, match.start()) + 1, match.group(1), match.group(2)) for match in INCLUDE.finditer(text)]


def dynamic(library, what):
    """Entries of a shared library's dynamic section: dynamic(lib, "NEEDED") -> ["libc.so.6", ...]."""
    result = subprocess.run(["readelf", "-dW", str(library)], capture_output=True, text=True, check=True)
    return re.findall(rf"\({what}\).*\[(.*)\]", result.stdout)


def exported(library):
    """Names that a shared library defines and exports, sorted."""
    result = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True)
    return sorted(line.split()[-1].split("@")[0] for line in result.stdout.splitlines() if line.strip())


def provider_libraries(build):
    return sorted((build / "lib" / "tenon" / "providers.d").glob("*.so"))


def main(check):
    """Runs a check as a program: CHECK.py ROOT BUILD."""
    if len(sys.argv) != 3:
        print(f"usage: {sys.argv[0]} ROOT BUILD", file=sys.stderr)
        return 2
    problems = check(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
    for problem in problems:
        print(problem)
    print(f"{Path(sys.argv[0]).stem}: {len(problems)} violations")
    return 1 if problems else 0
