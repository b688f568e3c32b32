# SPDX-License-Identifier: Apache-2.0
"""Errors: a class for each code, with fields that survive pickling; and what 200 provoked ones say."""

import copy
import inspect
import os
import pathlib
import pickle
import re
import sys

import ml_dtypes
import numpy as np
import onnx
import pytest
import small
from onnx import TensorProto, helper

import tenon
from tenon import _tenon, errors

X = np.arange(6, dtype=np.float32).reshape(2, 3)
CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, errors.Error)]


def test_one_class_for_each_code():
    names = {code: _tenon.code_name(code) for code in range(1, 200) if _tenon.code_name(code) != "UNKNOWN"}
    assert names == {cls.code: cls.code_name for cls in CLASSES if cls is not errors.Error}
    assert all(hasattr(tenon, cls.__name__) for cls in CLASSES)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_fields_and_pickling(cls):
    error = cls("what", node="n", op="ai.onnx.Conv", value="v", provider="p", got="g", expected="e")
    assert isinstance(error, tenon.Error) and str(error) == "what"
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is cls and str(other) == "what" and other.args == ("what",)
        for name in ("code", "code_name", "node", "op", "value", "provider", "got", "expected"):
            assert getattr(other, name) == getattr(error, name)
    assert (error.node, error.op, error.value) == ("n", "ai.onnx.Conv", "v")


def test_unknown_codes_of_newer_libraries():
    with pytest.raises(tenon.Error) as failure:
        errors.raise_code(77, "new", "", "", "", "", "", "")
    assert type(failure.value) is tenon.Error and failure.value.code == 77
    assert pickle.loads(pickle.dumps(failure.value)).code == 77


def test_pythons_own_classes():
    with pytest.raises(FileNotFoundError):
        tenon.InferenceSession("nowhere.onnx")
    with pytest.raises(ValueError):
        tenon.InferenceSession(b"not a model")
    with pytest.raises(LookupError):
        tenon.InferenceSession(small.add(), providers=["nosuch"])
    with pytest.raises(tenon.Error) as failure:
        tenon.InferenceSession("nowhere.onnx")
    assert "nowhere.onnx" in str(failure.value) and "nowhere.onnx" in failure.value.value


def test_fields_name_the_node():
    with pytest.raises(tenon.InvalidModelError) as failure:
        tenon.InferenceSession(small.one("Softmax", shape=(2, 3), axis=9))
    error = failure.value
    assert (error.node, error.op) == ("main/softmax", "ai.onnx.Softmax") and error.code_name == "INVALID_MODEL"
    text = """<ir_version: 13, opset_import: ["" : 25]>
    g (float[N] x, int64[M] i) => (float[M] y) { [pick] y = Gather(x, i) }"""
    session = tenon.InferenceSession(small.parse(text))
    with pytest.raises(tenon.RunError) as failure:
        session.run(None, {"x": X[0], "i": np.int64([7])})
    assert (failure.value.node, failure.value.op) == ("main/pick", "ai.onnx.Gather")


# ---- What 200 errors say -----------------------------------------------------------------------------------------


