# SPDX-License-Identifier: Apache-2.0
"""tenon.compat.onnxruntime beside onnxruntime itself: the same calls, the same answers or the same exceptions."""

import json
import pathlib
import sys
import threading
import time
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto as T
from onnx import helper

import tenon
import tenon.compat.onnxruntime as compat
from tenon.compat.onnxruntime.capi import _pybind_state as state

BOTH = pytest.mark.parametrize("ort", [onnxruntime, compat], ids=["onnxruntime", "tenon"])


def model(nodes, inputs, outputs, initializers=(), opset=21):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="tests")
    made.ir_version = 10
    made.doc_string, made.graph.doc_string = "about it", "its graph"
    entry = made.metadata_props.add()
    entry.key, entry.value = "kind", "small"
    return made.SerializeToString()


def value(name, dtype=T.FLOAT, shape=("N", 3)):
    return helper.make_tensor_value_info(name, dtype, shape)


ADD = model(
    [helper.make_node("Add", ["x", "y"], ["z"], name="plus"), helper.make_node("Neg", ["z"], ["n"], name="minus")],
    [value("x"), value("y", shape=[3])],
    [value("z"), value("n")],
)
X, Y = np.arange(6, dtype=np.float32).reshape(2, 3), np.array([1, 10, 100], np.float32)
FEED = {"x": X, "y": Y}


def session(ort, source=ADD, **options):
    return ort.InferenceSession(source, providers=["CPUExecutionProvider"], **options)


def outcome(call):
    """What a call gives, or the name of what it raises."""
    try:
        return call()
    except Exception as error:
        return type(error).__name__


def same(one, other):
    """Equal values; arrays of the same dtype and shape."""
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return (
            type(one) is type(other) and one.dtype == other.dtype and one.shape == other.shape and (one == other).all()
        )
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return one == other


STRINGS = model(
    [helper.make_node("Identity", ["s"], ["t"])], [value("s", T.STRING, ["N"])], [value("t", T.STRING, ["N"])]
)
WHOLE = model([helper.make_node("Neg", ["i"], ["j"])], [value("i", T.INT64, ["N"])], [value("j", T.INT64, ["N"])])
BOOLS = model([helper.make_node("Not", ["b"], ["c"])], [value("b", T.BOOL, ["N"])], [value("c", T.BOOL, ["N"])])
SCALAR = model([helper.make_node("Neg", ["a"], ["b"])], [value("a", T.FLOAT, [])], [value("b", T.FLOAT, [])])
DEFAULTS = model(
    [helper.make_node("Add", ["x", "w"], ["z"])],
    [value("x", shape=[3]), value("w", shape=[3])],
    [value("z", shape=[3])],
    [onnx.numpy_helper.from_array(Y, "w")],
)
SEQUENCE = model(
    [helper.make_node("SequenceInsert", ["s", "x"], ["t"])],
    [helper.make_tensor_sequence_value_info("s", T.FLOAT, ["N"]), value("x", shape=["N"])],
    [helper.make_tensor_sequence_value_info("t", T.FLOAT, ["N"])],
)
SEQUENCE_OUTPUT = helper.make_tensor_sequence_value_info("t", T.FLOAT, ["N"])
MAYBE = helper.make_optional_type_proto(helper.make_tensor_type_proto(T.FLOAT, [3]))
OPTIONAL = model(
    [helper.make_node("OptionalHasElement", ["o"], ["h"]), helper.make_node("Identity", ["o"], ["p"])],
    [helper.make_value_info("o", MAYBE)],
    [value("h", T.BOOL, []), helper.make_value_info("p", MAYBE)],
)
RESHAPE = model(
    [helper.make_node("Reshape", ["x", "i"], ["z"])], [value("x"), value("i", T.INT64, ["M"])], [value("z", shape=None)]
)
NEW_DOMAIN = model([helper.make_node("Odd", ["x"], ["z"], domain="nowhere")], [value("x")], [value("z")])
NO_SUCH_INPUT = model([helper.make_node("Add", ["x", "q"], ["z"])], [value("x")], [value("z")])

