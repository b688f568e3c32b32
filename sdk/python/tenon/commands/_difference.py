# SPDX-License-Identifier: Apache-2.0
"""How far one value is from another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

# Of a value's scale, by dtype: what rounding in another order makes of it in a deep model. Others have to be equal.
TOLERANCES = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 1e-3,
    "complex64": 1e-3,
    "float16": 2e-2,
    "bfloat16": 1e-1,
}
_MASK = 1e30
_BITS = {"float16": np.int16, "bfloat16": np.int16, "float32": np.int32, "float64": np.int64}


@dataclass(frozen=True)
class Tolerance:
    """When two values differ.

    By ``of_scale`` (None: TOLERANCES by dtype) the largest difference may be that share of the largest magnitude that
    the first side has in the value. With ``rtol`` or ``atol`` set, each element may be off by atol + rtol * |first|.
    """

    of_scale: float | None = None
    rtol: float | None = None
    atol: float | None = None

    def elementwise(self) -> bool:
        return self.rtol is not None or self.atol is not None

    def share(self, dtype: np.dtype[Any]) -> float:
        return self.of_scale if self.of_scale is not None else TOLERANCES.get(dtype.name, 0.0)

    def __str__(self) -> str:
        if self.elementwise():
            return f"{self.atol or 0:g} + {self.rtol or 0:g} of each element"
        return f"{self.of_scale if self.of_scale is not None else TOLERANCES['float32']:g} of a value's scale" + (
            "" if self.of_scale is not None else " (float32)"
        )


@dataclass
class Difference:
    """How far two values are apart.

    ``error`` is the largest difference over ``scale``, the largest magnitude on the first side; infinite where only one
    side has a number. Magnitudes from 1e30 on, which masks are filled with, are no scale for the others: such an element
    is held to its own. ``ulp`` holds the median, the 99th percentile and the maximum of the distance in units
    in the last place, for floats that differ. ``different`` is the verdict, ``text`` says what is wrong.
    """

    error: float = 0.0
    absolute: float = 0.0
    scale: float = 0.0
    ulp: tuple[float, float, float] | None = None
    different: bool = False
    text: str = ""


def measure(first: Any, second: Any, tolerance: Tolerance) -> Difference:
    """Compares two outputs of runs: arrays, lists of them (sequences), dicts (maps) or None (absent optionals)."""
    if first is None or second is None:
        return Difference() if first is second else _other_kind(first, second)
    if isinstance(first, dict) and isinstance(second, dict):
        first, second = (list(map(np.asarray, (list(x), list(x.values())))) for x in (first, second))
    if isinstance(first, (list, tuple)) or isinstance(second, (list, tuple)):
        if not (isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)) and len(first) == len(second)):
            return _other_kind(first, second)
        parts = [measure(a, b, tolerance) for a, b in zip(first, second)]
        return max(parts, key=lambda part: (part.different, part.error), default=Difference())
    a, b = np.asarray(first), np.asarray(second)
    if a.shape != b.shape or (a.dtype != b.dtype and not a.dtype.kind == b.dtype.kind == "O"):
        return _other_kind(a, b)
    if a.dtype.kind in "OUS":
        return _exact(a, b)
    return _numbers(a, b, tolerance)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, (list, tuple)):
        return f"a sequence of {len(value)}"
    return f"{value.dtype.name}{list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__


def _other_kind(first: Any, second: Any) -> Difference:
    return Difference(error=math.inf, absolute=math.inf, different=True, text=f"{_kind(first)} against {_kind(second)}")


def _exact(a: np.ndarray, b: np.ndarray) -> Difference:
    wrong = np.flatnonzero((a != b).reshape(-1))
    if not wrong.size:
        return Difference()
    text = _worst(a, b, int(wrong[0]), wrong.size)
    return Difference(error=math.inf, absolute=math.inf, different=True, text=text)


def _numbers(a: np.ndarray, b: np.ndarray, tolerance: Tolerance) -> Difference:
    if np.array_equal(_bytes(a), _bytes(b)):
        return Difference(scale=_scale(a))
    wide = np.complex128 if a.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        x, y = a.astype(wide).reshape(-1), b.astype(wide).reshape(-1)
        distance = np.abs(x - y)
        distance[(x == y) | (np.isnan(x) & np.isnan(y))] = 0  # infinities of one sign, NaN and NaN
        distance[np.isnan(distance)] = np.inf
    scale = _scale(a) or _scale(b)
    magnitude = np.abs(x)
    shares = distance / np.where(np.isfinite(magnitude) & (magnitude >= _MASK), magnitude, scale or 1.0)
    worst = int(np.argmax(shares))
    out = Difference(float(shares[worst]), float(distance[worst]), scale, _ulp(a, b))
    if tolerance.elementwise():
        with np.errstate(invalid="ignore"):
            limit = (tolerance.atol or 0) + (tolerance.rtol or 0) * magnitude
        over = ~(distance <= np.where(np.isnan(limit), 0, limit))
        out.different = bool(over.any())
        if out.different:
            worst = int(np.argmax(np.where(over, distance, -1)))
    else:
        over = shares > tolerance.share(a.dtype)
        out.different = bool(over.any())
    if out.different:
        out.text = _worst(a, b, worst, int(over.sum()))
    return out


def _bytes(a: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(a).reshape(-1).view(np.uint8)


def _scale(a: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        magnitudes = np.abs(a.astype(np.complex128 if a.dtype.kind == "c" else np.float64))
        return float(np.max(magnitudes, where=magnitudes < _MASK, initial=0.0))


def _ulp(a: np.ndarray, b: np.ndarray) -> tuple[float, float, float] | None:
    bits = _BITS.get(a.dtype.name)
    if bits is None:
        return None
    ordered = []
    for array in (a, b):
        word = np.ascontiguousarray(array).reshape(-1).view(bits)
        magnitude = (word & np.iinfo(bits).max).astype(np.float64)  # floats are ordered as their bits are
        ordered.append(np.where(word < 0, -magnitude, magnitude))
    with np.errstate(invalid="ignore"):
        finite = np.isfinite(a.astype(np.float64).reshape(-1)) & np.isfinite(b.astype(np.float64).reshape(-1))
    apart = np.abs(ordered[0] - ordered[1])[finite]
    if not apart.size:
        return None
    half, most = apart.size // 2, min(apart.size - 1, int(apart.size * 0.99))
    parted = np.partition(apart, sorted({half, most}))
    return float(parted[half]), float(parted[most]), float(apart.max())


def _worst(a: np.ndarray, b: np.ndarray, at: int, count: int) -> str:
    place = [int(i) for i in np.unravel_index(at, a.shape)]
    one, other = a.reshape(-1)[at], b.reshape(-1)[at]
    return f"{count} of {a.size} elements differ, the worst at {place}: {one} against {other}"
