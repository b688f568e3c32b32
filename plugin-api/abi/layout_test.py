#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that layout.py sees every kind of change to the headers: each case edits a copy and states what is printed."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent / "include"

# (what, header, text to find, text in its place, what the check must print; None: the check passes)
CASES = [
    ("nothing", "types.h", "", "", None),
    ("a comment", "plugin.h", "/* Feature bits of a provider. */", "/* Bits. */", None),
    ("an appended field", "plugin.h", "  uint64_t workspace_bytes;\n} tenon_prepared_info;",
     "  uint64_t workspace_bytes;\n  uint64_t more; /* since 0.1 */\n} tenon_prepared_info;",
     "+    16    8 0.1  uint64_t more"),
    ("two fields swapped", "types.h", "  uint32_t block; /* BLOCKED: elements a block; the last one is padded */\n"
     "  uint32_t reserved;", "  uint32_t reserved;\n  uint32_t block;", "+     8    4 0.0  uint32_t reserved"),
    ("a function's parameter", "plugin.h", "void (*sync_destroy)(void* self, tenon_sync* sync);",
     "void (*sync_destroy)(tenon_sync* sync);", "void (*sync_destroy)(tenon_sync *sync)"),
    ("a constant's value", "types.h", "#define TENON_CANCELLED 16", "#define TENON_CANCELLED 61",
     "+constant TENON_CANCELLED 61"),
    ("a removed constant", "types.h", "#define TENON_BUSY 20", "/* gone */", "-constant TENON_BUSY 20"),
    ("implicit padding", "plugin.h", "  uint32_t kind; /* of the timeline, 0..63; see tenon_device.import_kinds */\n"
     "  uint32_t reserved;\n", "  uint32_t kind;\n", "implicit padding"),
    ("a bit-field", "plugin.h", "  uint32_t original_needed;", "  uint32_t original_needed : 1;", "bit-field"),
    ("a size_t", "types.h", "  const char* data;\n  uint64_t len;", "  const char* data;\n  size_t len;", "fixed-width"),
    ("an enum", "types.h", "typedef struct tenon_mem tenon_mem;", "enum tenon_e { A };\n", "an enum"),
]


def run_case(header: str, old: str, new: str) -> tuple[int, str]:
    """Exit status and output of the check on a copy of the headers with one edit."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder, "tenon")
        shutil.copytree(INCLUDE / "tenon", copy)
        file = copy / header
        text = file.read_text()
        if old and text.count(old) != 1:
            return -1, f"'{old}' stands {text.count(old)} times in {header}: mend this case"
        file.write_text(text.replace(old, new) if old else text)
        done = subprocess.run([sys.executable, HERE / "layout.py", "--check", "--include", folder],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def main() -> int:
    failures = 0
    for what, header, old, new, expected in CASES:
        status, output = run_case(header, old, new)
        good = status == 0 if expected is None else status == 1 and expected in output
        if not good:
            failures += 1
            print(f"FAIL {what}: exit status {status}, expected {expected!r} in:\n{output}")
    print(f"layout_test: {len(CASES) - failures} of {len(CASES)} cases pass")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
