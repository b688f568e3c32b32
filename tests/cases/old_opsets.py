# SPDX-License-Identifier: Apache-2.0
"""Nodes of opsets 7 to 20 whose form has changed since, against onnxruntime, which runs them as they were.

Import brings each to opset 28's form; the answer must be the same (exactly, where no sum is rounded).
"""

import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]
import tenon_ctypes as tenon  # noqa: E402

F, I64 = TensorProto.FLOAT, TensorProto.INT64
SOFT = 1e-6  # relative, where exp and sums are rounded


def f(*shape):
    return np.random.default_rng(len(shape) * 31 + sum(shape)).standard_normal(shape, dtype=np.float32)


def case(op, opset, inputs, tolerance=0.0, outputs=1, constants=None, **attributes):
    return op, opset, inputs, tolerance, outputs, constants or {}, attributes


INFINITE = np.array([-np.inf, -3e38, -1, 0, 0.5, 3e38, np.inf, np.nan], np.float32)
NORM = [f(2, 3, 4, 4), f(3), f(3), f(3), np.abs(f(3)) + 1]
RNN = [f(5, 2, 4), f(1, 3, 4), f(1, 3, 3)]

CASES = [
    *[case("Softmax", 11, [f(2, 3, 4)], SOFT, axis=axis) for axis in (0, 1, 2, -1, -2)],
    case("Softmax", 9, [f(2, 3, 1, 1)], SOFT),
    case("Softmax", 7, [f(0, 3, 4)], SOFT),
    case("LogSoftmax", 11, [f(2, 3, 4)], SOFT, axis=1),
    case("Hardmax", 11, [f(2, 3, 4)], axis=1),
    case("BatchNormalization", 7, NORM, SOFT),
    case("BatchNormalization", 8, NORM, SOFT, spatial=1),
    case("BatchNormalization", 9, NORM, SOFT, epsilon=0.1),
    case("Clip", 7, [INFINITE]),
    case("Clip", 10, [INFINITE], min=-0.5),
    case("Clip", 10, [f(3, 4)], min=0.0, max=0.5),
    case("Clip", 11, [f(3, 4)], constants={"lo": np.float32(-0.25)}),
    case("Dropout", 7, [f(3, 4)], ratio=0.7),
    case("Dropout", 10, [f(3, 4)]),
    case("Gemm", 7, [f(2, 3), f(4, 3), f(4)], SOFT, transB=1, alpha=0.5),
    case("Gemm", 9, [f(2, 3), f(3, 4), f(1, 4)], SOFT),
    case("MaxPool", 7, [f(1, 2, 7, 7)], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    case("AveragePool", 7, [f(1, 2, 7, 7)], SOFT, kernel_shape=[3, 3], auto_pad="SAME_UPPER"),
    case("Pad", 7, [f(2, 3)], pads=[1, 0, 0, 2], value=1.5),
    case("Pad", 10, [f(4, 5)], pads=[1, 2, 0, 1], mode="reflect"),
    case("Pad", 10, [f(4, 5)], pads=[-1, 0, 0, -2]),
    case("Slice", 9, [f(4, 5, 6)], starts=[1, -3], ends=[3, 1000], axes=[0, 2]),
    case("Slice", 7, [f(4, 5)], starts=[0, 1], ends=[-1, 4]),
    case("Split", 7, [f(6, 4)], outputs=3),
    case("Split", 11, [f(6, 4)], outputs=2, split=[1, 5], axis=-2),
    case("Split", 13, [f(6, 4)], outputs=2, constants={"sizes": np.int64([2, 4])}),
    case("Squeeze", 11, [f(1, 3, 1)], axes=[0]),
    case("Squeeze", 7, [f(1, 3, 1)]),
    case("Unsqueeze", 11, [f(3, 4)], axes=[0, -1]),
    case("TopK", 7, [f(3, 6)], outputs=2, k=2),
    case("TopK", 10, [f(3, 6)], outputs=2, constants={"k": np.int64([3])}, axis=0),
    case("Reshape", 7, [f(2, 6)], constants={"shape": np.int64([0, -1, 2])}),
    case("Upsample", 7, [f(1, 2, 3, 3)], scales=[1.0, 1.0, 2.0, 3.0], mode="nearest"),
    case("Upsample", 9, [f(1, 2, 3, 3)], constants={"s": np.float32([1, 1, 2, 1.5])}, mode="nearest"),
    case("Upsample", 9, [f(1, 2, 3, 3)], SOFT, constants={"s": np.float32([1, 1, 2, 2])}, mode="linear"),
    case("Resize", 10, [f(1, 2, 4, 4)], constants={"s": np.float32([1, 1, 0.6, 0.6])}, mode="nearest"),
    case("Resize", 10, [f(1, 2, 3, 3)], constants={"s": np.float32([1, 1, 2, 2])}, mode="nearest"),
    case("Resize", 10, [f(1, 2, 4, 4)], SOFT, constants={"s": np.float32([1, 1, 0.6, 0.6])}, mode="linear"),
    case("Resize", 11, [f(1, 1, 3, 3)], SOFT,
         constants={"roi": np.float32([]), "s": np.float32([]), "sizes": np.int64([1, 1, 5, 7])}, mode="linear"),
    case("Resize", 11, [f(1, 1, 4, 4)], constants={"roi": np.float32([]), "s": np.float32([1, 1, 2, 2])},
         mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    case("Scatter", 9, [f(3, 3)], constants={"i": np.int64([[1, 0, 2]]), "u": f(1, 3)}),
    *[case(op, opset, [np.abs(f(2, 3, 4)) + 1], 1e-5, axes=[0, 2], keepdims=keep)
      for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                 "ReduceLogSum", "ReduceLogSumExp", "ReduceSumSquare")
      for opset, keep in ((7, 1), (11, 0))],
    case("ReduceMean", 17, [f(2, 3)], SOFT),
    case("LSTM", 7, [f(5, 2, 4), f(1, 12, 4), f(1, 12, 3)], 1e-5, outputs=3, hidden_size=3),
    case("GRU", 7, [f(5, 2, 4), f(1, 9, 4), f(1, 9, 3)], 1e-5, outputs=2, hidden_size=3),
    case("RNN", 7, RNN, 1e-5, outputs=2, hidden_size=3),
    case("PRelu", 7, [f(2, 3, 4), f(3, 1)]),
    case("Concat", 7, [f(2, 3), f(2, 1)], axis=1),
    case("Cast", 7, [f(2, 3)], to=I64),
    case("Max", 7, [f(2, 3), f(2, 3) + 0.1]),
    case("Max", 8, [f(2, 3), f(3)]),
    case("Sum", 7, [f(2, 3), f(2, 3), f(2, 3)], SOFT),
    case("Flatten", 7, [f(2, 3, 4)], axis=2),
    case("GridSample", 16, [f(1, 2, 4, 4), np.tanh(f(1, 3, 3, 2))], 1e-5, mode="bilinear"),
    case("RoiAlign", 10, [f(1, 2, 8, 8), np.float32([[0, 0, 6, 6]])], 1e-5, constants={"b": np.int64([0])},
         output_height=2, output_width=2),
    case("GroupNormalization", 18, [f(1, 4, 5), f(2), f(2)], 1e-5, num_groups=2),
]


def model_of(op, opset, inputs, outputs, constants, attributes):
    names = [f"x{i}" for i in range(len(inputs))]
    node = helper.make_node(op, names + list(constants), [f"y{i}" for i in range(outputs)], **attributes)
    kinds = [helper.np_dtype_to_tensor_dtype(x.dtype) for x in inputs]
    graph = helper.make_graph(
        [node], op, [helper.make_tensor_value_info(n, k, x.shape) for n, k, x in zip(names, kinds, inputs)],
        [helper.make_empty_tensor_value_info(name) for name in node.output],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()])
    if op == "Clip" and opset >= 11:
        node.input[1:] = list(constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7).SerializeToString()