RUNS = {
    "all outputs": lambda s: s.run(None, FEED),
    "empty list is all": lambda s: s.run([], FEED),
    "order and repeats": lambda s: s.run(["n", "z", "n"], FEED),
    "names as tuple": lambda s: s.run(("n",), FEED),
    "names as text": lambda s: s.run("n", FEED),
    "lists": lambda s: s.run(None, {"x": [[1, 2, 3]], "y": [1.5, 2, 3]}),
    "strided": lambda s: s.run(None, {"x": np.ones((3, 2), np.float32).T, "y": Y}),
    "no rows": lambda s: s.run(None, {"x": X[:0], "y": Y}),
    "wide floats": lambda s: s.run(None, {"x": X.astype(np.float64), "y": Y}),
    "half floats": lambda s: s.run(None, {"x": X.astype(np.float16), "y": Y}),
    "objects": lambda s: s.run(None, {"x": X.astype(object), "y": Y}),
    "missing": lambda s: s.run(None, {"x": X}),
    "unknown input": lambda s: s.run(None, {**FEED, "q": Y}),
    "unknown output": lambda s: s.run(["q"], FEED),
    "rank": lambda s: s.run(None, {"x": X[0], "y": Y}),
    "size": lambda s: s.run(None, {"x": np.ones((2, 4), np.float32), "y": Y}),
    "feed as list": lambda s: s.run(None, [X, Y]),
    "no options": lambda s: s.run(None, FEED, 5),
}


@pytest.mark.parametrize("name", RUNS)
def test_run(name):
    theirs, ours = (outcome(lambda: RUNS[name](session(ort))) for ort in (onnxruntime, compat))
    assert same(theirs, ours), f"onnxruntime: {theirs}, tenon: {ours}"


@pytest.mark.parametrize(
    "source, feed",
    [
        (STRINGS, {"s": np.array(["a", "bé", ""])}),
        (STRINGS, {"s": ["a", "b"]}),
        (STRINGS, {"s": np.array(["a", 1.5, None], object)}),
        (WHOLE, {"i": [1, -2]}),
        (WHOLE, {"i": [1.7]}),
        (WHOLE, {"i": np.array([1], np.int32)}),
        (BOOLS, {"b": [1, 0]}),
        (SCALAR, {"a": np.array(2, np.float32)}),
        (DEFAULTS, {"x": Y}),
        (DEFAULTS, {"x": Y, "w": Y}),
        (DEFAULTS, {"x": Y, "w": None}),
        (SEQUENCE, {"s": [Y], "x": Y}),
        (SEQUENCE, {"s": [], "x": Y}),
        (OPTIONAL, {"o": Y}),
        (OPTIONAL, {"o": None}),
        (OPTIONAL, {}),
        (RESHAPE, {"x": X, "i": np.array([3, -1])}),
        (RESHAPE, {"x": X, "i": np.array([4])}),
        (b"garbage", {}),
        (NEW_DOMAIN, {}),
        (bytearray(ADD), {}),
        (5, {}),
        ("/nowhere/model.onnx", {}),
        (pathlib.Path("/nowhere/model.onnx"), {}),
    ],
)
def test_models(source, feed):
    theirs, ours = (outcome(lambda: session(ort, source).run(None, feed)) for ort in (onnxruntime, compat))
    assert same(theirs, ours), f"onnxruntime: {theirs}, tenon: {ours}"


def test_wrong_graph_raises_a_class_of_onnxruntime():
    with pytest.raises((state.InvalidGraph, state.InvalidArgument), match="'q'"):
        session(compat, NO_SUCH_INPUT)


@pytest.mark.parametrize(
    "source", [ADD, STRINGS, WHOLE, SCALAR, DEFAULTS], ids=["add", "strings", "whole", "scalar", "defaults"]
)
def test_what_a_session_says_of_itself(source):
    def described(ort):
        s = session(ort, source)
        args = [s.get_inputs(), s.get_outputs(), s.get_overridable_initializers()]
        meta = s.get_modelmeta()
        facts = [meta.producer_name, meta.description, meta.graph_description, meta.domain, meta.custom_metadata_map]
        return [[(a.name, a.type, a.shape, str(a)) for a in some] for some in args], facts, s.get_providers()

    assert described(onnxruntime) == described(compat)


