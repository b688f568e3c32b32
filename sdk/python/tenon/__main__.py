# SPDX-License-Identifier: Apache-2.0
"""``python -m tenon``: the command, and where C and C++ builds find Tenon (``--prefix``, ``--cmake``, ``--pkgconfig``)."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def _folders() -> dict[str, Path]:
    from . import prefix

    root = prefix()
    return {"--prefix": root, "--cmake": root / "lib/cmake/Tenon", "--pkgconfig": root / "lib/pkgconfig"}


def _joined(folders: list[str]) -> str:
    """Each folder once; an empty one would be the current folder."""
    return os.pathsep.join(dict.fromkeys(folder for folder in folders if folder))


def main() -> int:
    """Prints a folder for the options above; hands everything else to the program ``tenon`` of this package."""
    arguments = sys.argv[1:]
    if len(arguments) == 1 and arguments[0] in ("--prefix", "--cmake", "--pkgconfig"):
        print(_folders()[arguments[0]])
        return 0
    from ._environment import provider_folders

    program = Path(__file__).resolve().parent / "bin" / "tenon"
    if not program.exists():
        print(f"tenon: this package has no program: {program} is missing; install the wheel again", file=sys.stderr)
        return 1
    given = os.environ.get("TENON_PROVIDER_PATH", "").split(":")
    os.environ["TENON_PROVIDER_PATH"] = _joined([*given, *provider_folders()])
    # `tenon X` is handed to `tenon-X`, which lies beside the script that was called.
    scripts = sysconfig.get_path("scripts")
    os.environ["PATH"] = _joined([scripts, *os.environ.get("PATH", os.defpath).split(os.pathsep)])
    os.execv(program, ["tenon", *arguments])


if __name__ == "__main__":
    sys.exit(main())
