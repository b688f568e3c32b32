# SPDX-License-Identifier: Apache-2.0
"""An ONNX model's bytes as protobuf: which nodes it has, and the same model with more outputs.

Protobuf merges a message that stands twice, so further outputs are appended behind the model and nothing is written
anew: no package is needed for it, and weights stay as they are. Field numbers are those of onnx.proto.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Iterable, Iterator, Mapping

import numpy as np

from ._dtypes import number_of
from .errors import MalformedError

Span = tuple[int, int]

_MODEL_GRAPH = 7
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_SPARSE = 1, 5, 11, 12, 15
_NODE_INPUT, _NODE_OUTPUT, _NODE_NAME, _NODE_OP, _NODE_ATTRIBUTE, _NODE_DOMAIN = 1, 2, 3, 4, 5, 7
_ATTRIBUTE_NAME, _ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS = 1, 6, 11
_TENSOR_NAME, _INFO_NAME, _SPARSE_VALUES = 8, 1, 1


@dataclass
class Node:
    """A node of a graph. ``path`` is what the library calls it behind the graph's own path: its name, or ``Relu_7``."""

    path: str
    op: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    bodies: list[tuple[str, Span]] = field(default_factory=list)  # graph attributes by name


@dataclass
class Outline:
    """What a graph consists of, without its weights. Nodes are in the model's order."""

    nodes: list[Node] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    initializers: dict[str, tuple[int, Span]] = field(default_factory=dict)  # field number and place by name


def outline(data: bytes) -> Outline:
    """Reads a model. Raises MalformedError where the bytes are no protobuf message."""
    found = Outline()
    for number, span in _messages(data, (0, len(data))):
        if number == _MODEL_GRAPH:
            _read_graph(data, span, found)
    return found


def graph_outline(data: bytes, span: Span) -> Outline:
    """Reads the graph that stands at ``span``, such as a node's body."""
    found = Outline()
    _read_graph(data, span, found)
    return found


def captured(data: bytes, span: Span) -> list[str]:
    """Names that a body reads from the graphs around it."""
    inner = graph_outline(data, span)
    own = {*inner.inputs, *inner.initializers, *(name for node in inner.nodes for name in node.outputs)}
    read: dict[str, None] = {}
    for node in inner.nodes:
        read.update(dict.fromkeys(node.inputs))
        for _, body in node.bodies:
            read.update(dict.fromkeys(captured(data, body)))
    read.update(dict.fromkeys(inner.outputs))
    return [name for name in read if name and name not in own]


def with_outputs(data: bytes, names: Iterable[str]) -> bytes:
    """The model with these values as outputs behind its own. Their types are left for the runtime to infer."""
    infos = b"".join(_message(_GRAPH_OUTPUT, _text(_INFO_NAME, name)) for name in names)
    return data + _message(_MODEL_GRAPH, infos) if infos else data


def body_model(data: bytes, span: Span, feed: Mapping[str, np.ndarray], initializers: Iterable[tuple[int, Span]]) -> bytes:
    """A node's body as a model: what it captures comes in as inputs of the types in ``feed``, or as initializers."""
    everything = _fields(data, (0, len(data)))
    parts = [data[start:end] for number, start, _, end in everything if number != _MODEL_GRAPH]
    inputs = (_message(_GRAPH_INPUT, _value_info(name, array)) for name, array in feed.items())
    weights = (_message(number, data[slice(*place)]) for number, place in initializers)
    parts.append(_message(_MODEL_GRAPH, b"".join([data[slice(*span)], *inputs, *weights])))
    return b"".join(parts)


def _read_graph(data: bytes, span: Span, found: Outline) -> None:
    for number, place in _messages(data, span):
        if number == _GRAPH_NODE:
            found.nodes.append(_read_node(data, place, len(found.nodes)))
        elif number == _GRAPH_INPUT:
            found.inputs.append(_name(data, place, _INFO_NAME))
        elif number == _GRAPH_OUTPUT:
            found.outputs.append(_name(data, place, _INFO_NAME))
        elif number == _GRAPH_INITIALIZER:
            found.initializers[_name(data, place, _TENSOR_NAME)] = (number, place)
        elif number == _GRAPH_SPARSE:
            for inner, values in _messages(data, place):
                if inner == _SPARSE_VALUES:
                    found.initializers[_name(data, values, _TENSOR_NAME)] = (number, place)


def _read_node(data: bytes, span: Span, index: int) -> Node:
    node = Node("", "", "", [], [])
    for number, place in _messages(data, span):
        if number == _NODE_ATTRIBUTE:
            graphs = [part for inner, part in _messages(data, place) if inner in (_ATTRIBUTE_GRAPH, _ATTRIBUTE_GRAPHS)]
            if graphs:
                name = _name(data, place, _ATTRIBUTE_NAME)
                node.bodies.extend((name, part) for part in graphs)
            continue
        text = _decode(data, place)
        if number == _NODE_INPUT:
            node.inputs.append(text)
        elif number == _NODE_OUTPUT:
            node.outputs.append(text)
        elif number == _NODE_NAME:
            node.path = text
        elif number == _NODE_OP:
            node.op = text
        elif number == _NODE_DOMAIN:
            node.domain = text
    node.path = node.path or f"{node.op}_{index}"
    return node


def _name(data: bytes, span: Span, wanted: int) -> str:
    for number, place in _messages(data, span):
        if number == wanted:
            return _decode(data, place)
    return ""


def _decode(data: bytes, span: Span) -> str:
    return data[span[0] : span[1]].decode("utf-8", "surrogateescape")


def _messages(data: bytes, span: Span) -> Iterator[tuple[int, Span]]:
    """Number and place of each length-delimited field: messages and texts."""
    for number, _, start, end in _fields(data, span):
        if start >= 0:
            yield number, (start, end)


def _fields(data: bytes, span: Span) -> Iterator[tuple[int, int, int, int]]:
    """Number, start, start of the content (-1: a number's field) and end of each field."""
    at, end = span
    while at < end:
        start = at
        key, at = _varint(data, at, end)
        kind, content = key & 7, -1
        if kind == 0:
            _, at = _varint(data, at, end)
        elif kind == 1:
            at += 8
        elif kind == 2:
            size, content = _varint(data, at, end)
            at = content + size
        elif kind == 5:
            at += 4
        else:
            raise MalformedError(f"not an ONNX model: wire type {kind} at byte {start}")
        if at > end:
            raise MalformedError(f"not an ONNX model, or cut short: a field at byte {start} ends at {at}, beyond {end}")
        yield key >> 3, start, content, at


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise MalformedError(f"not an ONNX model, or cut short: a number at byte {at} does not end")


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _message(number: int, content: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(content)) + content


def _text(number: int, text: str) -> bytes:
    return _message(number, text.encode("utf-8", "surrogateescape"))


def _value_info(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(_message(1, _number(1 << 3) + _number(size)) for size in array.shape)
    tensor = _number(1 << 3) + _number(number_of(array.dtype)) + _message(2, dims)
    return _text(_INFO_NAME, name) + _message(2, _message(1, tensor))
