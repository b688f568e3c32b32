# SPDX-License-Identifier: Apache-2.0
"""Operators that draw numbers: their distribution beside onnxruntime's, and what a seed means."""
import os
import sys
import unittest

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "driver")]
import tenon_ctypes as tenon  # noqa: E402

COUNT = 40000
LOGS = np.log(np.float32([[0.1, 0.2, 0.7], [3, 3, 2]]))  # the second row does not sum to 1
DTYPES = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, np.int32: TensorProto.INT32,
          np.int64: TensorProto.INT64, np.bool_: TensorProto.BOOL}


def model(op, x=None, made=np.float32, opset=21, **attributes):
    node = helper.make_node(op, [] if x is None else ["x"], ["y"], **attributes)
    inputs = [] if x is None else [helper.make_tensor_value_info("x", DTYPES[x.dtype.type], x.shape)]
    outputs = [helper.make_tensor_value_info("y", DTYPES[made], None)]
    outputs[0].type.tensor_type.ClearField("shape")
    return helper.make_model(helper.make_graph([node], op, inputs, outputs), ir_version=10,
                             opset_imports=[helper.make_opsetid("", opset)]).SerializeToString()


def drawn(data, x):
    feed = {} if x is None else {"x": x}
    session = tenon.Session(data, providers=["reference"])
    return session.run(feed)[0], session.run(feed)[0]


def beside(data, x):
    session = ort.InferenceSession(data, providers=["CPUExecutionProvider"])
    return session.run(None, {} if x is None else {"x": x})[0]


class Draws(unittest.TestCase):
    def check(self, op, centre, deviation, x=None, made=np.float32, by_onnxruntime=True, **attributes):
        """Centre and deviation are the distribution's: what was drawn may be six standard errors away."""
        shape = attributes["shape"] if x is None else x.shape
        data = model(op, x, made, **attributes)
        first, second = drawn(data, x)
        for y in (first, second, *([beside(data, x)] if by_onnxruntime else [])):
            self.assertEqual((y.dtype, y.shape), (np.dtype(made), tuple(shape)))
            y = y.astype(np.float64)
            self.assertLess(abs(y.mean() - centre), 6 * deviation / np.sqrt(y.size))
            self.assertLess(abs(y.std() / deviation - 1), 6 / np.sqrt(y.size))
        self.assertFalse(np.array_equal(first, second), "two runs without a seed drew the same")
        seeded = model(op, x, made, seed=3.5, **attributes)
        one, two = drawn(seeded, x)
        self.assertTrue(np.array_equal(one, two) and np.array_equal(one, drawn(seeded, x)[0]), "a seed, other numbers")
        self.assertFalse(np.array_equal(one, drawn(model(op, x, made, seed=4.0, **attributes), x)[0]))
        return first

    def like_onnx(self, op, x=None, **attributes):
        """A seed without fraction: the numbers of ONNX's reference implementation."""
        data = model(op, x, seed=7.0, **attributes)
        want = ReferenceEvaluator(onnx.load_from_string(data)).run(None, {} if x is None else {"x": x})[0]
        np.testing.assert_allclose(drawn(data, x)[0], want, rtol=0, atol=1e-6)

    def test_normal(self):
        y = self.check("RandomNormal", 2, 3, shape=[200, 200], mean=2.0, scale=3.0)
        within = np.mean(np.abs(y - 2) < 3)
        self.assertLess(abs(within - 0.6827), 0.02)  # a normal distribution has that much within one deviation

    def test_uniform(self):
        y = self.check("RandomUniform", 1, 4 / np.sqrt(12), shape=[200, 200], low=-1.0, high=3.0)
        self.assertTrue((y >= -1).all() and (y < 3).all())

    def test_like(self):
        x = np.zeros((100, 400), np.float32)
        self.check("RandomNormalLike", 0, 1, x)
        self.check("RandomUniformLike", 0.5, 1 / np.sqrt(12), x, np.float64, dtype=TensorProto.DOUBLE)

    def test_whole_seeds(self):
        self.like_onnx("RandomNormal", shape=[3, 5])
        self.like_onnx("RandomUniform", shape=[3, 5], low=-1.0, high=3.0)
        self.like_onnx("RandomNormalLike", np.zeros((2, 2), np.float32))
        self.like_onnx("RandomUniformLike", np.zeros((2, 3), np.float32))

    def test_bernoulli(self):
        x = np.full((200, 200), 0.25, np.float32)
        deviation = np.sqrt(0.25 * 0.75)
        self.check("Bernoulli", 0.25, deviation, x, by_onnxruntime=False)
        self.check("Bernoulli", 0.25, deviation, x, made=np.bool_, by_onnxruntime=False, dtype=TensorProto.BOOL)
        # onnxruntime runs the function body out of ONNX, which draws 1 with the probability of 0.
        self.assertGreater(beside(model("Bernoulli", x), x).mean(), 0.7)
        edges = np.float32([0, 1, 0, 1])
        self.assertEqual(drawn(model("Bernoulli", edges), edges)[0].tolist(), [0, 1, 0, 1])
        bad = np.float32([1.5])
        with self.assertRaisesRegex(tenon.TenonError, "element 0 is 1.5, expected a probability from 0 to 1"):
            drawn(model("Bernoulli", bad), bad)

    def test_multinomial(self):
        data = model("Multinomial", LOGS, np.int32, sample_size=COUNT)
        want = np.exp(LOGS) / np.exp(LOGS).sum(axis=1, keepdims=True)
        for y in (*drawn(data, LOGS), beside(data, LOGS)):
            self.assertEqual(y.shape, (2, COUNT))
            share = np.stack([np.bincount(row, minlength=3) / COUNT for row in y])
            self.assertLess(np.abs(share - want).max(), 6 * 0.5 / np.sqrt(COUNT))


if __name__ == "__main__":
    unittest.main()
