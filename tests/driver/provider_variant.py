# SPDX-License-Identifier: Apache-2.0
"""A folder of providers in which cpu has one of its builds only, whatever this machine would choose."""

import json
import pathlib
import shutil
import tempfile

from tenon_ctypes import library_path


def build_dir():
    """The build that the driver's library is of."""
    return pathlib.Path(library_path()).resolve().parent.parent


def variant_folder(variant):
    """A temporary folder (keep it as long as the providers are used) with cpu's `variant` (avx512, avx2, baseline) and
    the reference, copied; None when this build has no such variant."""
    source = build_dir() / "lib" / "tenon" / "providers.d"
    library = source / f"libtenon_provider_cpu_{variant}.so"
    if not library.exists():
        return None
    folder = tempfile.TemporaryDirectory()
    manifest = json.loads((source / "tenon-cpu.json").read_text())
    manifest["variants"] = [v for v in manifest["variants"] if v["library"] == library.name]
    pathlib.Path(folder.name, "tenon-cpu.json").write_text(json.dumps(manifest))
    parts = [source / need["soname"] for need in manifest["needs"] if (source / need["soname"]).exists()]
    for file in (library, *parts, source / "tenon-reference.json", source / "libtenon_provider_reference.so"):
        shutil.copy(file, folder.name)
    return folder
