# SPDX-License-Identifier: Apache-2.0
"""Each built provider exports its entry function and nothing else, and has a manifest that names it."""

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
    for manifest in sorted(folder.glob("*.json")):
        wanted = {variant["library"] for variant in json.loads(manifest.read_text()).get("variants", [])}
        named |= wanted
        problems += [f"{manifest.name}: names {name}, which was not built"
                     for name in sorted(wanted) if not (folder / name).exists()]
    for library in libraries:
        names = common.exported(library)
        if names != [ENTRY]:
            extra = [name for name in names if name != ENTRY]
            problems.append(f"{library.name}: exports {', '.join(extra) or 'nothing'}; it has to export {ENTRY} alone")
        if library.name not in named:
            problems.append(f"{library.name}: no manifest in {folder.name} names it")
    return problems


if __name__ == "__main__":
    sys.exit(common.main(check))
