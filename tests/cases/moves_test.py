# SPDX-License-Identifier: Apache-2.0
"""Operators that move, choose and compare elements, on a provider's library: random shapes, empty ones and scalars in
every width of element, strings and packed ones among them, against numpy; and the errors: moves_test.py LIBRARY [TEST]
"""

import os
import sys
import unittest

import numpy as np
import onnx

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from onnx_cases import difference  # noqa: E402
from plugin_host import Provider, ProviderError, dtype_of  # noqa: E402
from tenon_ctypes import _DTYPES  # noqa: E402

PROVIDER = None
STRING = 8
BASIC = [1, 3, 5, 8, 9, 10, 15, 16]   # one of each width, and strings
NARROW = BASIC + [17, 21, 22, 23, 25, 26]
TRIALS = 60


def run(op, inputs, outputs=None, **attributes):
    """The outputs of one node; `outputs`: their dtypes (default: one, of input 0's)."""
    outputs = outputs or [dtype_of(inputs[0])]
    names = [f"i{i}" if array is not None else "" for i, array in enumerate(inputs)]
    node = onnx.helper.make_node(op, names, [f"o{i}" for i in range(len(outputs))], **attributes)
    results = PROVIDER.run(node, inputs, outputs)
    again = PROVIDER.run(node, inputs, outputs, given=[result.shape for result in results])
    for one, two in zip(results, again):
        assert difference(one, two, 0, 0) is None, "open and given outputs differ"
    return results[0] if len(results) == 1 else results


def ints(*values):
    return np.array(values, np.int64)


def tensor(rng, dims, number):
    codes = rng.integers(0, 127, dims)
    if number == STRING:
        return np.array([f"s{v}" * (v % 3) for v in codes.reshape(-1).tolist()], object).reshape(dims)
    if number in (21, 22, 25, 26):
        codes = codes % {21: 16, 22: 8, 25: 4, 26: 2}[number]
    return np.asarray(codes).astype(np.int8).astype(_DTYPES[number])


def shape(rng, rank=None, low=0):
    rank = int(rng.integers(low and 1, 5)) if rank is None else rank
    return [int(d) for d in np.maximum(rng.integers(-1, 5, rank), low)]