def provocations(folder):
    """(what, call): each call must raise."""
    add = tenon.InferenceSession(small.add())
    feed = {"x": X, "y": X}

    def load(*args, **more):
        return lambda: tenon.InferenceSession(*args, **more)

    def option(name, value):
        options = tenon.SessionOptions()
        options[name] = value
        return tenon.InferenceSession(small.add(), options)

    # Wrong dtypes, ranks, dims and objects.
    for number, (name, _) in tenon._dtypes.NAMES.items():
        if number not in (1, 8):
            dtype = np.dtype(getattr(ml_dtypes, name) if number > 15 else name)
            yield f"dtype {name}", lambda dtype=dtype: add.run(None, {"x": np.zeros((2, 3), dtype), "y": X})
            yield f"output of {name}", lambda dtype=dtype: add.run(None, feed, out={"z": np.zeros((2, 3), dtype)})
    yield "strings", lambda: add.run(None, {"x": np.full((2, 3), "a", object), "y": X})
    for dims in ((), (0,), (3,), (2, 4), (3, 3), (1, 2, 3), (2, 3, 1), (0, 3), (1,) * 20):
        yield f"dims {dims}", lambda dims=dims: add.run(None, {"x": np.zeros(dims, np.float32), "y": X})
        yield f"output dims {dims}", lambda dims=dims: add.run(None, feed, out={"z": np.zeros(dims, np.float32)})
    for wrong in (None, object(), "text", b"bytes", [[1, 2], [3]], {"a": 1}, [None] * 6, 1j, range(3), ["a", 1], int):
        yield f"input {wrong!r}", lambda wrong=wrong: add.run(None, {"x": wrong, "y": X})
        yield f"binding {wrong!r}", lambda wrong=wrong: (
            add.io_binding().bind_input("x", wrong), add.io_binding().run())
        yield f"output {wrong!r}", lambda wrong=wrong: add.run(None, feed, out={"z": wrong})
        yield f"tensor {wrong!r}", lambda wrong=wrong: tenon.Tensor(wrong, 99)
        yield f"feed {wrong!r}", lambda wrong=wrong: add.run(None, wrong)
        yield f"options {wrong!r}", lambda wrong=wrong: add.run(None, feed, wrong or 5)
        yield f"model {wrong!r}", load(wrong)
        yield f"providers {wrong!r}", load(small.add(), providers=[wrong])
    for array in (np.zeros(3, "M8[s]"), np.zeros(3, "m8[s]"), np.zeros(3, "f4,i4"), np.zeros(3, np.longdouble), np.zeros(3, "V3")):
        yield f"array of {array.dtype}", lambda array=array: add.run(None, {"x": array, "y": X})

    # Names.
    for name in ("", "X", "z", "x\0", "x ", "größe", "x\ud800", "%s", "a" * 1000, 1, None, ("x",)):
        yield f"input named {name!r}", lambda name=name: add.run(None, {name: X, "x": X, "y": X})
        yield f"output named {name!r}", lambda name=name: add.run([name if name != "z" else "x"], feed)
        yield f"bound {name!r}", lambda name=name: add.io_binding().bind_input(name, X)
        yield f"bound output {name!r}", lambda name=name: add.io_binding().bind_output(name, X[:, :1])
        yield f"option {name!r}", lambda name=name: tenon.SessionOptions().__setitem__(name, "1")
        yield f"provider {name!r}", load(small.add(), providers=[name])
    for given in ({}, {"x": X}, {"y": X}, {"x": None, "y": X}):
        yield f"missing {list(given)}", lambda given=given: add.run(None, given)

    # Files.
    (folder / "empty.onnx").write_bytes(b"")
    (folder / "text.onnx").write_text("just a text\n" * 100)
    (folder / "cut.onnx").write_bytes(small.add()[:-5])
    (folder / "locked.onnx").write_bytes(small.add())
    (folder / "loop.onnx").symlink_to(folder / "loop.onnx")
    os.mkfifo(folder / "pipe.onnx")
    for name in ("empty", "text", "cut", "loop", "pipe", "gone", "no/such/folder"):
        yield f"file {name}", load(str(folder / f"{name}.onnx"))
    for source in ("", ".", str(folder), "/dev/null", "/dev/zero", "a\0b", "a" * 5000, b"", b"\xff" * 50, b"\x08"):
        yield f"source {str(source)[:20]!r}", load(source)
    data = small.add()
    for at in range(0, len(data), 6):
        yield f"cut at {at}", load(data[:at] + b"\xff" * 9)

    # Options.
    for name, about in tenon.session_options().items():
        for value in ("bogus", "-1", "1e400", "99999999999999999999", ""):
            yield f"{name}={value}", lambda name=name, value=value: option(name, value)
    for value in (0, -1, float("nan"), "soon", [1]):
        yield f"timeout {value}", lambda value=value: tenon.RunOptions(timeout=value)
    for value in (-1, 2**40, "two", 1.5):
        yield f"threads {value}", lambda value=value: tenon.RunOptions(threads=value)
        yield f"pool of {value}", lambda value=value: tenon.Environment(threads=value)
    yield "dim of 0", load(small.add(), tenon.SessionOptions(dims={"N": -5}))
    yield "dim of text", load(small.add(), tenon.SessionOptions(dims={"N": "many"}))
    yield "unknown dim", load(small.add(), tenon.SessionOptions(dims={"no such": 5}))
    yield "provider option", load(small.add(), providers=[("reference", {"no": 1})])
    yield "pairs", load(small.add(), providers=["reference"], provider_options=[])
    yield "no providers", load(small.add(), environment=tenon.Environment(provider_dirs=[folder], no_default_dirs=True))
    yield "no manifest", lambda: tenon.default_environment().add_provider("")
    yield "profile", add.profile
    yield "stage", lambda: add.ir_text("last")
    yield "report", lambda: add.report(folder / "no" / "such" / "page.html")

    # Models.
    def node(op, *inputs, domain="", outputs=("z",), **attributes):
        made = helper.make_node(op, list(inputs), list(outputs), name="the_node", domain=domain, **attributes)
        return load(small.model([made], [small.value("x"), small.value("y")], [small.value("z")]))

    yield "unknown operator", node("Frobnicate", "x")
    yield "unknown domain", node("Add", "x", "y", domain="com.example")
    yield "reads nothing", node("Add", "x", "w")
    yield "one input", node("Add", "x")
    yield "three inputs", node("Add", "x", "y", "y")
    yield "unknown attribute", node("Softmax", "x", nothing=3)
    yield "attribute of another type", node("Softmax", "x", axis="one")
    yield "axis", node("Softmax", "x", axis=7)
    yield "dims clash", node("Concat", "x", "y", axis=5)
    yield "permutation", node("Transpose", "x", perm=[0, 0])
    yield "type", node("And", "x", "y")
    yield "two outputs", node("Add", "x", "y", outputs=("z", "v"))
    yield "cast", node("Cast", "x", to=77)
    for opset in (0, 6, 99, 2**40):
        yield f"opset {opset}", load(small.model([helper.make_node("Neg", ["x"], ["y"])], [small.value("x")], [small.value("y")], opset=opset))
    broken = onnx.load_from_string(small.add())
    del broken.graph.output[:]
    yield "no outputs", load(broken.SerializeToString())
    broken = onnx.load_from_string(small.add())
    broken.graph.output[0].name = "w"
    yield "output that nobody makes", load(broken.SerializeToString())
    broken = onnx.load_from_string(small.add())
    broken.graph.node.append(broken.graph.node[0])
    yield "made twice", load(broken.SerializeToString())
    yield "double in strict", load(
        small.model([helper.make_node("Det", ["x"], ["y"])], [small.value("x", TensorProto.DOUBLE, (2, 2))],
                    [small.value("y", TensorProto.DOUBLE, ())]), providers=["cpu"])
    gather = tenon.InferenceSession(small.parse("""<ir_version: 13, opset_import: ["" : 25]>
    g (float[N] x, int64[M] i) => (float[M] y) { y = Gather(x, i) }"""))
    for index in (3, -4, 2**62):
        yield f"index {index}", lambda index=index: gather.run(None, {"x": X[0], "i": np.int64([index])})
    matmul = tenon.InferenceSession(small.parse("""<ir_version: 13, opset_import: ["" : 25]>
    g (float[a, b] x, float[c, d] y) => (float[a, d] z) { z = MatMul(x, y) }"""))
    for dims in ((2, 3), (1, 1), (0, 5)):
        yield f"product with {dims}", lambda dims=dims: matmul.run(None, {"x": X, "y": np.zeros(dims, np.float32)[:, :9]})
    reshape = tenon.InferenceSession(small.parse("""<ir_version: 13, opset_import: ["" : 25]>
    g (float[a, b] x, int64[n] s) => (float[c] y) { y = Reshape(x, s) }"""))
    for dims in ([4], [-1, -1], [7, -1], [-5], [2**62, 4], []):
        yield f"reshape to {dims}", lambda dims=dims: reshape.run(None, {"x": X, "s": np.int64(dims)})
    # Tensors.
    for dtype in (0, 27, 99, -1):
        yield f"create dtype {dtype}", lambda dtype=dtype: tenon.Tensor.create(dtype, [-1])
    yield "create huge", lambda: tenon.Tensor.create(1, [2**62, 2**62])
    yield "strings of another number", lambda: tenon.Tensor.strings(["a"], [2])
    yield "wrap", lambda: tenon.Tensor.wrap(b"123", 1, [1])
    yield "wrap no buffer", lambda: tenon.Tensor.wrap(5, 1, [1])
    yield "length of a scalar", lambda: len(tenon.Tensor(np.float32(1)))


