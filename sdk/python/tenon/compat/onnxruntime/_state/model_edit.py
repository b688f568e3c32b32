# SPDX-License-Identifier: Apache-2.0
"""Two changes to a model's bytes before it is loaded: other values for initializers, sizes for input dims.

Works on the protobuf wire and copies everything else as it is. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .errors import InvalidArgument, InvalidProtobuf, make

_VARINT, _BYTES = 0, 2
_WIDTH = {1: 8, 5: 4}
_GRAPH = 7  # of ModelProto
_INITIALIZER, _INPUT = 5, 11  # of GraphProto
_TENSOR_DIMS, _TENSOR_TYPE, _TENSOR_NAME, _TENSOR_RAW = 1, 2, 8, 9
_VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM = 2, 1, 2, 1
_DIM_VALUE, _DIM_PARAM, _DIM_DENOTATION = 1, 2, 3


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise make(InvalidProtobuf, f"this is no ONNX model: its bytes end or break at {at}")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _encoded(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, body: bytes) -> bytes:
    return _encoded(number << 3 | _BYTES) + _encoded(len(body)) + body


def _fields(data: memoryview) -> Iterator[tuple[int, int, memoryview, memoryview]]:
    """Number, wire type, the whole field and its body (of one with a length; else empty)."""
    at = 0
    while at < len(data):
        start = at
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        body = data[at:at]
        if wire == _VARINT:
            _, at = _varint(data, at)
        elif wire == _BYTES:
            size, at = _varint(data, at)
            body = data[at : at + size]
            at += size
        elif wire in _WIDTH:
            at += _WIDTH[wire]
        else:
            at = len(data) + 1
        if at > len(data):
            raise make(InvalidProtobuf, f"this is no ONNX model: its bytes end or break at {start}")
        yield number, wire, data[start:at], body


def _rewritten(data: memoryview, number: int, change: Any) -> bytes:
    """The message with each field of this number replaced by what change(body) gives (None: as it was)."""
    out = []
    for found, wire, whole, body in _fields(data):
        new = change(body) if found == number and wire == _BYTES else None
        out.append(whole if new is None else _field(number, new))
    return b"".join(out)


def _text(data: memoryview, number: int) -> str:
    for found, wire, _, body in _fields(data):
        if found == number and wire == _BYTES:
            return bytes(body).decode("utf-8", "replace")
    return ""


def with_weights(model: bytes, weights: Mapping[str, Any]) -> bytes:
    """The model with other tensors for its initializers. ``weights``: name to a value with shape, type and numpy()."""
    left = dict(weights)

    def initializer(body: memoryview) -> bytes | None:
        name = _text(body, _TENSOR_NAME)
        value = left.pop(name, None)
        if value is None:
            return None
        array = np.ascontiguousarray(value.numpy())
        dims = b"".join(_encoded(_TENSOR_DIMS << 3) + _encoded(dim) for dim in value.shape())
        kind = _encoded(_TENSOR_TYPE << 3) + _encoded(value.element_type())
        return dims + kind + _field(_TENSOR_NAME, name.encode()) + _field(_TENSOR_RAW, array.tobytes())

    def graph(body: memoryview) -> bytes:
        return _rewritten(body, _INITIALIZER, initializer)

    changed = _rewritten(memoryview(model), _GRAPH, graph)
    if left:
        raise make(InvalidArgument, f"the model has no initializer {', '.join(map(repr, sorted(left)))}")
    return changed


def with_denoted_dims(model: bytes, sizes: Mapping[str, int]) -> bytes:
    """The model with a size for each input dim of a denotation."""

    def dim(body: memoryview) -> bytes | None:
        denotation = _text(body, _DIM_DENOTATION)
        if denotation not in sizes:
            return None
        size = sizes[denotation]
        return _encoded(_DIM_VALUE << 3) + _encoded(size) + _field(_DIM_DENOTATION, denotation.encode())

    def nested(numbers: tuple[int, ...], change: Any) -> Any:
        for number in reversed(numbers):
            change = _step(number, change)
        return change

    path = (_INPUT, _VALUE_TYPE, _TYPE_TENSOR, _TENSOR_SHAPE, _SHAPE_DIM)
    return _rewritten(memoryview(model), _GRAPH, nested(path, dim))


def _step(number: int, change: Any) -> Any:
    return lambda body: _rewritten(body, number, change)
