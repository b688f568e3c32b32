# SPDX-License-Identifier: Apache-2.0
"""InferenceSession.run: what arrays go in and come out."""

import array
import gc
import sys

import ml_dtypes
import numpy as np
import pytest
import small
from onnx import TensorProto, helper

import tenon

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="module")
def add():
    return tenon.InferenceSession(small.add())


def dtypes():
    return [
        pytest.param(number, name, text, id=text)
        for number, (name, text) in tenon._dtypes.NAMES.items()
        if not text.startswith("float6")  # ONNX has the numbers, no operator takes them yet
    ]


def values_of(number, name):
    if name == "object":
        return np.array([["a", "", "größer"], ["\0", "x" * 1000, "日本"]], dtype=object)
    dtype = np.dtype(name) if number < 16 else np.dtype(getattr(ml_dtypes, name))
    if name == "bool":
        return np.array([[True, False, True], [False, False, True]])
    if name in ("int2", "uint2"):
        return np.array([[0, 1, 0], [1, 1, 0]]).astype(dtype)
    if name.startswith("complex"):
        return (np.arange(6).reshape(2, 3) * (1 - 2j)).astype(dtype)
    return np.array([[0, 1, 2], [3, 4, 6]]).astype(np.float32).astype(dtype)


def same(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    if expected.dtype == object:
        assert got.tolist() == expected.tolist()
    else:
        assert got.tobytes() == expected.tobytes()


@pytest.mark.parametrize(("number", "name", "text"), dtypes())
def test_every_dtype_goes_through(number, name, text):
    session = tenon.InferenceSession(small.one("Identity", number))
    expected = values_of(number, name)
    (arg,) = session.get_inputs()
    assert arg.type == f"tensor({text})" and arg.dtype == expected.dtype
    same(session.run(None, {"x": expected})[0], expected)
    same(session.run(None, {"x": expected[:0]})[0], expected[:0])  # empty
    same(session.run(None, {"x": expected[0, 1]})[0], np.asarray(expected[0, 1], expected.dtype))  # a scalar
    same(session.run(None, {"x": expected[::-1, ::2]})[0], np.ascontiguousarray(expected[::-1, ::2]))
    same(session.run(None, {"x": np.asfortranarray(expected)})[0], expected)
    same(session.run(None, {"x": expected.T})[0], np.ascontiguousarray(expected.T))
    wide = np.broadcast_to(expected[:1], (4, 3))  # strides of 0
    same(session.run(None, {"x": wide})[0], np.array(wide))
    locked = expected.copy()
    locked.flags.writeable = False
    same(session.run(None, {"x": locked})[0], expected)
    if 1 < expected.itemsize and number < 16 and name != "object":
        swapped = expected.astype(expected.dtype.newbyteorder())
        same(session.run(None, {"x": swapped})[0], expected)
    same(session.run(None, {"x": tenon.Tensor(expected)})[0], expected)


def test_every_value_of_packed_types():
    for number, bits in tenon._dtypes.BITS.items():
        if bits == 6:
            continue
        dtype = np.dtype(getattr(ml_dtypes, tenon._dtypes.NAMES[number][0]))
        every = np.arange(2**bits, dtype=np.uint8)
        if dtype.name.startswith("int"):
            every = np.where(every >= 2 ** (bits - 1), every + (256 - 2**bits), every).astype(np.uint8)
        every = every.view(dtype)
        for count in (1, 2, 3, 5, 2**bits):
            got = tenon.InferenceSession(small.one("Identity", number)).run(None, {"x": np.resize(every, count)})[0]
            assert got.tobytes() == np.resize(every, count).tobytes(), (dtype, count)


def test_outputs_by_name_order_and_repetition():
    session = tenon.InferenceSession(
        small.model(
            [helper.make_node("Neg", ["x"], ["a"]), helper.make_node("Abs", ["x"], ["b"])],
            [small.value("x")],
            [small.value("a"), small.value("b")],
        )
    )
    a, b = session.run(None, {"x": X})
    assert [out.tolist() for out in session.run(["b", "a", "b"], {"x": X})] == [b.tolist(), a.tolist(), b.tolist()]
    assert len(session.run([], {"x": X})) == 2
    assert len(session.run(("a",), {"x": X})) == 1
    with pytest.raises(tenon.InvalidArgumentError, match="no output 'c'; its outputs are 'a', 'b'"):
        session.run(["c"], {"x": X})


def test_lists_scalars_and_other_buffers(add):
    expected = (X + 1).tolist()
    assert add.run(None, {"x": X.tolist(), "y": [[1.0, 1, 1]] * 2})[0].tolist() == expected
    assert add.run(None, {"x": X, "y": np.ones((2, 3), np.float32)})[0].tolist() == expected
    assert add.run(None, {"x": memoryview(X), "y": [[1, 1, 1]] * 2})[0].tolist() == expected
    flat = tenon.InferenceSession(small.one("Neg", TensorProto.INT32))
    assert flat.run(None, {"x": array.array("i", [1, -2])})[0].tolist() == [-1, 2]
    assert flat.run(None, {"x": 5})[0] == -5 and flat.run(None, {"x": np.int32(5)})[0].shape == ()
    assert flat.run(None, {"x": []})[0].shape == (0,)
    truth = tenon.InferenceSession(small.one("Not", TensorProto.BOOL))
    assert truth.run(None, {"x": [True, False]})[0].tolist() == [False, True]
    text = tenon.InferenceSession(small.one("Identity", TensorProto.STRING))
    assert text.run(None, {"x": ["a", "b"]})[0].tolist() == ["a", "b"]
    assert text.run(None, {"x": np.array(["a", "bc"])})[0].tolist() == ["a", "bc"]
    assert text.run(None, {"x": np.array([b"a", b"bc"])})[0].tolist() == ["a", "bc"]
    assert text.run(None, {"x": "one"})[0].tolist() == "one"

    class Convertible:
        def __array__(self, dtype=None, copy=None):
            return X

    assert add.run(None, {"x": Convertible(), "y": [[1, 1, 1]] * 2})[0].tolist() == expected


def test_wrong_dtypes_are_not_converted(add):
    with pytest.raises(tenon.InvalidTensorError) as failure:
        add.run(None, {"x": X.astype(np.float64), "y": X})
    assert failure.value.value == "x" and "float64" in str(failure.value) and "float32" in str(failure.value)
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": X[0], "y": X})  # rank
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": np.zeros((2, 4), np.float32), "y": X})  # a fixed dim
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": np.array([object()] * 6).reshape(2, 3), "y": X})
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": np.array(["2020-01-01"], "M8[D]"), "y": X})
    assert add.run(None, {"x": X, "y": X})[0].tolist() == (X + X).tolist()


def test_outputs_into_the_callers_arrays(add):
    out = np.full((2, 3), np.nan, np.float32)
    (got,) = add.run(None, {"x": X, "y": X}, out={"z": out})
    assert got is out and out.tolist() == (X + X).tolist()
    tensor = tenon.Tensor(np.empty((2, 3), np.float32))
    assert add.run(None, {"x": X, "y": X}, out={"z": tensor})[0] is tensor
    assert tensor.numpy().tolist() == (X + X).tolist()
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": X, "y": X}, out={"z": np.empty((2, 4), np.float32)})
    with pytest.raises(tenon.InvalidTensorError):
        add.run(None, {"x": X, "y": X}, out={"z": np.empty((2, 3), np.int32)})
    locked = np.empty((2, 3), np.float32)
    locked.flags.writeable = False
    with pytest.raises(tenon.InvalidArgumentError, match="read-only"):
        add.run(None, {"x": X, "y": X}, out={"z": locked})
    with pytest.raises(tenon.InvalidArgumentError, match="no output 'w'"):
        add.run(None, {"x": X, "y": X}, out={"w": out})


@pytest.mark.parametrize(
    "wrong",
    [np.empty((2, 6), np.float32)[:, ::2], np.asfortranarray(np.empty((2, 3), np.float32)),
     [[0.0] * 3] * 2, np.empty((2, 3), ">f4"), 0.0],
    ids=["strided", "fortran", "list", "byte order", "scalar"],
)
def test_outputs_that_cannot_be_written_in_place_are_refused(add, wrong):
    """Never a copy that the caller doesn't see."""
    before = repr(wrong)
    with pytest.raises(tenon.Error):
        add.run(None, {"x": X, "y": X}, out={"z": wrong})
    assert repr(wrong) == before


def test_outputs_of_packed_types_are_refused():
    session = tenon.InferenceSession(small.one("Identity", TensorProto.INT4))
    source = np.array([1, 2, 3]).astype(ml_dtypes.int4)
    with pytest.raises(tenon.Error):
        session.run(None, {"x": source}, out={"y": np.zeros(3, ml_dtypes.int4)})


def test_outputs_outlive_their_session_and_inputs_may_go(add):
    session = tenon.InferenceSession(small.one("Identity", shape=("N",)))
    given = np.arange(100_000, dtype=np.float32)
    (out,) = session.run(None, {"x": given})
    given[:] = -1
    del session, given
    gc.collect()
    more = [np.full(100_000, 7, np.float32) for _ in range(8)]
    assert out.tolist() == list(range(100_000)) and len(more) == 8
    assert out.flags.writeable
    out += 1  # nobody else's memory
    (first,) = add.run(None, {"x": X, "y": X})
    (second,) = add.run(None, {"x": X + 5, "y": X})
    assert first.tolist() == (X + X).tolist() and second.tolist() == (X + X + 5).tolist()


def test_an_input_that_is_an_output_is_copied():
    session = tenon.InferenceSession(small.model([], [small.value("x")], [small.value("x")]))
    (out,) = session.run(None, {"x": X})
    assert out.tolist() == X.tolist() and not np.shares_memory(out, X)


def test_overridable_initializers():
    session = tenon.InferenceSession(
        small.model(
            [helper.make_node("Add", ["x", "bias"], ["z"])],
            [small.value("x"), small.value("bias", shape=(3,))],
            [small.value("z")],
            [small.constant("bias", np.float32([1, 2, 3]))],
        )
    )
    assert [arg.name for arg in session.get_inputs()] == ["x"]
    assert [arg.name for arg in session.get_overridable_initializers()] == ["bias"]
    assert session.run(None, {"x": X})[0].tolist() == (X + [1, 2, 3]).tolist()
    assert session.run(None, {"x": X, "bias": np.float32([0, 0, 9])})[0].tolist() == (X + [0, 0, 9]).tolist()
    assert session.run(None, {"x": X, "bias": None})[0].tolist() == (X + [1, 2, 3]).tolist()


def test_names_and_missing_inputs(add):
    with pytest.raises(tenon.InvalidArgumentError, match=r"no value for input 'y' \(tensor\(float32\)\)"):
        add.run(None, {"x": X})
    with pytest.raises(tenon.InvalidArgumentError, match="no input 'v'; its inputs are 'x', 'y'"):
        add.run(None, {"x": X, "v": X})
    with pytest.raises(tenon.InvalidArgumentError, match="cannot be None"):
        add.run(None, {"x": X, "y": None})
    for wrong in ([X, X], None, X):
        with pytest.raises(TypeError):
            add.run(None, wrong)
    with pytest.raises(TypeError):
        add.run(None, {1: X, "y": X})
    with pytest.raises(TypeError):
        add.run([1], {"x": X, "y": X})
    strange = tenon.InferenceSession(
        small.model([helper.make_node("Neg", ["größe/x:0"], ["日本"])], [small.value("größe/x:0")], [small.value("日本")])
    )
    assert strange.run(["日本"], {"größe/x:0": X})[0].tolist() == (-X).tolist()
    with pytest.raises(tenon.Error):
        add.run(None, {"x\ud800": X, "y": X})


def test_sequences_optionals_and_none():
    text = """<ir_version: 13, opset_import: ["" : 25]>
    g (float[N] a, float[N] b) => (seq(float[N]) s) { s = SequenceConstruct(a, b) }"""
    session = tenon.InferenceSession(small.parse(text))
    (out,) = session.run(None, {"a": X[0], "b": X[1]})
    assert isinstance(out, list) and [each.tolist() for each in out] == X.tolist()
    assert session.get_outputs()[0].type == "seq(tensor(float))" and session.get_outputs()[0].dtype is None
    text = """<ir_version: 13, opset_import: ["" : 25]>
    g (seq(float[N]) s) => (int64 n, float[N] last) {
      n = SequenceLength(s)
      i = Constant<value = int64 {-1}>()
      last = SequenceAt(s, i)
    }"""
    session = tenon.InferenceSession(small.parse(text))
    n, last = session.run(None, {"s": [X[0], X[1].tolist()]})
    assert n == 2 and last.tolist() == X[1].tolist()
    for wrong in (X, "abc", {"a": X}, [X[0], np.int32([1])]):
        with pytest.raises(tenon.Error):
            session.run(None, {"s": wrong})
    text = """<ir_version: 13, opset_import: ["" : 25]>
    g (optional(float[N]) o) => (bool has) { has = OptionalHasElement(o) }"""
    session = tenon.InferenceSession(small.parse(text))
    assert bool(session.run(None, {"o": None})[0]) is False and bool(session.run(None, {"o": X[0]})[0]) is True


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