@BOTH
def test_dims_by_name(ort):
    options = ort.SessionOptions()
    options.add_free_dimension_override_by_name("N", 4)
    s = session(ort, sess_options=options)
    assert s.get_inputs()[0].shape == [4, 3]
    assert s.run(["z"], {"x": np.ones((4, 3), np.float32), "y": Y})[0].shape == (4, 3)
    with pytest.raises(Exception) as raised:
        s.run(None, FEED)
    assert type(raised.value).__name__ == "InvalidArgument"


@BOTH
def test_dims_by_denotation(ort):
    proto = onnx.load_from_string(ADD)
    proto.graph.input[0].type.tensor_type.shape.dim[0].denotation = "DATA_BATCH"
    options = ort.SessionOptions()
    options.add_free_dimension_override_by_denotation("DATA_BATCH", 2)
    assert session(ort, proto.SerializeToString(), sess_options=options).get_inputs()[0].shape == [2, 3]


@BOTH
def test_other_weights(ort, tmp_path):
    weight = onnx.numpy_helper.from_array(Y, "w")
    source = model([helper.make_node("Mul", ["x", "w"], ["z"])], [value("x")], [value("z")], [weight])
    path = tmp_path / "weights.onnx"
    path.write_bytes(source)
    for given in (source, path):
        options = ort.SessionOptions()
        other = np.array([2, 3, 4], np.float32)  # onnxruntime keeps its address
        held = ort.OrtValue.ortvalue_from_numpy(other)
        options.add_initializer("w", held)
        assert (session(ort, given, sess_options=options).run(None, {"x": X})[0] == X * other).all()


def test_other_weights_by_a_wrong_name():
    options = compat.SessionOptions()
    options.add_initializer("nothing", compat.OrtValue.ortvalue_from_numpy(Y))
    with pytest.raises(state.InvalidArgument, match="nothing"):
        session(compat, sess_options=options)


@BOTH
def test_values(ort):
    array = X.copy()
    held = ort.OrtValue.ortvalue_from_numpy(array)
    facts = held.shape(), held.data_type(), held.element_type(), held.device_name(), held.tensor_size_in_bytes()
    assert facts == ([2, 3], "tensor(float)", 1, "cpu", 24)
    assert held.is_tensor() and held.has_value() and not held.is_sparse_tensor() and not held.is_tensor_sequence()
    assert held.data_ptr() == array.ctypes.data
    array[0, 0] = 5
    assert held.numpy()[0, 0] == 5 and np.asarray(held)[0, 0] == 5 and np.asarray(held, np.float64).dtype == np.float64
    held.update_inplace(np.full((2, 3), 7, np.float32))
    assert (array == 7).all()
    with pytest.raises(RuntimeError):
        held.update_inplace(np.ones((3, 3), np.float32))
    with pytest.raises(TypeError):
        held.update_inplace([1])
    assert np.shares_memory(np.from_dlpack(held), array)
    assert np.shares_memory(ort.OrtValue.from_dlpack(array).numpy(), array)
    assert ort.OrtValue.ortvalue_from_shape_and_type([2, 0], np.int64).shape() == [2, 0]
    assert ort.OrtValue.ortvalue_from_shape_and_type([2], T.BFLOAT16).data_type() == "tensor(bfloat16)"
    assert ort.OrtValue.ortvalue_from_numpy_with_onnx_type(array, T.INT32).data_type() == "tensor(int32)"
    for device in ("cuda", "gpu", "nothing"):
        with pytest.raises(Exception):
            ort.OrtValue.ortvalue_from_numpy(array, device, 0)


@BOTH
def test_runs_on_values(ort):
    s = session(ort)
    feed = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in FEED.items()}
    (n,) = s.run_with_ort_values(["n"], feed)
    assert isinstance(n, ort.OrtValue) and (n.numpy() == -(X + Y)).all() and n.data_type() == "tensor(float)"
    assert (s.run(["z"], {"x": feed["x"], "y": Y})[0] == X + Y).all()
    vector, results = ort.capi._pybind_state.OrtValueVector(), ort.capi._pybind_state.OrtValueVector()
    for held in feed.values():
        vector.push_back(held._ortvalue)
    device = ort.OrtDevice.make("cpu", 0)._get_c_device()
    s.run_with_ortvaluevector(ort.RunOptions(), list(feed), vector, ["n"], results, [device])
    assert len(results) == 1 and (results[0].numpy() == -(X + Y)).all()


