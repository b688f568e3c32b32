# SPDX-License-Identifier: Apache-2.0
"""ONNX's own operator cases as arrays, and the comparison by which an answer passes.

The cases are made by the installed onnx with numpy 1.26.4 and ml_dtypes 0.5.4 (other versions change expected bytes).
"""

import warnings

import ml_dtypes
import numpy as np
import onnx
from onnx.backend.test.case.node import collect_testcases

from plugin_host import array_of

_BY_TOLERANCE = {np.dtype(t) for t in (np.float32, np.float64, np.complex64, np.complex128)}
_ULP = {np.dtype(np.float16): (2.0**-10, 2.0**-14), np.dtype(ml_dtypes.bfloat16): (2.0**-7, 2.0**-126)}
# Two runs differ: dtypes and dims can be compared; the distributions are the matter of tests/random/draws_test.py.
_DRAWN = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}


class Case:
    """One case: name, model (ModelProto), sets of (inputs, outputs): arrays, lists of them (sequences), or None (absent
    optionals)."""

    def __init__(self, case):
        self.name, self.model, self.rtol, self.atol = case.name, case.model, case.rtol, case.atol
        self.sets = [([_array(x) for x in inputs], [_array(x) for x in outputs]) for inputs, outputs in case.data_sets]

    def operators(self):
        return {node.op_type for node in self.model.graph.node}

    def drawn(self):
        return bool(self.operators() & _DRAWN)

    def tensors_only(self):
        return all(isinstance(a, np.ndarray) for inputs, outputs in self.sets for a in inputs + outputs)


def collect():
    """All cases, sorted by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sorted((Case(case) for case in collect_testcases(None)), key=lambda case: case.name)


def _array(item):
    if isinstance(item, onnx.TensorProto):
        return array_of(item)
    if isinstance(item, onnx.SequenceProto):
        return [_array(each) for each in onnx.numpy_helper.to_list(item)]
    if isinstance(item, onnx.OptionalProto):
        return _array(onnx.numpy_helper.to_optional(item))
    if isinstance(item, (list, tuple)):
        return [_array(each) for each in item]
    if item is None:
        return None
    array = np.asarray(item)
    if array.dtype.kind not in "OUS":
        return array
    items = [v.decode() if isinstance(v, bytes) else str(v) for v in array.reshape(-1).tolist()]
    return np.array(items, object).reshape(array.shape)


def _size(value):
    return f"a sequence of {len(value)}" if isinstance(value, list) else "a tensor"


def difference(got, want, rtol, atol):
    """None when `got` passes, else what is wrong. Integers, strings and floats under 16 bits have to be equal; float16
    and bfloat16 may differ by the larger of the tolerance and 2 ulp; the others by the tolerance. NaN equals NaN.
    Of sequences every element has to pass."""
    if want is None or got is None:
        return None if want is got else f"got {got}, expected {want}"
    if isinstance(want, list) or isinstance(got, list):
        if not (isinstance(want, list) and isinstance(got, list) and len(want) == len(got)):
            return f"got {_size(got)}, expected {_size(want)}"
        wrong = [(i, difference(g, w, rtol, atol)) for i, (g, w) in enumerate(zip(got, want))]
        return next((f"element {i}: {text}" for i, text in wrong if text), None)
    if got.dtype.kind == "O" or want.dtype.kind == "O":
        return None if got.shape == want.shape and bool((got == want).all()) else f"got {got}, expected {want}"
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        return f"got {got.dtype} {list(got.shape)}, expected {want.dtype} {list(want.shape)}"
    limit = np.zeros(want.shape)
    kind = np.complex128 if want.dtype.kind == "c" else np.float64
    if want.dtype.kind in "biu":
        g, w = got, want
    else:
        g, w = got.astype(kind), want.astype(kind)
        with np.errstate(invalid="ignore"):
            if want.dtype in _BY_TOLERANCE or want.dtype in _ULP:
                limit = atol + rtol * np.abs(w)
            if want.dtype in _ULP:
                ulp, least = _ULP[want.dtype]
                limit = np.maximum(limit, 2 * ulp * np.maximum(np.abs(w), least))
    with np.errstate(all="ignore"):
        same = g == w
        if want.dtype.kind not in "biu":
            same = same | (np.isnan(g) & np.isnan(w)) | (np.abs(g - w) <= limit)
    if bool(np.all(same)):
        return None
    worst = int(np.argmin(same.reshape(-1)))
    return (f"{np.size(same) - int(np.sum(same))} of {np.size(same)} elements differ, the first at {worst}: got "
            f"{got.reshape(-1)[worst]!r}, expected {want.reshape(-1)[worst]!r}")
