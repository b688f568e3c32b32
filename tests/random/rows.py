# SPDX-License-Identifier: Apache-2.0
"""The table of random_ops.py: for each operator that cpu claims, how a case is drawn, how far answers may differ, and a
node that cpu refuses. An answer may differ by atol + rtol * |expected|, elements that are no numbers not at all."""

from dataclasses import dataclass
from typing import Callable, Optional

import numpy as np

import windows
from draw import BOOL, F32, F64, I32, I64, MOVED, NUMBERS, Case, Draw, ints

STRINGS = np.array([["ab", "", "c"], ["d", "e", "f"]], object)


@dataclass(frozen=True)
class Row:
    draw: Callable[[Draw], Case]
    refused: Optional[Callable[[], Case]]   # None: cpu takes all that the schema allows
    rtol: float = 0.0
    atol: float = 0.0
    ort: Optional[Callable[[Case], bool]] = None  # cases in which onnxruntime differs from the standard


# ---- where onnxruntime 1.31 is another thing than the standard says

_EDGE = 2**31 - 1


def empty(case):
    """Reductions of no elements keep the dim or give zeros."""
    return case.inputs[0].size == 0


def not_a_number(case):
    """The largest of some elements with NaN among them is another one, or the reduction is empty."""
    x = case.inputs[0]
    return empty(case) or (x.dtype == F32 and bool(np.isnan(x).any()))


def open_bound(case):
    """An absent bound is the largest finite number."""
    return bool(np.isinf(case.inputs[0]).any())


def least_integer(case):
    """The least integer by -1 ends the process."""
    return case.inputs[0].dtype != F32


def no_depth(case):
    """Products over no elements forget C and the batch."""
    return case.inputs[0].size == 0 or case.inputs[1].size == 0


def no_steps(case):
    """Without steps the last state is whatever was in memory; with lengths of 0 too."""
    lengths = case.inputs[4]
    return case.inputs[0].shape[0] == 0 or (lengths is not None and not lengths.all())


def dilated_same(case):
    """SAME_* with dilations makes fewer elements; NaN is not the largest; windows of padding alone."""
    a = case.attributes
    return ("dilations" in a and "auto_pad" in a) or not_a_number(case) or "ceil_mode" in a


def short_kernel(case):
    """SAME_* gives input * stride elements only where the kernel reaches that far; output_padding is added to it."""
    a = case.attributes
    return a.get("auto_pad", "").startswith("SAME")


def far(case):
    """Integers are counted in double."""
    return case.inputs[0].dtype != F32 and abs(int(case.inputs[0])) > 2**30


def backward_to_largest(case):
    """The largest integer as the end of a backward slice means its beginning."""
    steps = case.inputs[4] if len(case.inputs) > 4 else None
    return steps is not None and bool(((steps < 0) & (case.inputs[2] >= _EDGE)).any())


def cut_length(case):
    """align_corners and pytorch_half_pixel count with the length after it was cut to an integer, ONNX's data before."""
    scales = case.inputs[2]
    mode = case.attributes.get("coordinate_transformation_mode")
    return scales is not None and mode in ("align_corners", "pytorch_half_pixel", "half_pixel_symmetric")


# ---- one float tensor


def unary(low, high, special=0.3, attributes=None):
    def draw(d):
        return Case([d.floats(d.shape(), low, high, special)], attributes(d) if attributes else {})
    return draw


def of_doubles(*more, **attributes):
    return lambda: Case([np.ones([2, 3], F64), *more], attributes)


def alpha(low, high):
    return lambda d: {"alpha": d.pick([low, high, (low + high) / 3])}


def clip(d):
    low, high = d.pick([None, -1.5]), d.pick([None, 0.5, 2.0])
    return Case([d.floats(d.shape(), special=0.3), *(None if v is None else np.array(v, F32) for v in (low, high))])


def flags(kind):
    return lambda d: Case([d.bools(d.shape()) if kind is BOOL else d.floats(d.shape(), special=0.8)])


# ---- several tensors, broadcast


def pair(d, dtypes, make):
    dims, dtype = d.shape(), d.pick(dtypes)
    return make(d, d.narrowed(dims) if d.chance(0.5) else dims, d.narrowed(dims) if d.chance(0.7) else dims, dtype)