@BOTH
def test_values_that_are_no_tensors(ort):
    held = ort.OrtValue.ortvalue_from_numpy(Y)
    source = model([helper.make_node("SequenceConstruct", ["x"], ["t"])], [value("x", shape=["N"])], [SEQUENCE_OUTPUT])
    (sequence,) = session(ort, source).run_with_ort_values(None, {"x": held})
    assert sequence.data_type() == "seq(tensor(float))" and sequence.is_tensor_sequence() and not sequence.is_tensor()
    assert sequence.element_type() == 1 and sequence.has_value()
    for call in (sequence.numpy, sequence.shape, sequence.tensor_size_in_bytes):
        with pytest.raises(RuntimeError):
            call()
    (again,) = session(ort, SEQUENCE).run_with_ort_values(None, {"s": sequence, "x": held})
    assert again.is_tensor_sequence()
    given, absent = (session(ort, OPTIONAL).run_with_ort_values(["p"], feed)[0] for feed in ({"o": held}, {}))
    assert given.has_value() and not absent.has_value()


def test_bfloat16_values_by_number():
    source = model([helper.make_node("Identity", ["x"], ["y"])], [value("x", T.BFLOAT16)], [value("y", T.BFLOAT16)])
    held = compat.OrtValue.ortvalue_from_numpy_with_onnx_type(np.full((1, 3), 16256, np.uint16), T.BFLOAT16)
    (result,) = session(compat, source).run_with_ort_values(None, {"x": held})
    assert result.data_type() == "tensor(bfloat16)" and (result.numpy().astype(np.float32) == 1).all()


@BOTH
def test_binding(ort):
    s = session(ort)
    into, held = np.zeros((2, 3), np.float32), ort.OrtValue.ortvalue_from_shape_and_type([2, 3], np.float32)
    binding = s.io_binding()
    binding.bind_cpu_input("x", X)
    binding.bind_input("y", "cpu", 0, np.float32, [3], Y.ctypes.data)
    binding.bind_output("n", "cpu", 0, np.float32, (2, 3), into.ctypes.data)
    binding.bind_ortvalue_output("z", held)
    s.run_with_iobinding(binding)
    assert (into == -(X + Y)).all() and (held.numpy() == X + Y).all()
    assert same(binding.copy_outputs_to_cpu(), [-(X + Y), X + Y])
    binding.clear_binding_outputs()
    with pytest.raises(RuntimeError):
        s.run_with_iobinding(binding)
    binding.bind_output("n")
    s.run_with_iobinding(binding)
    assert [v.shape() for v in binding.get_outputs()] == [[2, 3]]
    binding.clear_binding_inputs()
    binding.bind_ortvalue_input("x", ort.OrtValue.ortvalue_from_numpy(X[:1]))
    with pytest.raises(RuntimeError):  # y is not bound
        s.run_with_iobinding(binding)
    for wrong in (lambda: binding.bind_cpu_input("q", X), lambda: binding.bind_cpu_input("x", [1])):
        with pytest.raises(RuntimeError):
            wrong()
    with pytest.raises(ValueError):
        session(ort).run_with_iobinding(binding)


@BOTH
def test_asynchronous_runs(ort):
    s, got, done = session(ort), [], threading.Event()

    def callback(results, data, error):
        got.append((results, data, error))
        done.set()

    assert s.run_async(None, FEED, callback, "mine") is None
    assert done.wait(10)
    done.clear()
    s.run_async(None, {"x": X, "y": np.ones(4, np.float32)}, callback, None)
    assert done.wait(10)
    assert same(got[0][0], [X + Y, -(X + Y)]) and got[0][1:] == ("mine", "")
    assert got[1][0] == [] and "y" in got[1][2]
    with pytest.raises(ValueError):
        s.run_async(None, {}, callback, None)


@BOTH
def test_terminated_run(ort):
    options = ort.RunOptions()
    options.terminate = True
    with pytest.raises(Exception) as raised:
        session(ort).run(None, FEED, options)
    assert type(raised.value).__name__ == "Fail"
    options.terminate = False
    assert len(session(ort).run(None, FEED, options)) == 2


