#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs small models through `tenon` on the providers of this folder.

    host_test.py bad       each provider of bad/list.txt is refused or survived, with the words that the list expects
    host_test.py device    the fake device: answers in every layout, declined claims, late failure, strict placement
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper

from bad_list import Expectation, read_list

BUILD = pathlib.Path(os.environ["TENON_BUILD_DIR"])
TENON = BUILD / "bin" / "tenon"
BAD = BUILD / "tests" / "providers" / "bad"
FAKE = BUILD / "tests" / "providers" / "fake_device"
TIMEOUT_S = 60


def save_model(folder: str, nodes: list, inputs: dict, outputs: dict, constants: dict) -> str:
    """Writes a model of float inputs and returns its path; `inputs` and `outputs` are name to dims."""
    info = lambda values: [helper.make_tensor_value_info(n, t, d) for n, (t, d) in values.items()]
    weights = [onnx.numpy_helper.from_array(v, n) for n, v in constants.items()]
    graph = helper.make_graph(nodes, "g", info(inputs), info(outputs), weights)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.tenon.test", 1)]
    path = os.path.join(folder, f"{nodes[-1].output[0]}.onnx")
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def branch_model(folder: str) -> str:
    """Mul, Add, Relu, and an Add that joins the first and the last: no fused claim of two of them is convex."""
    nodes = [helper.make_node("Mul", ["x", "x"], ["m"]), helper.make_node("Add", ["m", "x"], ["a"]),
             helper.make_node("Relu", ["a"], ["r"]), helper.make_node("Add", ["m", "r"], ["branch"])]
    dims = (TensorProto.FLOAT, [4, 5])
    return save_model(folder, nodes, {"x": dims}, {"branch": dims}, {})


def run_tenon(search: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "TENON_PROVIDER_PATH": str(search)}
    return subprocess.run([TENON, *arguments], capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
                          env=environment)


def id_of(manifest: pathlib.Path) -> str:
    try:
        return json.loads(manifest.read_text())["id"]
    except (json.JSONDecodeError, KeyError):
        return manifest.stem


def check_bad(model: str, expected: Expectation) -> str:
    """What is wrong with the host's answer to one provider; empty when nothing is."""
    manifest = BAD / f"{expected.name}.json"
    done = run_tenon(manifest, "run", model, "-p", id_of(manifest), "-p", "reference", "--passes", "none")
    said = done.stdout + done.stderr
    again = f"\n  again: TENON_PROVIDER_PATH={manifest} {TENON} run {model} -p {id_of(manifest)} -p reference\n{said}"
    if done.returncode not in (0, 1):
        return f"{expected.name}: exit status {done.returncode}{again}"
    if expected.host != "survives" and expected.host not in said:
        return f"{expected.name}: tenon does not say '{expected.host}'{again}"
    return ""


def test_bad() -> int:
    expectations = [e for e in read_list() if e.host != "no host survives"]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        model = branch_model(folder)
        wrong = [w for w in pool.map(lambda e: check_bad(model, e), expectations) if w]
    for text in wrong:
        print(f"FAIL {text}")
    named = sum(1 for e in expectations if e.host.startswith("breaks rule"))
    print(f"{len(expectations) - len(wrong)} of {len(expectations)} as listed; {named} of them with the rule named")
    return 1 if wrong else 0