def arithmetic(dtypes=NUMBERS):
    return lambda d: pair(d, dtypes, lambda d, a, b, t: Case([d.numbers(a, t), d.numbers(b, t)]))


def divide(d, a, b, dtype):
    divisor = d.numbers(b, dtype)
    if dtype is not F32:
        divisor = np.where(divisor == 0, -1, divisor).astype(dtype)
        edge = np.iinfo(dtype).min
        return Case([np.where(d.bools(a), d.numbers(a, dtype), edge).astype(dtype), divisor])
    return Case([d.numbers(a, dtype), divisor])


def power(d, a, b, dtype):
    if dtype is F32:
        return Case([d.floats(a, special=0.3), d.pick([d.whole(b, -3, 4), d.floats(b, special=0.3)]).astype(F32)])
    return Case([d.whole(a, -5, 5, dtype), d.whole(b, 0, 12, dtype)])


def prelu(d):
    dims, dtype = d.shape(), d.pick(NUMBERS)
    return Case([d.numbers(dims, dtype), d.numbers(d.narrowed(dims), dtype)])


def variadic(dtypes=NUMBERS):
    def draw(d):
        dims, dtype = d.shape(), d.pick(dtypes)
        count = d.int(1, 4)
        return Case([d.numbers(d.narrowed(dims) if d.chance(0.5) else dims, dtype) for _ in range(count)])
    return draw


def summed(d):
    """Without numbers whose sum is beyond float32 on the way: cpu sums in float32, reference in double."""
    case = variadic((F32,))(d)
    for array in case.inputs:
        huge = np.isfinite(array) & (np.abs(array) > 1e37)
        array[...] = np.where(huge, np.copysign(F32(1e37), array), array)
    return case


def where(d):
    dims, dtype = d.shape(), d.pick(MOVED)
    return Case([d.bools(d.narrowed(dims)), d.bits(d.narrowed(dims), dtype), d.bits(d.narrowed(dims), dtype)])


CASTS = (F32, F64, np.int8, np.int16, I32, I64, np.uint8, np.uint16, np.uint32, np.uint64, BOOL)
TYPE_NUMBERS = {np.dtype(t): n for t, n in {
    F32: 1, np.uint8: 2, np.int8: 3, np.uint16: 4, np.int16: 5, I32: 6, I64: 7, BOOL: 9, F64: 11, np.uint32: 12,
    np.uint64: 13, np.float16: 10}.items()}


def cast(d):
    start, to = d.pick(CASTS), d.pick(CASTS)
    if start in (F32, F64):  # what does not fit an integer is undefined
        low = 0.0 if np.dtype(to).kind == "u" else -100.0
        array = d.floats(d.shape(), low, 100.0, special=0.5 if to in (F32, F64, BOOL) else 0.0, dtype=start)
    elif start is BOOL:
        array = d.bools(d.shape())
    else:
        limits = np.iinfo(start)
        array = d.rng.integers(limits.min, limits.max, d.shape(), dtype=start, endpoint=True)
        array = np.asarray(array, start)
    return Case([array], {"to": TYPE_NUMBERS[np.dtype(to)]})


# ---- products


def matmul(d):
    a, b = d.shape(2, 4, large=0), d.shape(2, 4, large=0)
    batch = d.shape(0, 2, empty=0.05, large=0)
    m, k, n = (d.pick([0, 1, 2, 5, 17, 33, 64]) if d.chance(0.9) else d.int(90, 200) for _ in range(3))
    a, b = [*d.narrowed(batch), m, k], [*d.narrowed(batch), k, n]
    if d.chance(0.1):
        a = [k]
    if d.chance(0.1):
        b = [k]
    elif d.chance(0.4):
        b = [k, n]
    return Case([d.floats(a, -1, 1), d.floats(b, -1, 1)])


