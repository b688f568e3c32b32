# SPDX-License-Identifier: Apache-2.0
"""Sessions beyond run(): options, bindings, metadata, asynchronous runs, views for notebooks, logging."""

import asyncio
import concurrent.futures
import copy
import json
import logging
import pathlib
import pickle
import sys
import threading
import time

import ml_dtypes
import numpy as np
import onnx
import pytest
import small
from onnx import helper

import tenon

X = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="module")
def add():
    return tenon.InferenceSession(small.add())


@pytest.fixture(scope="module")
def slow():
    session = tenon.InferenceSession(small.long_run())
    session.run(None, small.long_input(), tenon.RunOptions(timeout=60))
    return session


# ---- Loading ---------------------------------------------------------------------------------------------------


def test_sources(tmp_path):
    for path in (tmp_path / "m.onnx", tmp_path / "größe 日本.onnx"):
        path.write_bytes(small.add())
        for source in (path, str(path)):
            assert tenon.InferenceSession(source).run(None, {"x": X, "y": X})[0].tolist() == (X + X).tolist()
    data = small.add()
    for source in (data, bytearray(data), memoryview(data)):
        assert tenon.InferenceSession(source).run(None, {"x": X, "y": X})[0].tolist() == (X + X).tolist()


def test_bytes_are_kept_alive():
    weight = np.arange(100_000, dtype=np.float32)
    source = small.model(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [small.value("x", shape=(100_000,))],
        [small.value("y", shape=(100_000,))],
        [small.constant("w", weight)],
    )
    session = tenon.InferenceSession(bytearray(source))
    del source
    junk = [bytes(500_000) for _ in range(8)]
    assert (session.run(None, {"x": weight})[0] == 2 * weight).all() and junk


def test_external_data(tmp_path):
    made = onnx.load_from_string(
        small.model(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            [small.value("x")],
            [small.value("y")],
            [small.constant("w", X)],
        )
    )
    path = tmp_path / "m.onnx"
    onnx.save(made, path, save_as_external_data=True, location="m.data", size_threshold=0)
    assert tenon.InferenceSession(path).run(None, {"x": X})[0].tolist() == (X + X).tolist()
    data = path.read_bytes()
    session = tenon.InferenceSession(data, external_data_folder=tmp_path)
    assert session.run(None, {"x": X})[0].tolist() == (X + X).tolist()
    with pytest.raises(tenon.Error):
        tenon.InferenceSession(data)


def test_inputs_outputs_and_metadata():
    made = onnx.load_from_string(small.add())
    made.domain, made.model_version, made.doc_string = "ai.example", 7, "adds"
    made.graph.doc_string = "one Add"
    helper.set_model_props(made, {"kind": "small", "größe": "日本"})
    session = tenon.InferenceSession(made.SerializeToString())
    x, _ = session.get_inputs()
    assert (x.name, x.type, x.shape, x.dtype, x.optional) == ("x", "tensor(float)", ["N", 3], np.float32, False)
    assert str(x) == "x: tensor(float) ['N', 3]"
    meta = session.get_modelmeta()
    assert (meta.producer_name, meta.domain, meta.version, meta.description) == ("tests", "ai.example", 7, "adds")
    assert (meta.graph_name, meta.graph_description) == ("small", "one Add")
    assert meta.custom_metadata_map == {"kind": "small", "größe": "日本"}
    unknown = tenon.InferenceSession(small.one("Neg")).get_inputs()[0]
    assert unknown.shape == [] and not unknown.rank_known and "any rank" in str(unknown)
    nameless = tenon.InferenceSession(small.one("Neg", shape=(None, 2))).get_inputs()[0]
    assert nameless.shape == [None, 2]


def test_names_that_are_not_utf8_do_no_harm():
    made = small.one("Neg", shape=("batch",)).replace(b"\n\x01x", b"\n\x01\xff")
    try:
        session = tenon.InferenceSession(made)
    except (tenon.Error, UnicodeDecodeError):
        return
    assert len(session.get_inputs()) == 1


