# SPDX-License-Identifier: Apache-2.0
"""Small models for the tests, as bytes."""

import functools

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def value(name, dtype=TensorProto.FLOAT, shape=("N", 3)):
    return helper.make_tensor_value_info(name, dtype, shape)


def model(nodes, inputs, outputs, initializers=(), opset=25, functions=(), **more):
    """A model's bytes; `more` are fields of ModelProto."""
    graph = helper.make_graph(nodes, "small", inputs, outputs, list(initializers))
    domains = {node.domain for node in nodes if node.domain}
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in sorted(domains))]
    made = helper.make_model(graph, opset_imports=opsets, functions=list(functions), producer_name="tests", **more)
    made.ir_version = 8 if opset < 20 else 13
    return made.SerializeToString()


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


@functools.cache
def add_of_opset(opset):
    node = helper.make_node("Add", ["x", "y"], ["z"], name="plus")
    return model([node], [value("x"), value("y")], [value("z")], opset=opset)


def add():
    return add_of_opset(25)


@functools.cache
def one(op, dtype=TensorProto.FLOAT, shape=None, **attributes):
    """x -> op -> y, of any dims unless `shape` is given."""
    node = helper.make_node(op, ["x"], ["y"], name=op.lower(), **attributes)
    if shape is None:
        x, y = (helper.make_tensor_value_info(name, dtype, None) for name in "xy")
        for info in (x, y):
            info.type.tensor_type.ClearField("shape")
    else:
        x, y = value("x", dtype, shape), value("y", dtype, shape)
    return model([node], [x], [y])


@functools.cache
def long_run(nodes=3000, size=320):
    """x -> many products with one matrix -> y: seconds on any machine, while one node takes a millisecond."""
    weight = np.random.default_rng(1).standard_normal((size, size)).astype(np.float32) / np.float32(size**0.5)
    names = ["x", *(f"h{i}" for i in range(nodes - 1)), "y"]
    chain = [
        helper.make_node("MatMul", [left, "w"], [right], name=f"n{i}")
        for i, (left, right) in enumerate(zip(names, names[1:]))
    ]
    shape = (size, size)
    return model(chain, [value("x", shape=shape)], [value("y", shape=shape)], [constant("w", weight)])


def long_input(size=320):
    return {"x": np.ones((size, size), np.float32)}


def parse(text):
    return onnx.parser.parse_model(text).SerializeToString()
