# SPDX-License-Identifier: Apache-2.0
"""What runs in parts, and in regions that are easy to get wrong, against onnxruntime: functions.py expanded|masks|displaced

  expanded  operators that cpu does not implement run as their schemas' function bodies, in branches of an If, too
  masks     attention whose mask is wider than its scores: widened along queries, keys, both, and the axes before
  displaced a later provider that says it is cheaper (the fake device) takes a node; the report has both estimates

Exit status 1: an output differs, or the placement report does not say what ran.
"""
import os
import re
import sys
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = [str(Path(__file__).resolve().parent)]

import catalog_path  # noqa: E402, F401: puts catalog and driver on the path
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(5)
FLOAT = TensorProto.FLOAT


def floats(*dims):
    return RNG.standard_normal(dims).astype(np.float32)


def model_of(nodes, inputs, outputs, constants=None, opset=21):
    """inputs, outputs: name -> dims (numbers or names), all float32."""
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info(name, FLOAT, dims) for name, dims in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, dims) for name, dims in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in (constants or {}).items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10).SerializeToString()


def onnxruntime_says(model, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]).run(None, feeds)


def agrees(name, model, feeds, session, limit=1e-5):
    ours = session.run(feeds)
    for mine, theirs in zip(ours, onnxruntime_says(model, feeds)):
        scale = max(float(np.max(np.abs(theirs))), 1e-6)
        error = float(np.max(np.abs(mine - theirs))) / scale if mine.shape == theirs.shape else float("inf")
        if not error <= limit:
            print(f"DIFFERS {name}: {error:.2e} of the largest, dims {mine.shape} and {theirs.shape}")
            return False
    print(f"agrees  {name}  {session.placement_line()}")
    return True


def fails(condition, text):
    if condition:
        print("WRONG   " + text)
    return condition


# Operator, attributes, further constant inputs, dims of x.
FUNCTIONS = [
    ("Celu", {"alpha": 0.7}, {}, ["N", 6]),
    ("Mish", {}, {}, ["N", 6]),
    ("Selu", {}, {}, ["N", 6]),
    ("ThresholdedRelu", {"alpha": 0.4}, {}, ["N", 6]),
    ("Softsign", {}, {}, ["N", 6]),
    ("Shrink", {"lambd": 0.3, "bias": 0.1}, {}, ["N", 6]),
    ("MeanVarianceNormalization", {}, {}, ["N", 4, 5, 3]),
    ("GroupNormalization", {"num_groups": 2}, {"scale": floats(4), "bias": floats(4)}, ["N", 4, 5, 3]),
]


def check_report(name, op, session):
    nodes = [node for node in session.placement()["nodes"] if node["op"] == "ai.onnx." + op]
    said = nodes[0] if nodes else {"class": "none", "why": ""}
    return not (fails(len(nodes) != 1, f"{name}: the report has {len(nodes)} nodes of {op}")
                or fails(said["class"] != "expanded", f"{name}: the report calls {op} {said['class']}")
                or fails("is claimed by no provider; runs as its function body" not in said["why"],
                         f"{name}: the report says: {said['why']}")
                or fails(not any("cpu" == other["provider"] for other in said["others"]),
                         f"{name}: the report does not say why cpu refuses {op}"))


def expanded():
    good = True
    for op, attributes, constants, dims in FUNCTIONS:
        model = model_of([helper.make_node(op, ["x", *constants], ["y"], **attributes)], {"x": dims}, {"y": dims}, constants)
        for providers in (["cpu", "reference"], ["cpu"]):
            name = f"{op} on {'+'.join(providers)}"
            session = tenon.Session(model, providers=providers)
            for size in (3, 1):
                good &= agrees(name, model, {"x": floats(size, *dims[1:])}, session)
            # reference implements more and more of them: named, it takes its own.
            if providers == ["cpu"] or session.placement()["nodes"][0]["class"] != "reference":
                good &= check_report(name, op, session)
    return good & in_a_branch()