# ---- Options ---------------------------------------------------------------------------------------------------


def test_options_are_attributes_and_items():
    options = tenon.SessionOptions(profile="on", threads=2)
    options.policy = "allow"
    options["limit.nodes"] = 10
    assert (options.profile, options["threads"], options.policy, options["limit.nodes"]) == ("on", "2", "allow", "10")
    assert options.views == "on" and list(options) == ["profile", "threads", "policy", "limit.nodes"]
    options.verify = True
    assert options.verify == "on"
    for other in (options.copy(), copy.copy(options), copy.deepcopy(options), pickle.loads(pickle.dumps(options))):
        assert repr(other) == repr(options)
        other.threads = 5
        assert options.threads == "2"
    for name in ("polcy", "no.such", ""):
        with pytest.raises(tenon.OptionError):
            options[name] = 1
    with pytest.raises(tenon.OptionError, match="did you mean 'policy'"):
        options.polcy = "strict"
    with pytest.raises(AttributeError):
        options.polcy
    assert not hasattr(options, "__fspath__")
    with pytest.raises(tenon.OptionError):
        tenon.SessionOptions(nothing=1)
    with pytest.raises(tenon.OptionError):
        tenon.InferenceSession(small.add(), tenon.SessionOptions(policy="sometimes"))
    with pytest.raises(tenon.LimitError):
        tenon.InferenceSession(small.long_run(), options)
    described = tenon.session_options()
    assert described["policy"]["choices"] and all(option["text"] for option in described.values())


def test_dims_are_fixed():
    options = tenon.SessionOptions(dims={"N": 2})
    session = tenon.InferenceSession(small.add(), options)
    assert session.run(None, {"x": X, "y": X})[0].shape == (2, 3)
    with pytest.raises(tenon.InvalidTensorError):
        session.run(None, {"x": X[:1], "y": X[:1]})
    other = pickle.loads(pickle.dumps(options))
    assert other.dims == {"N": 2}
    options.dims["N"] = 5
    assert other.dims == {"N": 2}


def test_providers():
    session = tenon.InferenceSession(small.add(), providers=["reference"])
    assert session.get_providers() == ["reference"] and "reference 1" in session.placement().line
    assert tenon.InferenceSession(small.add(), providers=[("reference", {})]).get_providers() == ["reference"]
    assert tenon.InferenceSession(small.add(), None, ["reference"], [{}]).get_providers() == ["reference"]
    with pytest.raises(tenon.ProviderNotFoundError, match="nosuch"):
        tenon.InferenceSession(small.add(), providers=["nosuch"])
    with pytest.raises(tenon.InvalidArgumentError):
        tenon.InferenceSession(small.add(), providers="cpu")
    with pytest.raises(tenon.InvalidArgumentError):
        tenon.InferenceSession(small.add(), providers=["reference"], provider_options=[{}, {}])
    with pytest.raises(tenon.InvalidArgumentError):
        tenon.InferenceSession(small.add(), providers=[7])
    with pytest.raises(tenon.Error):
        tenon.InferenceSession(small.add(), providers=[("reference", {"nosuch": 1})])
    found = {provider["id"]: provider for provider in tenon.providers()}
    assert found["reference"]["state"] == "loaded" and found["reference"]["devices"]


def test_environments(tmp_path):
    folder = pathlib.Path({p["id"]: p for p in tenon.providers()}["reference"]["manifest"]).parent
    own = tenon.Environment(threads=2, provider_dirs=[folder], no_default_dirs=True)
    assert "reference" in {p["id"] for p in own.providers(load=False)}
    session = tenon.InferenceSession(small.add(), environment=own, providers=["reference"])
    assert session.run(None, {"x": X, "y": X})[0].tolist() == (X + X).tolist()
    assert own.memory()["threads"] == 2
    none = tenon.Environment(provider_dirs=[tmp_path], no_default_dirs=True)
    assert none.providers() == []
    with pytest.raises(tenon.Error):
        tenon.InferenceSession(small.add(), environment=none)
    with pytest.raises(tenon.Error):
        none.add_provider(str(tmp_path / "nothing.json"))
    none.add_provider(str(folder / "tenon-reference.json"))
    assert len(none.providers()) == 1


