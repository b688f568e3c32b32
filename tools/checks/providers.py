# SPDX-License-Identifier: Apache-2.0
"""Each built provider exports its entry function and nothing else, and has a manifest that names it.

A library that the manifest lists under "needs" and that lies beside it is a part that variants share: it exports nothing
but names that begin with "tenon_" and the provider's id.
"""

import json
import sys

import common

ENTRY = "tenon_provider_entry_v0"


def check(root, build):
    del root
    problems = []
    folder = build / "lib" / "tenon" / "providers.d"
    libraries = common.provider_libraries(build)
    if not libraries:
        return [f"{folder}: no provider was built"]
    named = set()
    shared = {}  # library: what its exports begin with
    for manifest in sorted(folder.glob("*.json")):
        facts = json.loads(manifest.read_text())
        wanted = {variant["library"] for variant in facts.get("variants", [])}
        shared |= {need["soname"]: f"tenon_{facts['id']}_" for need in facts.get("needs", [])}
        named |= wanted
        problems += [f"{manifest.name}: names {name}, which was not built"
                     for name in sorted(wanted) if not (folder / name).exists()]
    for library in libraries:
        names = common.exported(library)
        if library.name in shared:
            problems += [f"{library.name}: exports {name}; a part's names begin with {shared[library.name]}"
                         for name in names if not name.startswith(shared[library.name])]
            continue
        if names != [ENTRY]:
            extra = [name for name in names if name != ENTRY]
            problems.append(f"{library.name}: exports {', '.join(extra) or 'nothing'}; it has to export {ENTRY} alone")
        if library.name not in named:
            problems.append(f"{library.name}: no manifest in {folder.name} names it")
    return problems


if __name__ == "__main__":
    sys.exit(common.main(check))