SOURCE = re.compile(r"\.(cc|cpp|hpp|h|def):\d|\b(core|plugins|plugin-api|sdk)/\w+/|/usr/include|\.py\b")
EMPTY_NAME = re.compile(r"(input|output|option|node|provider|operator|file|value|tensor|model|dim) (named )?(''|\"\"|'\"\"')|\(\)$")
# A call with an argument of another type altogether, which Python's TypeError tells: the names are those of Python.
NATIVE = re.compile(r"\b(tenon::|std::|nanobind|basic_string|bad_cast|bad_alloc|terminate|0x[0-9a-f]{6,})")


def test_what_200_provoked_errors_say(tmp_path):
    said, problems = [], []
    for what, call in provocations(tmp_path):
        given_empty = what.endswith(" ''") or what.endswith("=")
        try:
            call()
        except (tenon.Error, TypeError, BufferError, OSError, ValueError) as error:
            text = str(error)
            said.append(f"{type(error).__name__}: {text}")
            bad = [
                not text.strip(), "::" in text, bool(SOURCE.search(text.replace(str(tmp_path), ""))),
                bool(EMPTY_NAME.search(text)) and not given_empty, bool(NATIVE.search(text)),
                isinstance(error, tenon.Error) and (error.code_name == "INTERNAL" or type(error) is tenon.Error),
            ]
            if any(bad):
                problems.append(f"{what}: {bad}: {type(error).__name__}: {text[:300]}")
        except BaseException as error:
            problems.append(f"{what}: raised {type(error).__name__}: {error}")
        else:
            if not tolerated(what):
                problems.append(f"{what}: raised nothing")
    print("\n".join(said).encode("utf-8", "backslashreplace").decode())
    assert not problems, "\n".join(problems)
    assert len(said) >= 200


def tolerated(what):
    """Values that some options take."""
    return bool(
        re.match(r"(.*=(-1|99999999999999999999|1e400|)$|cut at|unknown dim|array of|threads|bound output|dim of 0"
                 r"|output of float32|opset 6|product with|tensor|create dtype 27|feed|input range|two outputs)", what)
    )


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