def test_entry_points_are_found_and_never_imported(tmp_path, monkeypatch):
    folder = pathlib.Path({p["id"]: p for p in tenon.providers()}["reference"]["manifest"]).parent
    package = tmp_path / "some_provider"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "some.json").write_text((folder / "tenon-reference.json").read_text().replace('"reference"', '"some"'))
    for library in folder.glob("*reference*.so"):
        (package / library.name).symlink_to(library)
    about = tmp_path / "some_provider-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: some-provider\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[tenon.providers]\nsome = some_provider\ngone = no_such_package\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert str(package) in tenon.provider_folders()
    assert "some" in {p["id"] for p in tenon.Environment().providers(load=False)}


# ---- Runs ------------------------------------------------------------------------------------------------------


def test_binding(add):
    binding = add.io_binding()
    out = np.zeros((2, 3), np.float32)
    x = X.copy()
    binding.bind_input("x", x)
    with pytest.raises(tenon.InvalidArgumentError):
        binding.run()  # y is missing
    binding.bind_input("y", tenon.Tensor(X))
    binding.bind_output("z", out)
    add.run_with_iobinding(binding)
    assert out.tolist() == (X + X).tolist()
    x += 1  # read where it lies, each time
    binding.run()
    assert out.tolist() == (X + X + 1).tolist()
    assert binding.copy_outputs_to_cpu()[0].tolist() == out.tolist()
    assert np.shares_memory(binding.get_outputs()[0].numpy(), out)
    binding.clear_outputs()
    assert binding.get_outputs() == []
    binding.bind_output("z")
    assert binding.get_outputs() == [None] == binding.copy_outputs_to_cpu()
    add.run_with_iobinding(binding, tenon.RunOptions(timeout=60))
    made = binding.get_outputs()[0]
    assert made.numpy().tolist() == (X + X + 1).tolist()
    binding.clear_inputs()
    with pytest.raises(tenon.InvalidArgumentError):
        binding.run()
    for call in (lambda: binding.bind_input("w", X), lambda: binding.bind_output("w", X)):
        with pytest.raises(tenon.InvalidArgumentError):
            call()
    locked = X.copy()
    locked.flags.writeable = False
    with pytest.raises(tenon.InvalidArgumentError, match="read-only"):
        binding.bind_output("z", locked)
    with pytest.raises(tenon.InvalidArgumentError):
        binding.bind_output("z", X.tolist())
    with pytest.raises(TypeError):
        tenon.IOBinding(None)


def test_binding_of_bfloat16():
    session = tenon.InferenceSession(small.one("Identity", onnx.TensorProto.BFLOAT16))
    binding = session.io_binding()
    source, out = np.array([1, 2], ml_dtypes.bfloat16), np.zeros(2, ml_dtypes.bfloat16)
    binding.bind_input("x", source)
    binding.bind_output("y", out)
    binding.run()
    assert out.tolist() == source.tolist()


def test_binding_outlives_its_session():
    binding = tenon.InferenceSession(small.add()).io_binding()
    binding.bind_input("x", X.copy())
    binding.bind_input("y", X.copy())
    binding.bind_output("z")
    binding.run()
    assert binding.copy_outputs_to_cpu()[0].tolist() == (X + X).tolist()