class Moves(unittest.TestCase):
    where = ""

    def trials(self, op, types=BASIC):
        """(random numbers, dtype) for each trial; a failing one is named by its seed."""
        for number in types:
            for trial in range(TRIALS // len(types) + 1):
                self.where = f"{op}, numpy.random.default_rng([{trial}, {number}])"
                yield np.random.default_rng([trial, number]), number
        self.where = ""

    def same(self, got, want):
        self.assertIsNone(difference(got, np.asarray(want), 0, 0), self.where)

    def fails(self, text, *args, **attributes):
        with self.assertRaisesRegex(ProviderError, text):
            run(*args, **attributes)

    def test_slice(self):
        for rng, number in self.trials("Slice"):
            x = tensor(rng, shape(rng), number)
            axes = rng.permutation(x.ndim)[:rng.integers(0, x.ndim + 1)]
            far = [-2**63, 2**63 - 1]
            starts = [int(rng.choice([rng.integers(-7, 7), far[rng.integers(2)]])) for _ in axes]
            ends = [int(rng.choice([rng.integers(-7, 7), far[rng.integers(2)]])) for _ in axes]
            steps = [int(rng.choice([-3, -2, -1, 1, 2, 3, 2**63 - 1, -2**63])) for _ in axes]
            index = [slice(None)] * x.ndim
            for axis, start, end, step in zip(axes, starts, ends, steps):  # ONNX begins at the first, not before it
                index[axis] = slice(max(start, -x.shape[axis]) if step < 0 else start, end, step)
            signed = [int(a) - (x.ndim if rng.integers(2) else 0) for a in axes]
            self.same(run("Slice", [x, ints(*starts), ints(*ends), ints(*signed), ints(*steps)]), x[tuple(index)])
        x = np.arange(6).reshape(2, 3)
        self.same(run("Slice", [x, np.array([1], np.int32), np.array([9], np.int32)]), x[1:])
        self.fails("a step is 0", "Slice", [x, ints(0), ints(1), ints(0), ints(0)])
        self.fails("names axis 0 twice", "Slice", [x, ints(0, 0), ints(1, 1), ints(0, -2)])
        self.fails("is 2, expected one in", "Slice", [x, ints(0), ints(1), ints(2)])
        self.fails("has 1 entries, expected 2", "Slice", [x, ints(0, 0), ints(1)])

    def test_gather(self):
        for rng, number in self.trials("Gather"):
            x = tensor(rng, shape(rng, low=1), number)
            axis = int(rng.integers(-x.ndim, x.ndim))
            index = rng.integers(-x.shape[axis], x.shape[axis], shape(rng, int(rng.integers(0, 3))))
            index = np.asarray(index, rng.choice([np.int32, np.int64]))
            self.same(run("Gather", [x, index], axis=axis), np.take(x, index.astype(np.int64), axis))
        x = np.zeros((2, 0, 3), np.float32)
        self.same(run("Gather", [x, ints(1, 0)]), x[[1, 0]])
        for bad in (2, -3, 2**63 - 1, -2**63):
            self.fails("an index is", "Gather", [np.zeros(2, np.float32), ints(bad)])
        self.fails("an index is", "Gather", [x, ints(0)], axis=1)
        self.fails("'axis' is 3", "Gather", [x, ints(0)], axis=3)
        self.fails("'axis' is 0", "Gather", [np.float32(1), ints(0)])

    def test_gather_nd(self):
        for rng, number in self.trials("GatherND"):
            x = tensor(rng, shape(rng, low=1), number)
            batch = int(rng.integers(0, x.ndim))
            depth = int(rng.integers(1, x.ndim - batch + 1))
            lines = list(x.shape[:batch]) + shape(rng, int(rng.integers(0, 2)), 1)
            index = np.stack([rng.integers(-d, d, lines) for d in x.shape[batch:batch + depth]], -1).astype(np.int64)
            want = np.empty(lines + list(x.shape[batch + depth:]), x.dtype)
            for place in np.ndindex(*lines):
                want[place] = x[place[:batch] + tuple(index[place])]
            self.same(run("GatherND", [x, index], batch_dims=batch), want)
        x = np.zeros((2, 3), np.float32)
        self.fails("an index is 3", "GatherND", [x, ints(0, 3)])
        self.fails("last dim of the indices is 3", "GatherND", [x, ints(0, 0, 0)])
        self.fails("'batch_dims' is 1, expected 0 to 0", "GatherND", [x, ints(0)], batch_dims=1)
        self.fails("differ in the first 1 dims", "GatherND", [x, np.zeros((3, 1), np.int64)], batch_dims=1)
        self.fails("expected 1 or more", "GatherND", [np.float32(1), ints(0)])
        self.same(run("GatherND", [x, np.zeros((0, 2), np.int64)]), np.zeros(0, np.float32))

    def test_pad(self):
        for rng, number in self.trials("Pad", NARROW):
            x = tensor(rng, shape(rng, low=1), number)
            mode = str(rng.choice(["constant", "edge", "reflect", "wrap"]))
            before, after = rng.integers(-1, 6, x.ndim), rng.integers(0, 6, x.ndim)
            before = np.where(np.array(x.shape) > 1, before, np.maximum(before, 0))
            kept = x[tuple(slice(-b if b < 0 else 0, None) for b in before)]
            value = tensor(rng, [], number)
            want = padded(kept, [(max(b, 0), a) for b, a in zip(before, after)], mode, value)
            self.same(run("Pad", [x, ints(*before, *after), value], mode=mode), want)
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        self.same(run("Pad", [x, ints(1, 2), None, np.array([-1], np.int32)]), np.pad(x, [(0, 0), (1, 2)]))
        self.same(run("Pad", [np.zeros((0, 2), np.float32), ints(1, 0, 1, 0)]), np.zeros((2, 2), np.float32))
        self.same(run("Pad", [np.float32(3), ints()], mode="edge"), np.float32(3))
        self.same(run("Pad", [np.array(["a"], object), ints(1, 0)]), np.array(["", "a"], object))
        self.same(run("Pad", [x, ints(0, -1, 0, -2)]), x[:, 1:1])
        self.fails("cut more than a dim of 3", "Pad", [x, ints(0, -2, 0, -2)])
        self.fails("cut more than a dim of 2", "Pad", [x, ints(-2**63, 0, 0, 0)])
        self.fails("does not fit", "Pad", [x, ints(2**63 - 1, 0, 2**63 - 1, 0)])
        self.fails("has 3 entries, expected 4", "Pad", [x, ints(1, 1, 1)])
        self.fails("is padded to 1 from itself", "Pad", [np.zeros(0, np.float32), ints(1, 0)], mode="edge")

    def test_expand_and_where(self):
        for rng, number in self.trials("Expand"):
            full = shape(rng)
            x = tensor(rng, [d if rng.integers(2) else 1 for d in full[rng.integers(0, len(full) + 1):]], number)
            self.same(run("Expand", [x, ints(*full)]), np.broadcast_to(x, np.broadcast_shapes(x.shape, full)))
            y = tensor(rng, [d if rng.integers(2) else 1 for d in full], number)
            choose = rng.integers(0, 2, [d if rng.integers(2) else 1 for d in full]).astype(bool)
            self.same(run("Where", [choose, x, y], [number]), np.where(choose, x, y))
        x = np.zeros((2, 1), np.float32)
        self.fails("expected 0 or more", "Expand", [x, ints(-1)])
        self.fails("do not broadcast", "Expand", [x, ints(3, 4)])
        self.fails("does not fit", "Expand", [x, ints(2**40, 2, 2**40)])
        self.fails("do not broadcast", "Where", [np.zeros(3, bool), np.zeros(2, np.int8), np.int8(0)], [3])

    def test_split(self):
        for rng, number in self.trials("Split"):
            x = tensor(rng, shape(rng, low=1), number)
            axis = int(rng.integers(-x.ndim, x.ndim))
            cuts = np.sort(rng.integers(0, x.shape[axis] + 1, rng.integers(1, 4)))
            sizes = np.diff(np.concatenate([[0], cuts, [x.shape[axis]]]))
            for got, want in zip(run("Split", [x, ints(*sizes)], [number] * len(sizes), axis=axis),
                                 np.split(x, cuts, axis), strict=True):
                self.same(got, want)
        x = np.arange(5)
        for got, want in zip(run("Split", [x], [7, 7], num_outputs=2), (x[:3], x[3:])):
            self.same(got, want)
        self.fails("add up to 4, expected 5", "Split", [x, ints(2, 2)], [7, 7])
        self.fails("the size -1", "Split", [x, ints(-1, 6)], [7, 7])
        self.fails("has 3 sizes, expected 2", "Split", [x, ints(1, 1, 3)], [7, 7])
        self.fails("does not give 4 pieces", "Split", [x], [7] * 4, num_outputs=4)
        self.fails("'num_outputs' is 3, expected 2", "Split", [x], [7] * 2, num_outputs=3)

    def test_concat_and_transpose(self):
        for rng, number in self.trials("Concat"):
            x = tensor(rng, shape(rng, low=1), number)
            axis = int(rng.integers(-x.ndim, x.ndim))
            parts = []
            for _ in range(rng.integers(1, 4)):
                dims = list(x.shape)
                dims[axis] = int(rng.integers(0, 4))
                parts.append(tensor(rng, dims, number))
            self.same(run("Concat", [x] + parts, axis=axis), np.concatenate([x] + parts, axis))
            perm = [int(p) for p in rng.permutation(x.ndim)]
            self.same(run("Transpose", [x], perm=perm), x.transpose(perm))
        self.fails("expected \\[2\\] but for axis 0", "Concat", [np.zeros(2), np.zeros((2, 2))], axis=0)
        self.fails("names axis 0 twice", "Transpose", [np.zeros((2, 2))], perm=[0, 0])

    def test_same_elements(self):
        for rng, number in self.trials("Unsqueeze", NARROW):
            x = tensor(rng, shape(rng), number)
            axes = [int(a) for a in rng.permutation(x.ndim + 2)[:2]]
            signed = [a - (x.ndim + 2 if rng.integers(2) else 0) for a in axes]
            wide = np.expand_dims(x, tuple(axes))
            self.same(run("Unsqueeze", [x, ints(*signed)]), wide)
            self.same(run("Squeeze", [wide, ints(*signed)]), x)
            self.same(run("Squeeze", [wide]), x.reshape([d for d in x.shape if d != 1]))
            self.same(run("Identity", [x]), x)
            axis = int(rng.integers(-x.ndim, x.ndim + 1))
            cut = axis + x.ndim if axis < 0 else axis
            rows = int(np.prod(x.shape[:cut], dtype=np.int64))
            self.same(run("Flatten", [x], axis=axis), x.reshape(rows, int(np.prod(x.shape[cut:], dtype=np.int64))))
            self.same(run("Shape", [x], [7], start=axis), ints(*x.shape[axis:]))
            self.same(run("Shape", [x], [7], start=-99, end=axis), ints(*x.shape[:axis]))
            self.same(run("Size", [x], [7]), np.int64(x.size))
        x = np.zeros((2, 1), np.float32)
        self.fails("axis 0 of dims \\[2,1\\] has 2 entries", "Squeeze", [x, ints(0)])
        self.fails("names axis 1 twice", "Unsqueeze", [x, ints(1, -3)])
        self.fails("is 4, expected one in", "Unsqueeze", [x, ints(4, 0)])
        self.fails("rank 66", "Unsqueeze", [x, ints(*range(64))])
        self.fails("'axis' is 3", "Flatten", [x], axis=3)
        self.same(run("Shape", [x], [7], start=2, end=1), ints())

    def test_comparisons(self):
        for rng, number in self.trials("Equal", [1, 3, 7, 13, 8, 9, 10, 16]):
            full = shape(rng)
            a = tensor(rng, full, number)
            b = np.where(rng.integers(0, 2, full), a, tensor(rng, full, number)).astype(a.dtype)
            self.same(run("Equal", [a, b], [9]), np.asarray(a == b, bool))
            if number not in (8, 9):
                self.same(run("GreaterOrEqual", [a, b], [9]), a >= b)
                self.same(run("LessOrEqual", [a, b], [9]), a <= b)
        big = np.array([2**64 - 1, 2**63], np.uint64)
        self.same(run("GreaterOrEqual", [big, big[::-1]], [9]), np.array([True, False]))
        nan = np.array([np.nan], np.float32)
        for op in ("Equal", "GreaterOrEqual", "LessOrEqual"):
            self.same(run(op, [nan, nan], [9]), np.array([False]))

    def test_numbers(self):
        top = np.array([2**31 - 1, -2**31, -1, 0, 3], np.int32)
        self.same(run("Pow", [top, np.array([2, 3, -3, 0, 2], np.int64)]), np.array([1, 0, -1, 1, 9], np.int32))
        self.same(run("Pow", [np.array([2, -2, 1], np.int64), np.array([-1, -2, -9], np.int8)]), ints(0, 0, 1))
        self.same(run("Pow", [ints(9, 8), np.array([0.5, 1 / 3], np.float32)]), ints(3, 2))
        self.fails("0 has no power of -1", "Pow", [ints(0), ints(-1)])
        self.fails("does not fit", "Pow", [np.array([10], np.int32), np.array([99.5])])
        self.fails("does not fit", "Pow", [ints(-1), np.array([0.5])])
        self.same(run("Range", [np.int64(-2**63), np.int64(2**63 - 1), np.int64(2**62)]),
                  ints(-2**63, -2**62, 0, 2**62))
        self.same(run("Range", [np.int16(5), np.int16(0), np.int16(-2)]), np.array([5, 3, 1], np.int16))
        self.same(run("Range", [np.float32(0), np.float32(-1), np.float32(1)]), np.zeros(0, np.float32))
        self.fails("'delta' is 0", "Range", [np.int32(0), np.int32(1), np.int32(0)])
        self.fails("has no length", "Range", [np.float32(np.nan), np.float32(1), np.float32(1)])
        self.fails("too much", "Range", [np.float32(0), np.float32(np.inf), np.float32(1)])
        self.fails("too much", "Range", [np.int64(-2**63), np.int64(2**63 - 1), np.int64(1)])
        self.fails("expected one element", "Range", [ints(0, 1), np.int64(1), np.int64(1)])
        x = np.array([np.nan, -5, 0.5, 5], np.float16)
        self.same(run("Clip", [x, np.float16(-1), np.float16(1)]), np.array([np.nan, -1, 0.5, 1], np.float16))
        self.same(run("Clip", [x, np.float16(2), np.float16(1)]), np.array([np.nan, 1, 1, 1], np.float16))
        self.same(run("Clip", [x, None, np.float16(1)]), np.array([np.nan, -5, 0.5, 1], np.float16))
        self.same(run("Max", [x, np.float16(0), np.array([[1], [2]], np.float16)]),
                  np.array([[np.nan, 1, 1, 5], [np.nan, 2, 2, 5]], np.float16))
        self.same(run("Max", [np.array([2**64 - 1], np.uint64), np.array([1], np.uint64)]),
                  np.array([2**64 - 1], np.uint64))
        self.same(run("Sum", [np.array([2048], np.float16), np.array([1], np.float16), np.array([1], np.float16)]),
                  np.array([2050], np.float16))

    def test_constants_of_a_shape(self):
        value = onnx.helper.make_tensor("value", 22, [1], [-3])
        got = run("ConstantOfShape", [ints(2, 3)], [22], value=value)
        self.same(got, np.full((2, 3), -3).astype(_DTYPES[22]))
        self.same(run("ConstantOfShape", [ints()], [1]), np.float32(0))
        self.same(run("ConstantOfShape", [ints(0, 5)], [1]), np.zeros((0, 5), np.float32))
        self.fails("expected 0 or more", "ConstantOfShape", [ints(-1)], [1])
        self.fails("does not fit", "ConstantOfShape", [ints(2**62, 4)], [1])

    def test_dropout(self):
        x = np.ones(10000, np.float32)
        y, mask = run("Dropout", [x, np.float32(0.25), np.array(True)], [1, 9], seed=7)
        self.same(y, np.where(mask, np.float32(1 / 0.75), np.float32(0)))
        self.assertLess(abs(mask.mean() - 0.75), 0.02)
        self.same(run("Dropout", [x, np.float32(0.25)], [1, 9])[1], np.ones(10000, bool))
        for ratio in (-0.5, 1, np.nan):
            self.fails("'ratio' is", "Dropout", [x, np.float32(ratio), np.array(True)])


def padded(x, pads, mode, value):
    """numpy.pad by indices, so that it takes every dtype."""
    if mode != "constant":
        index = [np.pad(np.arange(d), p, mode=mode) for d, p in zip(x.shape, pads)]
        return x[np.ix_(*index)] if index else x
    out = np.full([d + sum(p) for d, p in zip(x.shape, pads)], value, x.dtype)
    out[tuple(slice(p[0], p[0] + d) for d, p in zip(x.shape, pads))] = x
    return out


if __name__ == "__main__":
    PROVIDER = Provider(sys.argv.pop(1))
    unittest.main()