def difference(got, want, tolerance):
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"got {got.dtype} {list(got.shape)}, expected {want.dtype} {list(want.shape)}"
    if tolerance == 0:
        return None if np.array_equal(got, want, equal_nan=want.dtype.kind == "f") else f"got {got}, expected {want}"
    scale = max(float(np.abs(want).max(initial=0)), 1.0)
    error = float(np.abs(got.astype(np.float64) - want).max(initial=0)) / scale
    return None if error <= tolerance else f"differs by {error:.2g}, at most {tolerance} is allowed"


def main():
    env = tenon.Env()
    onnxruntime.set_default_logger_severity(4)
    passed, failed, left = 0, 0, []
    for op, opset, inputs, tolerance, outputs, constants, attributes in CASES:
        model = model_of(op, opset, inputs, outputs, constants, attributes)
        title = f"{op} of opset {opset} {attributes}"
        try:
            session = tenon.Session(model, env=env, providers=["reference"])
            results = session.run(inputs)
        except tenon.TenonError as error:
            if "there is no operator" in str(error):
                left.append(op)
                continue
            print(f"FAIL {title}: {error}")
            failed += 1
            continue
        want = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(
            None, {f"x{i}": x for i, x in enumerate(inputs)})
        wrong = [w for w in (difference(g, np.asarray(e), tolerance) for g, e in zip(results, want, strict=True)) if w]
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if wrong:
            print(f"FAIL {title}: {wrong[0]}")
    print(f"{passed} nodes of old opsets passed, {failed} failed; reference lacks {', '.join(sorted(set(left))) or 'none'}")
    return 1 if failed or passed < 45 else 0


if __name__ == "__main__":
    sys.exit(main())