def test_timeout(slow):
    before = time.perf_counter()
    with pytest.raises(tenon.DeadlineError):
        slow.run(None, small.long_input(), tenon.RunOptions(timeout=0.05))
    assert time.perf_counter() - before < 1
    with pytest.raises(TimeoutError):
        slow.run(None, small.long_input(), tenon.RunOptions(timeout=1e-9))
    options = tenon.RunOptions(timeout=0.5, threads=1)
    assert (options.timeout, options.threads, options.terminate) == (0.5, 1, False)
    options.timeout = None
    assert options.timeout is None
    for wrong in (0, -1, float("nan")):
        with pytest.raises(tenon.InvalidArgumentError):
            options.timeout = wrong
    options.timeout = float("inf")


def test_cancel_from_another_thread(slow):
    options = tenon.RunOptions()
    timer = threading.Timer(0.1, options.cancel)
    timer.start()
    with pytest.raises(tenon.CancelledError):
        slow.run(None, small.long_input(), options)
    assert options.terminate
    with pytest.raises(tenon.CancelledError):  # until reset
        slow.run(None, small.long_input(), options)
    options.reset()
    options.timeout = 0.05
    with pytest.raises(tenon.DeadlineError):
        slow.run(None, small.long_input(), options)
    options.terminate = True
    with pytest.raises(tenon.CancelledError):
        slow.run(None, small.long_input(), options)
    options.terminate = False
    assert not options.terminate


def test_other_threads_go_on_during_a_run(slow):
    """The GIL is released in load and run."""
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    with pytest.raises(tenon.DeadlineError):
        slow.run(None, small.long_input(), tenon.RunOptions(timeout=0.3))
    assert counted[0] - before > 10
    stop.set()
    thread.join()


def test_run_async(add):
    seen = []
    future = add.run_async(None, {"x": X, "y": X}, lambda *args: seen.append(args), "mine")
    assert isinstance(future, concurrent.futures.Future)
    assert future.result(60)[0].tolist() == (X + X).tolist()
    ((outputs, data, error),) = seen
    assert outputs[0].tolist() == (X + X).tolist() and data == "mine" and error == ""
    failed = add.run_async(None, {"x": X}, lambda *args: seen.append(args))
    with pytest.raises(tenon.InvalidArgumentError):
        failed.result(60)
    assert seen[1][0] is None and "input 'y'" in seen[1][2]
    many = [add.run_async(None, {"x": X + i, "y": X}) for i in range(50)]
    for i, each in enumerate(many):
        assert each.result(60)[0].tolist() == (X + i + X).tolist()


def test_callbacks_that_raise(add, caplog):
    def wrong(*_):
        raise RuntimeError("mine")

    assert add.run_async(None, {"x": X, "y": X}, wrong).result(60)[0].tolist() == (X + X).tolist()


def test_run_async_cancel(slow):
    future = slow.run_async(None, small.long_input())
    time.sleep(0.05)
    assert future.cancel()
    with pytest.raises((tenon.CancelledError, concurrent.futures.CancelledError)):
        future.result(60)
    assert not future.cancel()
    queued = [slow.run_async(None, small.long_input()) for _ in range(40)]
    assert all(each.cancel() for each in queued)
    for each in queued:
        with pytest.raises((tenon.CancelledError, concurrent.futures.CancelledError)):
            each.result(60)


def test_await(add, slow):
    async def go():
        one, two = await asyncio.gather(
            add.run_async(None, {"x": X, "y": X}), add.run_async(None, {"x": X + 1, "y": X})
        )
        assert one[0].tolist() == (X + X).tolist() and two[0].tolist() == (X + X + 1).tolist()
        with pytest.raises(tenon.InvalidArgumentError):
            await add.run_async(None, {"x": X})
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticker = asyncio.create_task(tick())
        run = slow.run_async(None, small.long_input())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(asyncio.wrap_future(run)), 0.2)
        assert ticks > 5
        with pytest.raises((tenon.CancelledError, concurrent.futures.CancelledError)):
            run.result(60)  # wait_for has cancelled the run itself
        ticker.cancel()

    asyncio.run(go())


