# SPDX-License-Identifier: Apache-2.0
"""Puts tenon.compat.onnxruntime where programs look for onnxruntime.

This file imports nothing of tenon, so that a child process can load it by its path while Python starts (see
``_site/sitecustomize.py``); tenon itself is imported when a program first imports onnxruntime.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import pathlib
import sys

NAME = "onnxruntime"
VERSION = "1.31.1"  # the release whose names and meanings are offered
_TARGET = "tenon.compat.onnxruntime"

# Parts of onnxruntime's package that are tools over onnx, not the runtime.
_REFUSED = {
    "quantization": "quantizing is a tool over the model file; run it with onnxruntime and load its result here",
    "tools": "these tools rewrite model files; run them with onnxruntime and load their result here",
    "transformers": "these tools rewrite model files; run them with onnxruntime and load their result here",
    "capi.convert_npz_to_onnx_adapter": "Tenon has no LoRA adapters",
    "capi.onnxruntime_collect_build_info": "there is no CUDA build to describe",
}


class _Loader(importlib.abc.Loader):
    """Gives the module of tenon.compat.onnxruntime itself, not a second copy of it."""

    def __init__(self, target: str) -> None:
        self._target = target

    def create_module(self, spec):
        module = importlib.import_module(self._target)
        self._own = module.__spec__
        return module

    def exec_module(self, module):
        module.__spec__ = self._own  # the import system has put the stand-in's there


class Finder(importlib.metadata.DistributionFinder):
    """Finds ``onnxruntime`` and everything beneath it, and its distribution's metadata."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != NAME and not fullname.startswith(NAME + "."):
            return None
        inner = fullname[len(NAME) + 1 :]
        for refused, why in _REFUSED.items():
            if inner == refused or inner.startswith(refused + "."):
                raise ModuleNotFoundError(f"tenon.compat has no {NAME}.{refused}: {why}", name=fullname)
        real = f"{_TARGET}.{inner}" if inner else _TARGET
        found = importlib.util.find_spec(real)
        if found is None:
            return None
        spec = importlib.machinery.ModuleSpec(
            fullname, _Loader(real), origin=found.origin, is_package=found.submodule_search_locations is not None
        )
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.extend(found.submodule_search_locations or ())
        return spec

    def find_distributions(self, context=importlib.metadata.DistributionFinder.Context()):
        if context.name is not None and context.name.lower().replace("_", "-") != NAME:
            return []
        return [_Distribution()]


class _Distribution(importlib.metadata.Distribution):
    def read_text(self, filename):
        if filename in ("METADATA", "PKG-INFO"):
            return f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\nSummary: stand-in by Tenon\n"
        return None

    def locate_file(self, path):
        return pathlib.Path(__file__).resolve().parent / path


def install(children: bool = True) -> None:
    """From now on ``import onnxruntime`` gives tenon.compat.onnxruntime. Does nothing when it already does.

    children: Python processes that this one starts (multiprocessing's spawn, subprocess) get the stand-in too, by a
    folder in front of PYTHONPATH; those that ignore the environment (``python -I``, ``-E``) do not.

    Raises RuntimeError when the real onnxruntime has already been imported.
    """
    loaded = sys.modules.get(NAME)
    if loaded is not None and loaded.__name__ != _TARGET:
        raise RuntimeError(f"{NAME} is already imported from {loaded.__file__}: install the stand-in before it")
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
    if children:
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_site")
        places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
        if folder not in places:
            os.environ["PYTHONPATH"] = os.pathsep.join([folder, *places])