def gemm(d):
    m, k, n = (d.pick([1, 2, 5, 17, 33, 64]) if d.chance(0.95) else 0 for _ in range(3))
    turn_a, turn_b = d.int(0, 1), d.int(0, 1)
    c = d.pick([None, [n], [m, n], [1, n], [m, 1], [1], []])
    attributes = {"transA": turn_a, "transB": turn_b}
    if d.chance(0.5):
        attributes.update(alpha=d.pick([0.5, -2.0]), beta=d.pick([0.0, 0.25, 3.0]))
    return Case([d.floats([k, m] if turn_a else [m, k], -1, 1), d.floats([n, k] if turn_b else [k, n], -1, 1),
                 None if c is None else d.floats(c, -1, 1)], attributes)


def lstm(d):
    steps, batch = d.pick([0, 1, 2, 5]), d.pick([1, 2, 3])
    size, hidden = d.int(1, 9), d.pick([1, 3, 8, 17])
    direction = d.pick(["forward", "reverse", "bidirectional"])
    dirs = 2 if direction == "bidirectional" else 1
    some = lambda *dims: d.floats(dims, -1, 1) if d.chance(0.5) else None  # noqa: E731
    lengths = d.whole([batch], 0 if d.chance(0.3) else min(1, steps), steps, I32) if d.chance(0.4) else None
    outputs = d.pick([(True, True, True), (True,), (False, True, True), (True, False, True), (False, True)])
    return Case([d.floats([steps, batch, size], -1, 1), d.floats([dirs, 4 * hidden, size], -1, 1),
                 d.floats([dirs, 4 * hidden, hidden], -1, 1), some(dirs, 8 * hidden), lengths,
                 some(dirs, batch, hidden), some(dirs, batch, hidden), some(dirs, 3 * hidden)],
                {"hidden_size": hidden, "direction": direction}, outputs)


def lstm_refused():
    one = np.ones
    return Case([one([2, 1, 3], F32), one([1, 8, 3], F32), one([1, 8, 2], F32)], {"hidden_size": 2, "layout": 1},
                (True, True, True))


def gru(d):
    steps, batch = d.pick([0, 1, 2, 5]), d.pick([1, 2, 3])
    size, hidden = d.int(1, 9), d.pick([1, 3, 8, 17])
    direction = d.pick(["forward", "reverse", "bidirectional"])
    dirs = 2 if direction == "bidirectional" else 1
    some = lambda *dims: d.floats(dims, -1, 1) if d.chance(0.5) else None  # noqa: E731
    lengths = d.whole([batch], 0 if d.chance(0.3) else min(1, steps), steps, I32) if d.chance(0.4) else None
    outputs = d.pick([(True, True), (True,), (False, True)])
    return Case([d.floats([steps, batch, size], -1, 1), d.floats([dirs, 3 * hidden, size], -1, 1),
                 d.floats([dirs, 3 * hidden, hidden], -1, 1), some(dirs, 6 * hidden), lengths,
                 some(dirs, batch, hidden)],
                {"hidden_size": hidden, "direction": direction, "linear_before_reset": d.int(0, 1)}, outputs)


def gru_refused():
    one = np.ones
    return Case([one([2, 1, 3], F32), one([1, 6, 3], F32), one([1, 6, 2], F32)], {"hidden_size": 2, "clip": 1.0},
                (True, True))


# ---- reductions and norms


def reduce(dtypes=NUMBERS, low=-4.0, high=4.0):
    def draw(d):
        dims, dtype = d.shape(large=0.05), d.pick(dtypes)
        axes = ints(*d.axes(len(dims))) if dims and d.chance(0.6) else None
        if axes is None and d.chance(0.3):
            axes = ints()
        attributes = {"keepdims": d.int(0, 1)}
        if d.chance(0.3):
            attributes["noop_with_empty_axes"] = d.int(0, 1)
        x = d.floats(dims, low, high, special=0.1, huge=False) if dtype is F32 else d.whole(dims, -3, 3, dtype)
        return Case([x, axes], attributes)
    return draw


def product_of(d):
    dims, dtype = d.shape(large=0), d.pick(NUMBERS)
    x = d.floats(dims, 0.7, 1.4, special=0.1, huge=False) if dtype is F32 else d.whole(dims, -2, 2, dtype)
    return Case([x, ints(*d.axes(len(dims))) if dims else None], {"keepdims": d.int(0, 1)})


