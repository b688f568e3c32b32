# SPDX-License-Identifier: Apache-2.0
"""Between Python's objects and tensors, for what has no plain buffer: lists, strings, packed and ml_dtypes' types."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from . import _tenon
from ._dtypes import BITS, DTYPES, NAMES, STRING, number_of
from .errors import InvalidTensorError


def to_tensor(value: object, number: int, name: str) -> _tenon.Tensor:
    """``value`` as a tensor of ONNX's dtype ``number`` (0: what its own dtype says). ``name`` is for messages."""
    if number and number not in NAMES:
        raise InvalidTensorError(f"ONNX has no dtype number {number}", value=name, got=str(number))
    if isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        return _array_to_tensor(value, name)
    if number == STRING or isinstance(value, (str, bytes)):
        return _strings(np.asarray(value, dtype=object), name)
    if hasattr(value, "__array__"):
        return _array_to_tensor(np.asarray(value), name)
    try:
        # Lists and scalars have no dtype of their own: they take the model's.
        array = np.asarray(value, dtype=DTYPES[number] if number else None)
    except (ValueError, TypeError, OverflowError) as error:
        wanted = NAMES[number][0] if number else "an array"
        raise InvalidTensorError(
            f"input '{name}': this {type(value).__name__} cannot be made {wanted}: {error}",
            value=name,
            got=type(value).__name__,
            expected=wanted,
        ) from None
    return _array_to_tensor(np.ascontiguousarray(array).reshape(array.shape), name)


def _array_to_tensor(array: np.ndarray[Any, Any], name: str) -> _tenon.Tensor:
    number = number_of(array.dtype)
    if number == STRING:
        return _strings(array, name)
    if number == 0:
        raise InvalidTensorError(
            f"input '{name}': ONNX has no dtype for NumPy's {array.dtype}", value=name, got=str(array.dtype)
        )
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if number in BITS:
        return _tenon.Tensor.wrap(_pack(array, BITS[number]), number, list(array.shape))
    dense = np.ascontiguousarray(array).reshape(array.shape)
    return _tenon.Tensor.wrap(dense.reshape(-1).view(np.uint8), number, list(array.shape))


def _strings(array: np.ndarray[Any, Any], name: str) -> _tenon.Tensor:
    texts = []
    for item in array.reshape(-1).tolist():
        if isinstance(item, bytes):
            item = item.decode("utf-8", "surrogateescape")
        if not isinstance(item, str):
            raise InvalidTensorError(
                f"input '{name}': a tensor of strings holds a {type(item).__name__}",
                value=name,
                got=type(item).__name__,
                expected="str",
            )
        texts.append(item)
    return _tenon.Tensor.strings(texts, list(array.shape))


def _pack(array: np.ndarray[Any, Any], bits: int) -> np.ndarray[Any, Any]:
    """Elements of ml_dtypes (one a byte) as ONNX packs them: one stream of bits, the first in the low bits."""
    flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    each = np.unpackbits(flat[:, None], axis=1, count=bits, bitorder="little")
    return np.packbits(each.reshape(-1), bitorder="little")


def _unpack(data: np.ndarray[Any, Any], bits: int, count: int, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    each = np.unpackbits(data, count=count * bits, bitorder="little").reshape(count, bits)
    if dtype.name.startswith("int"):  # the sign goes up to the byte's top
        each = np.concatenate([each, np.repeat(each[:, -1:], 8 - bits, axis=1)], axis=1)
    return np.packbits(each, axis=1, bitorder="little").reshape(-1).view(dtype)


def from_tensor(tensor: _tenon.Tensor) -> np.ndarray[Any, Any]:
    """A NumPy array: over the tensor's memory where the dtype has whole bytes, else a copy."""
    number, shape = tensor.dtype_number, tensor.shape
    if number == STRING:
        array = np.empty(len(tensor.string_list()), dtype=object)
        array[:] = tensor.string_list()
        return array.reshape(shape)
    dtype, memory = DTYPES[number], cast(Any, tensor)  # NumPy 1's types know no buffers of others
    if number in BITS:
        data = np.frombuffer(memory, np.uint8)
        return _unpack(data, BITS[number], int(np.prod(shape, dtype=np.int64)), dtype).reshape(shape)
    if number < 16:
        return np.asarray(memoryview(tensor))  # strided
    return np.ndarray(shape, dtype, memory)
