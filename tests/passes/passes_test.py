# SPDX-License-Identifier: Apache-2.0
"""The answer does not change: passes=none, exact and all on whole models and on small graphs.

    passes_test.py models [NAME...] [--provider cpu]   models of tests/models/catalog.py, their smallest inputs
    passes_test.py graphs                              ONNX's own operator cases with their functions expanded, and more

fusion=off, so that only the passes differ. `exact` has to give the bits of `none`; `all` may differ from it by BOUND of
the output's scale. Prints the errors and, for a difference, the command that repeats it. Status 1: something differs.
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("models", "driver", "cases")]

import numpy as np  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import catalog  # noqa: E402
import onnx_cases  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

# What all rounding passes together may change, of the output's scale: some units in the last place a layer.
BOUND = 1e-4


def answers(model, inputs, providers):
    """Outputs by passes; and how many changes all passes made."""
    found, changes = {}, 0
    for passes in ("none", "exact", "all"):
        session = tenon.Session(model, providers=providers, options={"passes": passes, "fusion": "off"})
        found[passes] = session.run(inputs)
        if passes == "all":
            changes = sum(one["changed"] for one in session.placement()["passes"])
    return found, changes


def bits(array):
    return array.tolist() if array.dtype.kind == "O" else (array.dtype, array.shape, array.tobytes())


def relative_error(got, want):
    """Largest difference over the largest finite magnitude of `want`; infinite when anything else differs."""
    if got.dtype.kind in "Obiu" or want.size == 0:
        return 0.0 if bits(got) == bits(want) else float("inf")
    a, b = (np.atleast_1d(x.astype(np.complex128 if x.dtype.kind == "c" else np.float64)) for x in (got, want))
    finite = np.isfinite(b)
    if a.shape != b.shape or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return float("inf")
    if not finite.any():
        return 0.0
    scale = max(float(np.abs(b[finite]).max()), 1e-30)
    return float(np.abs(a[finite] - b[finite]).max()) / scale


def judge(found):
    """(what is wrong or "", the error of `all`)"""
    for i, (none, exact) in enumerate(zip(found["none"], found["exact"], strict=True)):
        if bits(none) != bits(exact):
            return f"output {i} of exact differs from none by {relative_error(exact, none):.2e} of its scale", 0.0
    error = max(relative_error(a, b) for a, b in zip(found["all"], found["none"], strict=True))
    return ("" if error <= BOUND else f"all differs from none by {error:.2e} of its scale"), error


def check_models(names, provider):
    failed = []
    for model in [catalog.by_name(name) for name in names] or catalog.ALL:
        smallest = min(range(len(model.shapes)), key=lambda k: sum(a.size for a in model.inputs(k).values()))
        found, changes = answers(model.path(), model.inputs(smallest), [provider, "reference"])
        wrong, error = judge(found)
        print(f"{model.name:22} {changes:5} changes, all {error:.2e} {wrong or 'ok'}", flush=True)
        if wrong:
            failed.append(model.name)
            print(f"    python {os.path.relpath(__file__)} models {model.name} --provider {provider}")
    return failed


def small_graphs():
    """(name, model, inputs): one for each pass at least, with NaN, infinities and -0 in the inputs."""
    rng = np.random.default_rng(7)
    weird = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40, 1e38, -1.5], np.float32)

    def model(name, nodes, inputs, constants=()):
        infos = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
                 for k, v in inputs.items()]
        out = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
        graph = helper.make_graph(nodes, "g", infos, [out], [numpy_helper.from_array(v, k) for k, v in dict(constants).items()])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        return name, made.SerializeToString(), inputs

    node = helper.make_node
    f32 = lambda *dims: rng.standard_normal(dims).astype(np.float32)  # noqa: E731
    one = lambda value: np.array(value, np.float32)  # noqa: E731
    image, weight = f32(1, 3, 6, 6), f32(4, 3, 3, 3)
    norm = {"s": f32(4), "b": f32(4), "m": f32(4), "v": np.abs(f32(4)) + 0.1}
    for label, x in (("", f32(2, 8)), (" of specials", np.stack([weird, weird[::-1]]))):
        yield model("add of zero" + label, [node("Add", ["x", "z"], ["t"]), node("Mul", ["t", "o"], ["y"])], {"x": x},
                    {"z": one(0), "o": one(1)})
        yield model("subtraction of itself" + label, [node("Sub", ["x", "x"], ["y"])], {"x": x})
        yield model("product with zero" + label, [node("Mul", ["x", "z"], ["y"])], {"x": x}, {"z": one(0)})
        yield model("casts" + label, [node("Cast", ["x"], ["d"], to=TensorProto.DOUBLE),
                                      node("Cast", ["d"], ["y"], to=TensorProto.FLOAT)], {"x": x})
        yield model("narrow casts" + label, [node("Cast", ["x"], ["h"], to=TensorProto.FLOAT16),
                                             node("Cast", ["h"], ["y"], to=TensorProto.FLOAT)], {"x": x})
        yield model("transposes" + label, [node("Transpose", ["x"], ["a"], perm=[1, 0]), node("Relu", ["a"], ["r"]),
                                           node("Transpose", ["r"], ["y"], perm=[1, 0])], {"x": x})
        yield model("the same twice" + label, [node("Exp", ["x"], ["a"]), node("Exp", ["x"], ["b"]),
                                               node("Div", ["a", "b"], ["y"])], {"x": x})
        yield model("swish" + label, [node("Sigmoid", ["x"], ["s"]), node("Mul", ["x", "s"], ["y"])], {"x": x})
        yield model("gelu" + label, [node("Div", ["x", "r"], ["d"]), node("Erf", ["d"], ["e"]),
                                     node("Add", ["e", "o"], ["p"]), node("Mul", ["x", "p"], ["q"]),
                                     node("Mul", ["q", "h"], ["y"])], {"x": x},
                    {"r": one(1.4142135381698608), "o": one(1), "h": one(0.5)})
        yield model("layer normalization" + label, [
            node("ReduceMean", ["x", "a"], ["mean"]), node("Sub", ["x", "mean"], ["c"]),
            node("Pow", ["c", "two"], ["sq"]), node("ReduceMean", ["sq", "a"], ["var"]),
            node("Add", ["var", "eps"], ["ve"]), node("Sqrt", ["ve"], ["sd"]), node("Div", ["c", "sd"], ["n"]),
            node("Mul", ["n", "w"], ["nw"]), node("Add", ["nw", "bias"], ["y"])], {"x": x},
            {"a": np.array([-1]), "two": one(2), "eps": one(1e-5), "w": f32(8), "bias": f32(8)})
    yield model("padding into conv", [node("Pad", ["x", "p"], ["t"]), node("Conv", ["t", "w"], ["y"])], {"x": image},
                {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "w": weight})
    yield model("padding into pool", [node("Pad", ["x", "p", "low"], ["t"]),
                                      node("MaxPool", ["t"], ["y"], kernel_shape=[3, 3])], {"x": image},
                {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "low": one(-np.inf)})
    yield model("batch normalization into conv",
                [node("Conv", ["x", "w"], ["t"]), node("BatchNormalization", ["t", "s", "b", "m", "v"], ["y"])],
                {"x": image}, {"w": weight, **norm})
    yield model("scale into conv", [node("Conv", ["x", "w"], ["t"]), node("Mul", ["t", "k"], ["y"])], {"x": image},
                {"w": weight, "k": f32(1, 4, 1, 1)})
    yield model("scale into product", [node("MatMul", ["x", "w"], ["t"]), node("Mul", ["t", "k"], ["y"])],
                {"x": f32(3, 5)}, {"w": f32(5, 4), "k": f32(4)})
    yield model("constants", [node("Add", ["a", "b"], ["c"]), node("Sqrt", ["c"], ["d"]), node("Mul", ["x", "d"], ["y"])],
                {"x": f32(4)}, {"a": np.abs(f32(4)), "b": np.abs(f32(4))})
    yield model("a constant condition", [node("If", ["c"], ["y"], then_branch=helper.make_graph(
        [node("Neg", ["x"], ["t"])], "t", [], [helper.make_tensor_value_info("t", TensorProto.FLOAT, [4])]),
        else_branch=helper.make_graph([node("Abs", ["x"], ["e"])], "e", [],
                                      [helper.make_tensor_value_info("e", TensorProto.FLOAT, [4])]))],
        {"x": f32(4)}, {"c": np.array(True)})
    yield model("shapes", [node("Shape", ["x"], ["s"]), node("Gather", ["s", "i"], ["n"]),
                           node("Concat", ["n", "m"], ["d"], axis=0), node("Reshape", ["x", "d"], ["y"])], {"x": f32(2, 6)},
                {"i": np.array([0]), "m": np.array([-1])})


def check_graphs():
    failed, count, changed = [], 0, 0
    for name, model, inputs in small_graphs():
        found, changes = answers(model, inputs, ["reference"])
        wrong, error = judge(found)
        count, changed = count + 1, changed + (changes > 0)
        print(f"{name:40} {changes:3} changes, all {error:.2e} {wrong or 'ok'}", flush=True)
        failed += [name] if wrong else []
    for case in onnx_cases.collect():
        if len(case.model.graph.node) < 2 or not case.tensors_only() or case.drawn():
            continue
        for inputs, _ in case.sets:
            try:
                found, changes = answers(case.model.SerializeToString(), [np.asarray(a) for a in inputs], ["reference"])
            except tenon.TenonError as error:
                if error.name != "PLACEMENT":  # an operator that reference does not have
                    raise
                continue
            wrong, error = judge(found)
            count, changed = count + 1, changed + (changes > 0)
            if wrong:
                failed.append(case.name)
                print(f"FAIL {case.name}: {wrong}", flush=True)
    print(f"{count} graphs, passes changed {changed}")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["models", "graphs"])
    parser.add_argument("names", nargs="*")
    parser.add_argument("--provider", default="cpu")
    arguments = parser.parse_args()
    failed = check_graphs() if arguments.what == "graphs" else check_models(arguments.names, arguments.provider)
    print(f"failed: {', '.join(failed)}" if failed else "the answers do not change")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