def global_pool(d):
    return Case([d.floats(d.shape(3, 5), special=0.1, huge=False)])


def softmax(d):
    dims = d.shape(1)
    return Case([d.floats(dims, -20, 20, special=0.1)], {"axis": d.axis(len(dims))})


def layer_norm(d):
    dims = d.shape(1, 4, empty=0.08)
    axis = d.axis(len(dims))
    part = dims[axis:]
    outputs = d.pick([(True,), (True, True), (True, True, True), (True, False, True)])
    return Case([d.floats(dims), d.floats(part), d.floats(part) if d.chance(0.7) else None],
                {"axis": axis, "epsilon": d.pick([1e-5, 1e-2])}, outputs)


def batch_norm(d):
    dims = d.shape(2, 5)
    c = [dims[1]]
    return Case([d.floats(dims, special=0.1), d.floats(c), d.floats(c), d.floats(c), d.floats(c, 0.1, 4)],
                {"epsilon": d.pick([1e-5, 0.01])})


def lrn(d):
    return Case([d.floats(d.shape(2, 4))], {"size": d.pick([1, 3, 5]), "alpha": d.pick([1e-4, 0.5]),
                                            "beta": d.pick([0.75, 1.0, 0.5, 0.3]), "bias": d.pick([1.0, 2.0])})


# ---- shapes and moves


def same(d):
    return Case([d.bits(d.shape(), d.pick(MOVED))])


def dropout(d):
    more = [np.array(0.3, F32)] if d.chance(0.5) else []
    return Case([d.floats(d.shape()), *more])


def flatten(d):
    dims = d.shape()
    return Case([d.bits(dims, d.pick(MOVED))], {"axis": d.int(-len(dims), len(dims))})


def reshape(d):
    dims = d.shape()
    count = int(np.prod(dims, dtype=np.int64))
    wanted, rest = [], max(count, 1)
    while rest > 1 or (len(wanted) < 4 and d.chance(0.3)):
        step = d.pick([n for n in range(1, min(rest, 40) + 1) if rest % n == 0]) if d.chance(0.8) else rest
        wanted.append(step)
        rest //= step
    attributes = {}
    if count == 0:
        wanted, attributes = d.pick([([0, 3], {"allowzero": 1}), ([2, 0, 5], {"allowzero": 1}), (list(dims), {})])
    elif wanted and d.chance(0.5):
        wanted[d.int(0, len(wanted) - 1)] = -1
    elif wanted and dims and wanted[0] == dims[0]:
        wanted[0] = 0
    return Case([d.bits(dims, d.pick(MOVED)), ints(*wanted)], attributes)


def squeeze(d):
    dims = d.shape()
    at = sorted(d.rng.permutation(len(dims) + 2)[:2].tolist()) if d.chance(0.8) else []
    for a in at:
        dims.insert(a, 1)
    axes = ints(*(a - (len(dims) if d.chance(0.4) else 0) for a in at)) if at and d.chance(0.7) else None
    return Case([d.bits(dims, d.pick(MOVED)), axes])


def unsqueeze(d):
    dims, count = d.shape(0, 3), d.int(1, 3)
    rank = len(dims) + count
    axes = [int(a) - (rank if d.chance(0.4) else 0) for a in d.rng.permutation(rank)[:count]]
    return Case([d.bits(dims, d.pick(MOVED)), ints(*axes)])


def shape_of(d):
    attributes = {}
    if d.chance(0.5):
        attributes = {"start": d.int(-6, 6)} if d.chance(0.5) else {"start": d.int(-6, 6), "end": d.int(-6, 6)}
    return Case([d.bits(d.shape(), d.pick(MOVED))], attributes)


def fill(d):
    from onnx import numpy_helper
    value = numpy_helper.from_array(d.bits([1], d.pick((F32, I64, np.uint8, np.float16, BOOL, F64))))
    return Case([ints(*d.shape())], {"value": value} if d.chance(0.7) else {})


def fill_refused():
    from onnx import TensorProto, helper
    return Case([ints(2, 3)], {"value": helper.make_tensor("value", TensorProto.UINT4, [1], [5])})