# ---- Views -----------------------------------------------------------------------------------------------------

NASTY = "<script>alert('x')</script>\"&"


def nasty():
    return small.model(
        [helper.make_node("Neg", [NASTY], ["y" + NASTY], name="n" + NASTY)],
        [small.value(NASTY, shape=(NASTY, 2))],
        [small.value("y" + NASTY, shape=(NASTY, 2))],
    )


def test_notebook_pages_escape_markup(tmp_path):
    session = tenon.InferenceSession(nasty(), tenon.SessionOptions(profile="on"))
    session.run(None, {NASTY: np.ones((1, 2), np.float32)})
    for page in (session._repr_html_(), session.placement()._repr_html_(), session.profile()._repr_html_()):
        assert "<script" not in page and "&lt;script&gt;" in page
    path = tmp_path / "page.html"
    session.report(path)
    text = path.read_text("utf-8")
    assert "<script>alert" not in text and "alert('x')</script>" not in text


def test_views(add):
    placement = add.placement()
    assert str(placement) == placement.line == add.placement_line
    assert placement.nodes[0]["path"].endswith("plus") and placement.where("Add") == placement.where("plus")
    assert repr(add).startswith("<tenon.InferenceSession bytes: 1 node")
    with pytest.raises(tenon.InvalidArgumentError, match="profile"):
        add.profile()
    session = tenon.InferenceSession(small.add(), tenon.SessionOptions(profile="on"))
    for _ in range(3):
        session.run(None, {"x": X, "y": X})
    profile = session.profile()
    assert profile.runs == 3 and profile.nodes[0]["calls"] == 3 and "plus" in str(profile)
    assert json.loads(profile.trace())
    profile.reset()
    assert session.profile().runs == 0
    memory = session.memory()
    assert {"weights", "packed", "arena", "plans"} <= memory.keys() and memory["plans"] == 1
    session.trim()
    assert session.memory()["plans"] == 0
    assert {"current", "peak", "threads"} <= tenon.memory().keys()
    tenon.trim()


def test_large_outputs_use_released_memory_again():
    session = tenon.InferenceSession(small.one("Relu", shape=("N",)))
    large, tiny = np.ones(1 << 19, np.float32), np.ones(3, np.float32)
    first = session.run(None, {"x": large})[0]
    assert session.memory()["outputs"] == 0
    address = first.ctypes.data
    del first
    assert session.memory()["outputs"] == large.nbytes
    again = session.run(None, {"x": large})[0]
    assert again.ctypes.data == address and (again == 1).all() and session.memory()["outputs"] == 0
    other = session.run(None, {"x": -large})[0]
    assert (again == 1).all() and (other == 0).all()
    del other, again
    assert session.memory()["outputs"] == large.nbytes
    session.run(None, {"x": tiny})
    assert session.memory()["outputs"] == 0
    kept = session.run(None, {"x": large})[0]
    del session
    assert (kept == 1).all()


def test_logging_goes_through_pythons(caplog, tmp_path):
    (tmp_path / "broken.json").write_text("no manifest")
    own = tenon.Environment(provider_dirs=[tmp_path])
    tenon.InferenceSession(small.add(), environment=own)
    record = next(record for record in caplog.records if record.name == "tenon")
    assert record.levelno == logging.WARNING and "broken.json" in record.getMessage()
    caplog.clear()
    quiet = tenon.Environment(log_level=1, provider_dirs=[tmp_path])
    tenon.InferenceSession(small.add(), environment=quiet)
    assert not caplog.records
    logging.getLogger("tenon").disabled = True
    try:
        tenon.Environment(provider_dirs=[tmp_path])
    finally:
        logging.getLogger("tenon").disabled = False
    assert not caplog.records


def test_prefix_has_what_c_needs():
    assert tenon.prefix().is_dir()
    assert tenon.__version__.count(".") == 2
    assert all(hasattr(tenon, name) for name in tenon.__all__)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