@BOTH
def test_options(ort):
    options, fresh = ort.SessionOptions(), ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.execution_mode = ort.ExecutionMode.ORT_PARALLEL
    options.intra_op_num_threads = np.int64(2)
    assert options.graph_optimization_level == ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    assert fresh.graph_optimization_level == ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    assert (options.intra_op_num_threads, fresh.intra_op_num_threads, fresh.log_severity_level) == (2, 0, -1)
    assert fresh.enable_cpu_mem_arena is True and fresh.profile_file_prefix == "onnxruntime_profile_"
    assert not fresh.has_providers()
    for wrong in ("intra_op_num_threads", "logid", "execution_mode"):
        with pytest.raises(TypeError):
            setattr(options, wrong, 1.5)
    with pytest.raises(AttributeError):
        options.no_such_option = 1
    with pytest.raises(RuntimeError):
        options.get_session_config_entry("session.disable_prepacking")
    with pytest.raises(TypeError):
        options.add_session_config_entry("session.disable_prepacking", 1)
    options.add_session_config_entry("session.disable_prepacking", "1")
    assert options.get_session_config_entry("session.disable_prepacking") == "1"
    s = session(ort, sess_options=options)
    assert same(s.run(None, FEED), [X + Y, -(X + Y)])
    assert s.get_session_options().intra_op_num_threads == 2


def test_what_is_ignored_is_listed():
    options = compat.SessionOptions()
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    options.inter_op_num_threads = 1
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ONNX")
    cpu = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
    s = compat.InferenceSession(ADD, options, providers=[cpu], novelty=3)
    assert sorted(s.ignored_options) == [
        "CPUExecutionProvider.arena_extend_strategy=kSameAsRequested",
        "enable_cpu_mem_arena=False",
        "inter_op_num_threads=1",
        "log_severity_level=4",
        "novelty=3",
        "session.intra_op.allow_spinning=0",
    ]
    assert session(compat).ignored_options == []
    run_options = compat.RunOptions()
    run_options.logid = "me"
    run_options.add_run_config_entry("gpu_graph_id", "1")
    assert run_options.ignored_options == ["logid=me", "gpu_graph_id=1"]


def test_keys_that_are_unknown_or_cannot_be_had_raise():
    options = compat.SessionOptions()
    with pytest.raises(state.InvalidArgument, match="session.disable_prepacking"):
        options.add_session_config_entry("session.disable_prepackin", "1")
    with pytest.raises(NotImplementedError):
        options.add_session_config_entry("ep.context_enable", "1")
    options.add_session_config_entry("ep.context_enable", "0")
    with pytest.raises(state.InvalidArgument):
        compat.RunOptions().add_run_config_entry("nothing", "1")
    options.add_session_config_entry("session.load_model_format", "ORT")
    with pytest.raises(state.NotImplemented):
        session(compat, sess_options=options)


def test_optimization_levels_choose_passes():
    def changed(level):
        options = compat.SessionOptions()
        options.graph_optimization_level = level
        return {p["name"] for p in session(compat, sess_options=options).tenon.placement().passes}

    levels = compat.GraphOptimizationLevel
    assert changed(levels.ORT_DISABLE_ALL) < changed(levels.ORT_ENABLE_BASIC) < changed(levels.ORT_ENABLE_ALL)