class Device:
    """The checks of the fake device, each on a model with an answer by numpy."""

    def __init__(self, folder: str):
        self.folder = folder
        self.wrong: list[str] = []
        rng = np.random.default_rng(7)
        self.x = rng.standard_normal((3, 8), dtype=np.float32)
        self.w = rng.standard_normal((8, 6), dtype=np.float32)
        self.b = rng.standard_normal(6, dtype=np.float32)
        self.input = os.path.join(folder, "x.npy")
        np.save(self.input, self.x)
        nodes = [helper.make_node("MatMul", ["x", "w"], ["m"]), helper.make_node("Add", ["m", "b"], ["a"]),
                 helper.make_node("Sigmoid", ["a"], ["s"]), helper.make_node("Mul", ["a", "s"], ["dense"])]
        self.dense = save_model(folder, nodes, {"x": (TensorProto.FLOAT, ["N", 8])},
                                {"dense": (TensorProto.FLOAT, ["N", 6])}, {"w": self.w, "b": self.b})
        nodes = [helper.make_node("Add", ["x", "x"], ["d"]),
                 helper.make_node("Scale3", ["d"], ["t"], domain="com.tenon.test", factor=-0.5),
                 helper.make_node("Relu", ["t"], ["y"]), helper.make_node("NonZero", ["y"], ["where"])]
        self.custom = save_model(folder, nodes, {"x": (TensorProto.FLOAT, [3, 8])},
                                 {"y": (TensorProto.FLOAT, [3, 8]), "where": (TensorProto.INT64, [2, None])}, {})

    def run(self, model: str, *arguments: str) -> tuple[subprocess.CompletedProcess, dict]:
        out = os.path.join(self.folder, "out.npz")
        done = run_tenon(FAKE, "run", model, "-i", self.input, "-o", out, *arguments)
        return done, dict(np.load(out)) if done.returncode == 0 else {}

    def expect(self, what: str, good: bool, done: subprocess.CompletedProcess) -> None:
        if not good:
            self.wrong.append(f"{what}: exit status {done.returncode}\n{done.stdout}{done.stderr}")

    def check_dense(self, options: str, placement: str, *more: str) -> None:
        """MatMul (packed in device memory), Add, Mul on the device; Sigmoid on reference, so copies both ways."""
        done, out = self.run(self.dense, "-p", f"fake-device{options}", "-p", "reference", *more)
        a = (self.x.astype(np.float64) @ self.w + self.b)
        answer = a / (1 + np.exp(-a))
        close = done.returncode == 0 and np.allclose(out["dense"], answer, rtol=1e-5, atol=1e-6)
        self.expect(f"dense{options} {more}", close and placement in done.stdout, done)

    def check_custom(self, options: str) -> None:
        """A custom operator, and an output whose dims only the data tells."""
        done, out = self.run(self.custom, "-p", f"fake-device{options}", "--policy", "strict")
        y = np.maximum(-self.x, 0)
        good = done.returncode == 0 and np.array_equal(out["y"], y) and np.array_equal(out["where"], np.nonzero(y))
        self.expect(f"custom{options}", good, done)

    def check_failures(self) -> None:
        done, _ = self.run(self.dense, "-p", "fake-device:poison_after=1", "-p", "reference")
        self.expect("late failure", done.returncode == 1 and "DEVICE_LOST" in done.stderr, done)
        done, _ = self.run(self.dense, "-p", "fake-device", "--policy", "strict", "--passes", "none")
        refused = "PLACEMENT" in done.stderr and "the fake device has no ai.onnx:Sigmoid" in done.stderr
        self.expect("strict placement", done.returncode == 1 and refused, done)
        done, _ = self.run(self.dense, "-p", "fake-device:layout=dense", "-p", "reference")
        self.expect("a wrong option", done.returncode == 1 and "layouts" in done.stderr, done)
        done, _ = self.run(self.custom, "-p", "reference")
        self.expect("an operator whose provider is not named", done.returncode == 1 and "Scale3" in done.stderr, done)
        done = run_tenon(FAKE, "run", self.custom, "-i", self.input)
        software = done.returncode == 1 and "fake-device" not in done.stdout
        self.expect("a software device is never chosen unless named", software, done)


def test_device() -> int:
    with tempfile.TemporaryDirectory() as folder:
        device = Device(folder)
        for layout in ("dense", "blocked", "opaque", "all"):
            device.check_dense(f":layouts={layout}", "fake-device 3, reference 1", "--passes", "none")
            device.check_custom(f":layouts={layout}")
        device.check_dense("", "fake-device 3, reference 1", "--passes", "none", "--fusion", "off")
        device.check_dense(":decline_op=Add", "fake-device 2, reference 2", "--passes", "none")
        device.check_dense(":delay_us=20000", "fake-device 3, reference 1", "--passes", "none")
        device.check_failures()
    for text in device.wrong:
        print(f"FAIL {text}")
    print("the fake device ran" if not device.wrong else f"{len(device.wrong)} checks failed")
    return 1 if device.wrong else 0


def main() -> int:
    tests = {"bad": test_bad, "device": test_device}
    if len(sys.argv) != 2 or sys.argv[1] not in tests:
        print(__doc__)
        return 2
    return tests[sys.argv[1]]()


if __name__ == "__main__":
    sys.exit(main())