def arange(d):
    dtype = d.pick(NUMBERS)
    if dtype is F32:
        start, step = d.floats([], -5, 5), np.array(d.pick([0.5, -0.25, 1.0, 2.0, -3.0]), F32)
        return Case([start, np.asarray(start + step * d.int(-3, 40), F32), step])
    base = d.pick([0, -7, 100, np.iinfo(dtype).max - 50, np.iinfo(dtype).min + 50])
    return Case([np.array(v, dtype) for v in (base, base + d.int(-40, 40), d.pick([1, -1, 3, -5]))])


def concat(d):
    dims, dtype, axis = d.shape(1), d.pick(MOVED), None
    axis = d.axis(len(dims))
    parts = []
    for _ in range(d.int(1, 4)):
        dims[axis] = d.int(0, 5)
        parts.append(d.bits(dims, dtype))
    return Case(parts, {"axis": axis})


def split(d):
    dims, parts = d.shape(1, large=0), d.int(1, 4)
    axis = d.axis(len(dims))
    if d.chance(0.5):
        sizes = [d.int(0, 4) for _ in range(parts)]
        dims[axis] = sum(sizes)
        return Case([d.bits(dims, d.pick(MOVED)), ints(*sizes)], {"axis": axis}, (True,) * parts)
    dims[axis] = d.pick([parts * d.int(0, 3), (parts - 1) * parts + d.int(1, parts)])
    return Case([d.bits(dims, d.pick(MOVED))], {"axis": axis, "num_outputs": parts}, (True,) * parts)


def expand(d):
    dims = d.shape()
    wanted = [d.int(1, 3) for _ in range(d.int(0, 2))] + [1 if d.chance(0.3) else n for n in dims]
    start = d.narrowed(dims)
    return Case([d.bits(start, d.pick(MOVED)), ints(*wanted)])


def cut(d):
    dims = d.shape(1)
    axes = d.axes(len(dims))
    starts, ends, steps = [], [], []
    for _ in axes:
        starts.append(d.int(-9, 9) if d.chance(0.9) else d.pick([-2**63, 2**63 - 1]))
        ends.append(d.int(-9, 9) if d.chance(0.7) else d.pick([-2**63, 2**63 - 1, -2**31, 2**31 - 1]))
        steps.append(d.pick([1, 1, 2, -1, -3, 7]) if d.chance(0.95) else d.pick([2**63 - 1, -2**63 + 1]))
    kind = d.pick([I32, I64])
    limits = np.iinfo(kind)
    arrays = [np.array(np.clip(np.array(v, object), limits.min, limits.max).tolist(), kind)
              for v in (starts, ends, axes, steps)]
    if sorted(axes) == list(range(len(axes))) and axes == sorted(axes) and d.chance(0.5):
        arrays[2] = None
    if d.chance(0.3):
        arrays = arrays[:3]
    return Case([d.bits(dims, d.pick(MOVED)), *arrays])


def transpose(d):
    dims = d.shape()
    attributes = {"perm": [int(a) for a in d.rng.permutation(len(dims))]} if dims and d.chance(0.8) else {}
    return Case([d.bits(dims, d.pick(MOVED))], attributes)


def gather(d):
    dims, index = d.shape(1), d.shape(0, 2, large=0.02)
    axis = d.axis(len(dims))
    n = dims[axis]
    if n == 0:
        index = [0]
    return Case([d.bits(dims, d.pick(MOVED)), d.whole(index, -n, max(n - 1, -n), d.pick([I32, I64]))], {"axis": axis})


def gather_nd(d):
    dims = d.shape(1, 4, empty=0.05)
    batch = d.int(0, len(dims) - 1)
    tuple_size = d.int(1, len(dims) - batch)
    index = [*dims[:batch], *d.shape(0, 2, empty=0.05, large=0), tuple_size]
    limits = dims[batch:batch + tuple_size]
    if 0 in limits:
        index = [*dims[:batch], 0, tuple_size]
    array = np.zeros(index, I64)
    for i, n in enumerate(limits):
        array[..., i] = d.whole(index[:-1], -n, max(n - 1, -n))
    return Case([d.bits(dims, d.pick(MOVED)), array], {"batch_dims": batch})