def in_a_branch():
    def branch(op, result):
        return helper.make_graph([helper.make_node(op, ["x"], [result])], op, [],
                                 [helper.make_tensor_value_info(result, FLOAT, ["N", 4])])
    nodes = [helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0), helper.make_node("Greater", ["sum", "zero"], ["c"]),
             helper.make_node("If", ["c"], ["y"], then_branch=branch("Mish", "a"), else_branch=branch("Softsign", "b"))]
    model = model_of(nodes, {"x": ["N", 4]}, {"y": ["N", 4]}, {"zero": np.float32(0)})
    session = tenon.Session(model, providers=["cpu"])
    good = True
    for sign in (1, -1):
        good &= agrees(f"branch {sign}", model, {"x": sign * np.abs(floats(3, 4))}, session)
    return good & check_report("branch", "Mish", session) & check_report("branch", "Softsign", session)


# Dims of Q, K^T, V, mask.
MASKS = {
    "queries": ([2, 3, 1, 8], [2, 3, 8, 9], [2, 3, 9, 4], [2, 1, 5, 9]),
    "keys": ([2, 3, 5, 8], [2, 3, 8, 1], [2, 3, 9, 4], [9]),
    "both": ([2, 3, 1, 8], [2, 3, 8, 1], [2, 3, 70, 4], [40, 70]),
    "batch": ([1, 3, 5, 8], [1, 3, 8, 9], [1, 3, 9, 4], [2, 1, 5, 9]),
    "all": ([1, 1, 1, 8], [1, 1, 8, 1], [1, 1, 9, 4], [2, 3, 5, 9]),
    "none": ([2, 3, 5, 8], [2, 3, 8, 9], [2, 3, 9, 4], [2, 1, 1, 9]),
}


def masks():
    nodes = [helper.make_node("MatMul", ["q", "k"], ["qk"]), helper.make_node("Mul", ["qk", "half"], ["scaled"]),
             helper.make_node("Add", ["scaled", "mask"], ["scores"]), helper.make_node("Softmax", ["scores"], ["p"], axis=-1),
             helper.make_node("MatMul", ["p", "v"], ["y"])]
    good = True
    for name, dims in MASKS.items():
        feeds = {key: floats(*each) for key, each in zip(("q", "k", "v", "mask"), dims)}
        for known in (True, False):
            shown = dict(zip(feeds, dims))
            if not known:
                shown = {key: [f"{key}{i}" for i in range(len(each))] for key, each in shown.items()}
            out = [f"y{i}" for i in range(4)]
            model = model_of(nodes, shown, {"y": out}, {"half": np.float32(0.5)})
            session = tenon.Session(model, providers=["cpu"])
            good &= agrees(f"mask {name}, dims {'known' if known else 'open'}", model, feeds, session)
            kernels = {node["kernel"] for node in session.placement()["nodes"]}
            good &= not fails(kernels != {"attention + mask"}, f"mask {name}: it runs as {kernels}")
    return good


def displaced():
    fake = Path(os.environ["TENON_BUILD_DIR"]) / "tests" / "providers" / "fake_device" / "tenon-fake-device.json"
    env = tenon.Env()
    env.add_provider(fake)
    model = model_of([helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": [256, 512]}, {"y": [256, 512]},
                     {"w": floats(512, 512)})
    session = tenon.Session(model, providers=["cpu", ("fake-device", {"est_ns": "1"})], env=env)
    good = agrees("displaced", model, {"x": floats(256, 512)}, session)
    nodes = {node["path"]: node for node in session.placement()["nodes"]}
    why = nodes["main/MatMul_0"]["why"]
    # 512 KiB to the device and as much back: 2 us each and 8 bytes a nanosecond.
    figures = re.fullmatch(r"cheaper than cpu by more than 20%: ([0-9.]+) us with ([0-9.]+) us of copies instead of "
                           r"([0-9.]+) us with ([0-9.]+)( us)?", why)
    if fails(figures is None, f"the report says: {why}"):
        return False
    after, after_copies, before, _ = (float(text) for text in figures.groups()[:4])
    return good and not fails(abs(after_copies - 135.1) > 0.2 or after < after_copies or after >= 0.8 * before, why)


if __name__ == "__main__":
    sys.exit(0 if {"expanded": expanded, "masks": masks, "displaced": displaced}[sys.argv[1]]() else 1)
