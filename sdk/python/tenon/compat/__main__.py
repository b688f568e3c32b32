# SPDX-License-Identifier: Apache-2.0
"""``python -m tenon.compat``: runs a program with Tenon standing in for onnxruntime."""

from __future__ import annotations

import io
import os
import runpy
import shutil
import sys
import types

from ._standin import install

USAGE = """\
usage: python -m tenon.compat PROGRAM [ARGUMENT...]
       python -m tenon.compat -m MODULE [ARGUMENT...]
       python -m tenon.compat -c CODE [ARGUMENT...]

Runs a Python program as `python` itself does, but wherever it imports onnxruntime it gets Tenon.
PROGRAM is a file, a folder or zip archive with a __main__.py, or the name of a Python script on the PATH.
"""


def _script(name: str) -> str | None:
    """The program's path: as given, else that of a Python script of this name on the PATH."""
    if os.path.exists(name):
        return name
    found = shutil.which(name) if os.sep not in name else None
    if found is None:
        return None
    with open(found, "rb") as file:
        first = file.readline()
    return found if first.startswith(b"#!") and b"python" in first else None


def _run_code(code, path: str | None) -> None:
    # A module of its own, which stays when the code has ended: threads that go on may still need it.
    main = types.ModuleType("__main__")
    main.__dict__["__builtins__"] = __builtins__
    if path is not None:
        main.__file__ = path
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def main(arguments: list[str]) -> int:
    """Runs what the arguments name; a program's own exit passes through."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="", file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    kind = arguments.pop(0)
    if kind in ("-m", "-c") and not arguments or kind.startswith("-") and kind not in ("-m", "-c"):
        print(f"tenon.compat: {kind}: what should run?\n{USAGE}", end="", file=sys.stderr)
        return 2
    install()
    if kind == "-m":
        sys.argv = arguments
        # sys.path[0] is the current folder, as with python -m.
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
        return 0
    if kind == "-c":
        sys.argv = ["-c", *arguments[1:]]
        sys.path[0] = ""
        _run_code(compile(arguments[0], "<string>", "exec"), None)
        return 0
    path = _script(kind)
    if path is None:
        print(f"tenon.compat: there is no program '{kind}' here or on the PATH", file=sys.stderr)
        return 2
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        runpy.run_path(path, run_name="__main__")
        return 0
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    with io.open_code(os.path.abspath(path)) as file:
        code = compile(file.read(), path, "exec")
    _run_code(code, path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