def pad(d):
    mode = d.pick(["constant", "reflect", "edge", "wrap"])
    dims, dtype = d.shape(1, 4, empty=0.1 if mode == "constant" else 0, large=0.04), d.pick(MOVED)
    axes = d.axes(len(dims)) if d.chance(0.4) else list(range(len(dims)))
    low = [d.int(-1 if dims[a] > 2 else 0, dims[a] - 1 if mode == "reflect" and dims[a] else min(dims[a], 3))
           for a in axes]
    high = [d.int(-1 if dims[a] > 2 else 0, dims[a] - 1 if mode == "reflect" and dims[a] else min(dims[a], 3))
            for a in axes]
    value = d.bits([], dtype) if mode == "constant" and d.chance(0.6) else None
    chosen = np.array(axes, d.pick([I32, I64])) if axes != list(range(len(dims))) or d.chance(0.2) else None
    return Case([d.bits(dims, dtype), ints(*low, *high), value, chosen], {"mode": mode})


def moved_refused(*more, **attributes):
    return lambda: Case([STRINGS, *more], attributes)


exact, close = {}, {"rtol": 1e-5, "atol": 1e-6}
sums = {"rtol": 1e-5, "atol": 2e-5}
doubles = of_doubles()
two_doubles = of_doubles(np.ones([2, 3], F64))
pooled_doubles = lambda: Case([np.ones([1, 2, 4, 4], F64)])  # noqa: E731

