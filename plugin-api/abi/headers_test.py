#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles each public header of plugin-api alone, as a vendor would: C11 (*.h) and C++20, gcc and clang, no warning."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
LANGUAGES = {
    "c11": (("gcc", "clang"), ["-x", "c", "-std=c11"]),
    "c++20": (("g++", "clang++"), ["-x", "c++", "-std=c++20"]),
}


def public_headers() -> list[tuple[pathlib.Path, pathlib.Path]]:
    """(folder of the include path, header below it) of every header that is installed."""
    folders = [ROOT / "include", ROOT / "kit" / "include"]
    return [(folder, file.relative_to(folder)) for folder in folders
            for file in sorted(folder.rglob("*")) if file.suffix in (".h", ".hpp")]


def compile_header(compiler: str, flags: list[str], folder: pathlib.Path, header: pathlib.Path) -> str:
    """The compiler's complaints about a file that includes nothing but the header, twice; empty when there are none."""
    with tempfile.TemporaryDirectory() as scratch:
        source = pathlib.Path(scratch, "one.c")
        source.write_text(f"#include <{header}>\n#include <{header}>\nint tenon_one_symbol;\n")
        done = subprocess.run([compiler, *flags, *FLAGS, f"-I{ROOT / 'include'}", f"-I{folder}", str(source)],
                              capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""


def main() -> int:
    headers = public_headers()
    if not headers:
        print(f"headers_test: no header below {ROOT / 'include'}")
        return 1
    missing = [c for compilers, _ in LANGUAGES.values() for c in compilers if not shutil.which(c)]
    jobs = [(language, compiler, flags, folder, header) for language, (compilers, flags) in LANGUAGES.items()
            for folder, header in headers if language == "c++20" or header.suffix == ".h"
            for compiler in compilers if compiler not in missing]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(lambda job: compile_header(*job[1:]), jobs))
    for (language, compiler, _, _, header), text in zip(jobs, complaints):
        if text:
            print(f"FAIL {header} as {language} by {compiler}:\n{text}")
    compiled, failures = len(jobs), sum(1 for text in complaints if text)
    print(f"headers_test: {compiled - failures} of {compiled} compile cleanly"
          + (f"; not run, no such compiler: {', '.join(missing)}" if missing else ""))
    return 1 if failures or not compiled else 0


if __name__ == "__main__":
    sys.exit(main())
