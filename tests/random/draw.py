# SPDX-License-Identifier: Apache-2.0
"""Random shapes, numbers and layouts for the rows of rows.py; everything follows from one seed."""

from dataclasses import dataclass, field

import numpy as np

F32, F64, I32, I64, BOOL = np.float32, np.float64, np.int32, np.int64, np.bool_
NUMBERS = (F32, I32, I64)
# One type or two of each width that moves as whole bytes.
MOVED = (F32, I64, np.uint8, np.float16, BOOL, np.int16, F64, np.complex128)
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, 1.0, -1.0, 3e38, -3e38)


@dataclass
class Case:
    """One node: an input is an array or None; `outputs` says which of its outputs are asked for."""
    inputs: list
    attributes: dict = field(default_factory=dict)
    outputs: tuple = (True,)
    constants: tuple = ()   # inputs that have to be constants
    static: bool = False    # dims have to be in the model


def ints(*values):
    return np.array(values, I64)


class Draw:
    """Draws of one case."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def int(self, low, high):
        """In [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def shape(self, low=0, high=4, empty=0.12, large=0.08):
        """Dims of rank low to high; now and then with a dim of 0, or with some ten thousand elements."""
        rank = self.int(low, high)
        dims = [self.int(1, 6) for _ in range(rank)]
        if rank and self.chance(empty):
            dims[self.int(0, rank - 1)] = 0
        elif rank and self.chance(large):
            dims = [self.int(1, 3) for _ in range(rank)]
            dims[self.int(0, rank - 1)] = self.int(3000, 12000)
        return dims

    def narrowed(self, dims):
        """A shape that broadcasts to `dims`: some dims 1, some leading ones left out."""
        out = [1 if self.chance(0.35) else d for d in dims]
        return out[self.int(0, len(out)):] if self.chance(0.3) else out

    def floats(self, dims, low=-4.0, high=4.0, special=0.0, dtype=F32, huge=True):
        """Evenly in [low, high); with probability `special` some elements are NaN, infinite, -0, denormal or huge (whose
        sums depend on their order: huge=False leaves them out)."""
        out = np.asarray(self.rng.uniform(low, high, dims)).astype(dtype)
        if out.size and self.chance(special):
            flat = out.reshape(-1)
            for _ in range(self.int(1, 6)):
                flat[self.int(0, flat.size - 1)] = self.pick(SPECIAL if huge else SPECIAL[:-2])
            out = flat.reshape(out.shape)
        return out

    def whole(self, dims, low=-9, high=9, dtype=I64):
        return np.asarray(self.rng.integers(low, high + 1, dims)).astype(dtype)

    def bools(self, dims):
        return np.asarray(self.rng.integers(0, 2, dims)).astype(BOOL)

    def numbers(self, dims, dtype, special=0.3):
        """Of float32, int32, int64 or bool."""
        if dtype is BOOL:
            return self.bools(dims)
        if dtype is F32:
            return self.floats(dims, special=special)
        return self.whole(dims, dtype=dtype)

    def bits(self, dims, dtype):
        """Of any type of whole bytes, for operators that only move elements."""
        if dtype is BOOL:
            return self.bools(dims)
        return np.asarray(self.rng.integers(0, 100, dims)).astype(dtype)

    def axis(self, rank):
        """An axis, counted from either end."""
        return self.int(-rank, rank - 1)

    def axes(self, rank, most=None):
        """Different axes, in any order, counted from either end."""
        count = self.int(1, min(rank, most or rank))
        return [int(a) - (rank if self.chance(0.3) else 0) for a in self.rng.permutation(rank)[:count]]

    def spread(self, array):
        """The same elements behind other strides: every second, transposed, backwards or repeated memory."""
        if array.ndim == 0 or array.dtype.kind == "O":
            return array
        way = self.int(0, 3)
        if way == 0:
            wide = np.zeros([2 * d for d in array.shape], array.dtype)
            view = wide[tuple(slice(0, None, 2) for _ in array.shape)]
            view[...] = array
            return view
        if way == 1:
            return np.ascontiguousarray(array.T).T
        if way == 2:
            return np.ascontiguousarray(array[::-1])[::-1]
        if all(d > 0 for d in array.shape) and array.tobytes() == array[:1].tobytes() * len(array):
            return np.broadcast_to(np.ascontiguousarray(array[:1]), array.shape)
        return np.asfortranarray(array)