ROWS = {
    "Abs": Row(unary(-4, 4), doubles), "Ceil": Row(unary(-4, 4), doubles),
    "Clip": Row(clip, of_doubles(np.array(0.5, F64)), ort=open_bound), "Cos": Row(unary(-50, 50), doubles, **close),
    "Elu": Row(unary(-9, 9, attributes=alpha(0.3, 2.0)), doubles, **close),
    "Erf": Row(unary(-4, 4), doubles, **close), "Exp": Row(unary(-100, 95), doubles, **close),
    "Floor": Row(unary(-4, 4), doubles),
    "Gelu": Row(unary(-9, 9, attributes=lambda d: {"approximate": d.pick(["none", "tanh"])}), doubles, **close),
    "HardSigmoid": Row(unary(-9, 9, attributes=alpha(0.1, 0.4)), doubles, **close),
    "HardSwish": Row(unary(-9, 9), doubles, **close),
    "LeakyRelu": Row(unary(-9, 9, attributes=alpha(0.01, 0.3)), doubles, **close),
    "Log": Row(unary(-1, 9), doubles, **close), "Neg": Row(unary(-4, 4), doubles),
    "Reciprocal": Row(unary(-4, 4), doubles, **close), "Relu": Row(unary(-4, 4), doubles),
    "Sigmoid": Row(unary(-30, 30), doubles, **close), "Sin": Row(unary(-50, 50), doubles, **close),
    "Softplus": Row(unary(-30, 30), doubles, **close), "Sqrt": Row(unary(-1, 50), doubles, **close),
    "Swish": Row(unary(-30, 30, attributes=alpha(0.5, 2.0)), doubles, **close),
    "Tanh": Row(unary(-12, 12), doubles, **close),
    "IsNaN": Row(flags(F32), doubles), "Not": Row(flags(BOOL), None),

    "Add": Row(arithmetic(), two_doubles), "Sub": Row(arithmetic(), two_doubles), "Mul": Row(arithmetic(), two_doubles),
    "Div": Row(lambda d: pair(d, NUMBERS, divide), two_doubles, ort=least_integer, **close),
    "Pow": Row(lambda d: pair(d, NUMBERS, power), of_doubles(np.ones([3], F32)), **close),
    "PRelu": Row(prelu, two_doubles), "And": Row(arithmetic((BOOL,)), None), "Or": Row(arithmetic((BOOL,)), None),
    "Xor": Row(arithmetic((BOOL,)), None), "Equal": Row(arithmetic((*NUMBERS, BOOL)), two_doubles),
    "Greater": Row(arithmetic(), two_doubles), "GreaterOrEqual": Row(arithmetic(), two_doubles),
    "Less": Row(arithmetic(), two_doubles), "LessOrEqual": Row(arithmetic(), two_doubles),
    "Max": Row(variadic(), two_doubles), "Min": Row(variadic(), two_doubles), "Sum": Row(summed, two_doubles, **close),
    "Where": Row(where, lambda: Case([np.ones([3], BOOL), STRINGS, STRINGS])),
    "Cast": Row(cast, lambda: Case([np.ones([2, 3], F32)], {"to": 10}), **close),

    "Conv": Row(windows.conv, windows.conv_refused, **sums),
    "ConvTranspose": Row(windows.conv_transpose, windows.conv_transpose_refused, ort=short_kernel, **sums),
    "MatMul": Row(matmul, lambda: Case([np.ones([2, 3], F64), np.ones([3, 2], F64)]), ort=no_depth, **sums),
    "Gemm": Row(gemm, lambda: Case([np.ones([2, 3], F64), np.ones([3, 2], F64)]), ort=no_depth, **sums),
    "LSTM": Row(lstm, lstm_refused, ort=no_steps, **sums), "GRU": Row(gru, gru_refused, ort=no_steps, **sums),
    "AveragePool": Row(windows.average_pool, windows.pool_refused, ort=dilated_same, **close),
    "MaxPool": Row(windows.max_pool, windows.max_pool_refused, ort=dilated_same),
    "GlobalAveragePool": Row(global_pool, pooled_doubles, **sums), "GlobalMaxPool": Row(global_pool, pooled_doubles, ort=not_a_number),
    "ReduceL1": Row(reduce((F32,)), doubles, ort=empty, **sums),
    "ReduceL2": Row(reduce((F32,)), doubles, ort=empty, **sums),
    "ReduceMax": Row(reduce(), doubles, ort=not_a_number),
    "ReduceMean": Row(reduce(), doubles, ort=empty, **sums),
    "ReduceMin": Row(reduce(), doubles, ort=not_a_number),
    "ReduceProd": Row(product_of, doubles, ort=empty, **sums),
    "ReduceSum": Row(reduce(low=0.0), doubles, ort=empty, **sums),
    "ReduceSumSquare": Row(reduce(), doubles, ort=empty, **sums),
    "BatchNormalization": Row(batch_norm, lambda: Case([np.ones([1, 2, 3], F64), *[np.ones([2], F64)] * 4]), **sums),
    # Rows of two elements that are nearly equal: what is left of them in float32 is their mean's rounding.
    "LayerNormalization": Row(layer_norm, of_doubles(np.ones([3], F64)), rtol=1e-4, atol=5e-4),
    "LRN": Row(lrn, lambda: Case([np.ones([1, 2, 3, 3], F64)], {"size": 3}), **close),
    "LogSoftmax": Row(softmax, doubles, **sums), "Softmax": Row(softmax, doubles, **close),

    "Dropout": Row(dropout, None), "Flatten": Row(flatten, None), "Identity": Row(same, None),
    "Reshape": Row(reshape, None), "Squeeze": Row(squeeze, None), "Unsqueeze": Row(unsqueeze, None),
    "Shape": Row(shape_of, None), "Size": Row(same, None), "ConstantOfShape": Row(fill, fill_refused),
    "Range": Row(arange, lambda: Case([np.array(v, F64) for v in (0, 5, 2)]), ort=far, **close),
    "Concat": Row(concat, moved_refused(STRINGS, axis=0)),
    "Split": Row(split, lambda: Case([STRINGS], {"axis": 1, "num_outputs": 3}, (True,) * 3)),
    "Expand": Row(expand, moved_refused(ints(2, 2, 3))),
    "Slice": Row(cut, moved_refused(ints(0), ints(2), ints(1)), ort=backward_to_largest), "Transpose": Row(transpose, moved_refused()),
    "Gather": Row(gather, moved_refused(ints(1, 0))), "GatherND": Row(gather_nd, moved_refused(ints(1, 2))),
    "Pad": Row(pad, moved_refused(ints(0, 1, 1, 0))), "Resize": Row(windows.resize, windows.resize_refused, ort=cut_length, **sums),
}
