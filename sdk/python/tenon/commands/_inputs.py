# SPDX-License-Identifier: Apache-2.0
"""Inputs of a run out of files, or drawn: the same for the same seed."""

from __future__ import annotations

import sys
from typing import Any, Mapping, Sequence

import numpy as np

from .._dtypes import DTYPES, NAMES
from ._sides import UsageError

_BY_TEXT = {f"tensor({text})": number for number, (_, text) in NAMES.items()}


def read_dims(texts: Sequence[str]) -> dict[str, int]:
    """``NAME=N`` and ``INPUT[AXIS]=N``."""
    dims = {}
    for text in texts:
        name, equals, size = text.rpartition("=")
        if not equals or not name or not size.isdecimal():
            raise UsageError(f"--dim {text}: expected NAME=N or INPUT[AXIS]=N")
        dims[name] = int(size)
    return dims


def make_feed(inputs: Sequence[Any], files: Sequence[str], dims: Mapping[str, int], seed: int) -> dict[str, Any]:
    """An array for each of a session's inputs: from ``files`` (``NAME=FILE.npy``, ``FILE.npz``, ``FILE.npy``), or drawn.

    Floats are drawn from [-1, 1), integers are 0 or 1. A dim that is not fixed is looked up in ``dims``, else 1.
    """
    feed = _read(inputs, files)
    known = {name for arg in inputs for axis, dim in enumerate(arg.shape) for name in (dim, f"{arg.name}[{axis}]")}
    for name in dims:
        if name not in known:
            raise UsageError(f"--dim {name}: no input has a dim of that name; `tenon inspect` lists them")
    random = np.random.default_rng(seed)
    for arg in inputs:
        if arg.name not in feed:
            feed[arg.name] = _draw(arg, _shape(arg, dims), random)
    return feed


def _read(inputs: Sequence[Any], files: Sequence[str]) -> dict[str, Any]:
    names = [arg.name for arg in inputs]
    feed: dict[str, Any] = {}
    for given in files:
        name, equals, path = given.partition("=")
        path = path if equals else given
        if equals:
            _check_name(name, names)
        try:
            loaded = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise UsageError(f"cannot read {path}: {error}") from None
        if isinstance(loaded, np.ndarray):
            left = [each for each in names if each not in feed]
            if not equals and not left:
                raise UsageError(f"the model has {len(names)} inputs, {given} is one too many")
            feed[name if equals else left[0]] = loaded
        else:
            with loaded:
                feed.update({key: loaded[key] for key in loaded.files})
    for name in feed:
        _check_name(name, names)
    return feed


def _check_name(name: str, names: Sequence[str]) -> None:
    if name not in names:
        raise UsageError(f"the model has no input '{name}'; its inputs are: {', '.join(names)}")


def _shape(arg: Any, dims: Mapping[str, int]) -> list[int]:
    shape = []
    for axis, dim in enumerate(arg.shape):
        place = f"{arg.name}[{axis}]"
        if isinstance(dim, int) and dim >= 0:
            shape.append(dims.get(place, dim))
            continue
        size = dims.get(place, dims.get(dim) if isinstance(dim, str) else None)
        if size is None:
            called = f" ({dim})" if isinstance(dim, str) else ""
            print(f"note: {place}{called} is not fixed by the model, 1 is taken; --dim {dim or place}=N sets it", file=sys.stderr)
            size = 1
        shape.append(size)
    return shape


def _draw(arg: Any, shape: list[int], random: np.random.Generator) -> Any:
    number = _BY_TEXT.get(arg.type)
    if number is None:
        raise UsageError(f"input '{arg.name}' of type {arg.type} cannot be drawn; this command gives tensors only")
    if not getattr(arg, "rank_known", True):
        raise UsageError(f"input '{arg.name}' has no known rank: give it a file by -i {arg.name}=FILE")
    dtype = DTYPES[number]
    if dtype.kind == "O":
        texts = [f"text{value}" for value in random.integers(0, 100, int(np.prod(shape)))]
        return np.array(texts, object).reshape(shape)
    if dtype.kind in "biu" or dtype.name.startswith(("int", "uint")):
        return random.integers(0, 2, shape).astype(dtype)
    if dtype.kind == "c":
        return (random.uniform(-1, 1, shape) + 1j * random.uniform(-1, 1, shape)).astype(dtype)
    return random.uniform(-1, 1, shape).astype(dtype)
