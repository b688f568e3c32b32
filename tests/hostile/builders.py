# SPDX-License-Identifier: Apache-2.0
"""What the hostile models are built with, and the list of cases that @case makes."""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

CASES = []
F, I64 = TensorProto.FLOAT, TensorProto.INT64


def case(kind: str, code: str, options: str = "", setup: str = ""):
    """kind groups cases; code is the expected code's name; options: session options NAME=VALUE by comma; setup: what
    lies beside the model (symlink:NAME:TARGET, fifo:NAME, file:NAME:BYTES), or cache:TARGET: it lies in a cache as
    hostile.py makes it, beside a link w.bin to TARGET."""
    def keep(function):
        CASES.append((function.__name__, kind, code, options, setup, function))
        return function
    return keep


def tensor(name: str, array) -> TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def info(name: str, dims=(2, 3), dtype: int = F):
    return helper.make_tensor_value_info(name, dtype, list(dims) if dims is not None else None)


def model(nodes, inputs=("x",), outputs=("y",), init=(), opset: int = 20, ir: int = 10, functions=(), infos=()):
    as_info = lambda v: info(v) if isinstance(v, str) else v  # noqa: E731
    graph = helper.make_graph(list(nodes), "g", [as_info(v) for v in inputs],
                              [info(v, None) if isinstance(v, str) else v for v in outputs], list(init),
                              value_info=list(infos))
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("f", 1)] if functions else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir, functions=list(functions))


def node(op, inputs=("x",), outputs=("y",), **attributes):
    return helper.make_node(op, list(inputs), list(outputs), **attributes)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload
