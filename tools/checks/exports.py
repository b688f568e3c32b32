# SPDX-License-Identifier: Apache-2.0
"""What libtenon.so exports is what core/api/exports.txt lists, and all of it begins with tenon_.

To take over a new function on purpose: python exports.py --write ROOT BUILD, and commit the file."""

import sys
from pathlib import Path

import common

LIST = Path("core/api/exports.txt")


def exports_of(build):
    library = build / "lib" / "libtenon.so.0"
    return common.exported(library) if library.exists() else None


def check(root, build):
    names = exports_of(build)
    if names is None:
        return [f"{build}/lib/libtenon.so.0 is missing: build first"]
    listed = [line for line in common.read(root, LIST).split() if line] if (root / LIST).exists() else []
    problems = [f"libtenon.so exports {name}: only tenon_* may leave it" for name in names if not name.startswith("tenon_")]
    problems += [f"libtenon.so exports {name}, which {LIST} does not list (exports.py --write takes it over)"
                 for name in names if name not in listed]
    problems += [f"{LIST} lists {name}, which libtenon.so no longer exports: that breaks applications"
                 for name in listed if name not in names]
    if listed != sorted(set(listed)):
        problems.append(f"{LIST}: not sorted, or a name stands twice")
    return problems


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"] and len(sys.argv) == 4:
        (Path(sys.argv[2]) / LIST).write_text("".join(f"{name}\n" for name in exports_of(Path(sys.argv[3]))))
        sys.exit(0)
    sys.exit(common.main(check))