def test_providers():
    assert compat.get_available_providers()[-1] == "CPUExecutionProvider"
    assert set(onnxruntime.get_all_providers()) <= set(compat.get_all_providers())
    assert compat.InferenceSession(ADD).get_providers() == ["CPUExecutionProvider"]
    assert {i for i in compat.InferenceSession(ADD).tenon.get_providers()} == {"cpu", "reference"}
    with pytest.raises(ValueError, match="CUDAExecutionProvider"):
        compat.InferenceSession(ADD, providers=["CUDAExecutionProvider"])
    with pytest.warns(UserWarning, match="CUDAExecutionProvider"):
        s = compat.InferenceSession(ADD, providers=["CUDAExecutionProvider", "CPUExecutionProvider"])
    assert s.get_providers() == ["CPUExecutionProvider"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compat.InferenceSession(ADD, providers=onnxruntime.get_available_providers())
    for wrong in ("CPUExecutionProvider", [5], [("CPUExecutionProvider",)]):
        with pytest.raises(ValueError):
            compat.InferenceSession(ADD, providers=wrong)
    with pytest.raises(ValueError):
        compat.InferenceSession(ADD, providers=["CPUExecutionProvider"], provider_options=[{}, {}])
    s = compat.InferenceSession(ADD, providers=["reference"])
    assert s.get_providers()[0] == "reference" and {n["provider"] for n in s.tenon.placement().nodes} == {"reference"}
    s.set_providers(["CPUExecutionProvider"])
    assert {n["provider"] for n in s.tenon.placement().nodes} == {"cpu"}
    options = compat.SessionOptions()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    with pytest.raises(state.Fail):
        session(compat, sess_options=options)
    assert compat.InferenceSession(ADD, options, providers=["reference"]).get_providers() == ["reference"]


def test_where_nodes_run():
    with pytest.raises(state.Fail):
        session(compat).get_provider_graph_assignment_info()
    options = compat.SessionOptions()
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    (part,) = session(compat, sess_options=options).get_provider_graph_assignment_info()
    assert part.ep_name == "CPUExecutionProvider"
    assert [(n.name, n.op_type, n.domain) for n in part.get_nodes()] == [("plus", "Add", ""), ("minus", "Neg", "")]


@BOTH
def test_profile(ort, tmp_path):
    options = ort.SessionOptions()
    options.enable_profiling = True
    options.profile_file_prefix = str(tmp_path / "trace")
    s = session(ort, sess_options=options)
    s.run(None, FEED)
    path = pathlib.Path(s.end_profiling())
    assert path.parent == tmp_path and path.name.startswith("trace_") and path.suffix == ".json"
    events = json.loads(path.read_text())
    nodes = {event["name"]: event for event in events if event["cat"] == "Node"}
    assert set(nodes) == {"plus_kernel_time", "minus_kernel_time"}
    assert nodes["plus_kernel_time"]["args"]["op_name"] == "Add"
    assert nodes["plus_kernel_time"]["args"]["provider"] == "CPUExecutionProvider"
    assert nodes["plus_kernel_time"]["ph"] == "X" and nodes["plus_kernel_time"]["dur"] >= 0
    assert "model_run" in {event["name"] for event in events}
    assert abs(s.get_profiling_start_time_ns() - time.time_ns()) < 600e9
    assert session(ort).end_profiling() == ""


@BOTH
@pytest.mark.parametrize("as_bytes", [False, True], ids=["path", "bytes"])
def test_optimized_model(ort, as_bytes, tmp_path):
    path, out = tmp_path / "model.onnx", tmp_path / "optimized.onnx"
    path.write_bytes(ADD)
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(out)
    session(ort, ADD if as_bytes else path, sess_options=options)
    assert same(onnxruntime.InferenceSession(out).run(None, FEED), [X + Y, -(X + Y)])
    options.add_session_config_entry("session.save_model_format", "ORT")
    if ort is compat:
        with pytest.raises(NotImplementedError):
            session(ort, path, sess_options=options)


def test_errors_carry_tenons():
    with pytest.raises(state.InvalidArgument) as raised:
        session(compat).run(None, {"x": X.astype(np.float64), "y": Y})
    assert isinstance(raised.value.__cause__, tenon.Error)
    assert str(raised.value).startswith("[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : ")


def test_exception_classes():
    theirs = onnxruntime.capi._pybind_state
    names = [
        n for n in dir(theirs) if isinstance(getattr(theirs, n), type) and issubclass(getattr(theirs, n), Exception)
    ]
    assert len(names) == 15
    for name in names:
        assert getattr(state, name).__mro__[-3:] == (Exception, BaseException, object)
        assert not issubclass(getattr(state, name), (ValueError, RuntimeError))


def test_refusals_say_why():
    for call in (
        lambda: compat.SparseTensor(None),
        lambda: compat.LoraAdapter(),
        lambda: compat.enable_telemetry_events(),
        lambda: compat.SessionOptions().register_custom_ops_library("x.so"),
        lambda: state.quantize_matmul_4bits(),
    ):
        with pytest.raises(NotImplementedError, match="tenon.compat has no"):
            call()
    compat.disable_telemetry_events()


def test_backend():
    from tenon.compat.onnxruntime import backend

    assert same(backend.run(onnx.load_from_string(ADD), [X, Y]), [X + Y, -(X + Y)])
    assert same(backend.prepare(WHOLE).run(np.array([3])), [np.array([-3])])
    assert backend.supports_device("CPU") and not backend.supports_device("CUDA")


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
