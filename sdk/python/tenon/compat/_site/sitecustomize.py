# SPDX-License-Identifier: Apache-2.0
"""Runs while a child process of ``python -m tenon.compat`` starts: installs the stand-in there too.

Then runs the sitecustomize that the process would have had without it.
"""

import importlib.machinery
import importlib.util
import os
import sys


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_here = os.path.dirname(os.path.abspath(__file__))
_load("_tenon_standin", os.path.join(os.path.dirname(_here), "_standin.py")).install()

_others = [place for place in sys.path if os.path.abspath(place) != _here]
_next = importlib.machinery.PathFinder.find_spec("sitecustomize", _others)
if _next is not None and _next.origin is not None:
    _load("sitecustomize", _next.origin)
