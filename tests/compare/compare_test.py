# SPDX-License-Identifier: Apache-2.0
"""`tenon compare` as a person uses it: a planted wrong kernel is named, sides that agree agree, mistakes are told."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ["TENON_BUILD_DIR"])
TENON = BUILD / "bin" / "tenon"
# Its Relu leaves the elements behind the last whole eight as they are.
WRONG = ("wrong_tail+reference", "--provider-dir", BUILD / "tests" / "providers" / "bad" / "wrong_tail.json")
sys.path[:0] = [str(HERE.parent / "models")]

import catalog  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def compare(*arguments, status: int = 0) -> subprocess.CompletedProcess:
    command = [str(TENON), "compare", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done


def info(name, dims, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, dims)


def make_model(nodes, inputs, outputs, **weights):
    constants = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "g", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def two_relus(first, last, prefix=""):
    """Nodes from x [2, 8] to y [2, 3]: a Relu of 16 elements, one of 6 with negative ones among them, and more."""
    return [
        helper.make_node("MatMul", ["x", "w"], [f"{prefix}m"]),
        helper.make_node("Relu", [f"{prefix}m"], [f"{prefix}r"], name=first),
        helper.make_node("Slice", [f"{prefix}r", "zeros", "sizes"], [f"{prefix}c"], name=f"{prefix}cut"),
        helper.make_node("Sub", [f"{prefix}c", "bias"], [f"{prefix}s"], name=f"{prefix}shift"),
        helper.make_node("Relu", [f"{prefix}s"], [f"{prefix}t"], name=last),
        helper.make_node("Softmax", [f"{prefix}t"], [f"{prefix}y"], name=f"{prefix}scores"),
    ]


WEIGHTS = {
    "w": np.random.default_rng(0).standard_normal((8, 8), np.float32),
    "zeros": np.array([0, 0]),
    "sizes": np.array([2, 3]),
    "bias": np.array(1, np.float32),
}


class Compare(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        cls.model = cls.save("model", two_relus("even", "odd"), [info("x", ["n", 8])], [info("y", ["n", 3])])
        cls.two = ("--dim", "n=2", "--seed", 1)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def save(cls, name, nodes, inputs, outputs, **weights):
        path = cls.folder / f"{name}.onnx"
        onnx.save(make_model(nodes, inputs, outputs, **(weights or WEIGHTS)), path)
        return path

    def test_a_planted_wrong_kernel_is_named(self):
        fixed = self.save("fixed", two_relus("even", "odd"), [info("x", [2, 8])], [info("y", [2, 3])])
        done = compare("reference", *WRONG, fixed, "--seed", 1, status=1).stdout
        print(f"\n{done}", end="")
        self.assertIn("first difference: main/odd (Relu), output 't' on wrong_tail", done)
        self.assertIn("its inputs agree to the bit", done)
        self.assertIn("against -", done)
        found = json.loads(compare("reference", *WRONG, fixed, "--seed", 1, "--json", status=1).stdout)
        self.assertEqual((found["equal"], found["first"]["node"], found["first"]["b"]), (False, "main/odd", "wrong_tail"))
        by_node = {value["node"]: value for value in found["values"]}
        self.assertEqual(list(by_node), [f"main/{n}" for n in ("MatMul_0", "even", "cut", "shift", "odd", "scores")])
        self.assertEqual((by_node["main/even"]["b"], by_node["main/even"]["error"]), ("wrong_tail", 0))
        self.assertEqual((by_node["main/odd"]["growth"], by_node["main/odd"]["type"]), ("inf", "float32[2, 3]"))
        self.assertGreater(by_node["main/odd"]["ulp"]["max"], 1e8)
        self.assertEqual(by_node["main/scores"]["input_error"], by_node["main/odd"]["error"])

    def test_and_in_the_branch_of_an_if(self):
        shape = [info("y", [2, 3])]
        right = helper.make_graph(two_relus("even", "odd", "a"), "right", [], [info("ay", [2, 3])])
        other = helper.make_graph([helper.make_node("Sub", ["z", "bias"], ["by"])], "other", [], [info("by", [2, 3])])
        nodes = [
            helper.make_node("Slice", ["x", "zeros", "sizes"], ["z"]),
            helper.make_node("ReduceMax", ["x"], ["top"], keepdims=0),
            helper.make_node("Less", ["top", "bias"], ["small"]),
            helper.make_node("If", ["small"], ["y"], name="choose", then_branch=right, else_branch=other),
        ]
        path = self.save("branch", nodes, [info("x", [2, 8])], shape)
        done = compare("reference", *WRONG, path, "--seed", 1, "--all", status=1).stdout
        self.assertIn("first difference: main/choose.then_branch/odd (Relu)", done)
        self.assertNotIn("else_branch", done)

    def test_cpu_agrees_with_reference_and_onnxruntime(self):
        for first, second, name in (("cpu", "reference", "magika"), ("cpu+reference", "onnxruntime", "ppocr_cls"),
                                    ("onnxruntime", "cpu+reference", "silero_vad")):
            model = catalog.by_name(name)
            np.savez(self.folder / f"{name}.npz", **model.inputs())
            done = compare(first, second, model.path(), "-i", self.folder / f"{name}.npz", "--json")
            found = json.loads(done.stdout)
            self.assertTrue(found["equal"] and found["nodes"] > 50, done.stdout[-2000:])
            worst = max(float(value["error"]) for value in found["values"])
            print(f"{name}: {first} against {second}: {len(found['values'])} values, largest error {worst:.2g}")
            self.assertLess(worst, 1e-3)

    def test_as_optimised(self):
        model = catalog.by_name("magika")
        given = self.folder / "bytes.npz"
        np.savez(given, **model.inputs())
        plain, found = (json.loads(compare("cpu", "reference", model.path(), "-i", given, "--json", *more).stdout)
                        for more in ((), ("--passes", "all")))
        self.assertTrue(0 < found["nodes"] < plain["nodes"])

    def test_same_inputs_for_a_seed_and_same_values_in_chunks(self):
        values = [json.loads(compare("cpu+reference", "onnxruntime", self.model, "--dim", "n=2", *more, "--json").stdout)["values"]
                  for more in (["--seed", 3], ["--seed", 3, "--chunk", 1], ["--seed", 4])]
        self.assertEqual(values[0], values[1])
        self.assertNotEqual(values[0][0]["scale"], values[2][0]["scale"])

    def test_inputs_out_of_files(self):
        data = np.full((2, 8), 2, np.float32)
        np.save(self.folder / "x.npy", data)
        np.savez(self.folder / "x.npz", x=data)
        scales = {json.loads(compare("cpu+reference", "reference", self.model, "-i", given, "--json").stdout)["values"][0]["scale"]
                  for given in (self.folder / "x.npy", self.folder / "x.npz", f"x={self.folder / 'x.npy'}")}
        self.assertEqual(len(scales), 1)
        self.assertAlmostEqual(scales.pop(), float(np.abs(data @ WEIGHTS["w"]).max()), 4)

    def test_external_data(self):
        weights = {**WEIGHTS, "w": np.random.default_rng(1).standard_normal((8, 8), np.float32)}
        made = make_model(two_relus("even", "odd"), [info("x", [2, 8])], [info("y", [2, 3])], **weights)
        path = self.folder / "external.onnx"
        onnx.save(made, path, save_as_external_data=True, location="external.bin", size_threshold=100)
        self.assertTrue((self.folder / "external.bin").exists())
        for other in ("reference", "onnxruntime"):
            self.assertIn("agrees with", compare("cpu+reference", other, path).stdout)

    def test_tolerances(self):
        nodes = [helper.make_node("Exp", ["x"], ["e"], name="exp"), helper.make_node("Log", ["e"], ["y"], name="log")]
        path = self.save("exp", nodes, [info("x", [64])], [info("y", [64])], unused=np.zeros(1, np.float32))
        compare("cpu+reference", "onnxruntime", path)
        found = json.loads(compare("cpu+reference", "onnxruntime", path, "--tolerance", 0, "--json", status=1).stdout)
        self.assertIn(found["first"]["op"], ("Exp", "Log"))
        compare("cpu+reference", "onnxruntime", path, "--rtol", 0, "--atol", 0, status=1)
        compare("cpu+reference", "onnxruntime", path, "--rtol", 1e-4, "--atol", 1e-6)

    def test_random_nodes_are_told(self):
        nodes = [helper.make_node("RandomUniformLike", ["x"], ["u"], name="noise"), helper.make_node("Add", ["x", "u"], ["y"])]
        path = self.save("random", nodes, [info("x", [4])], [info("y", [4])], unused=np.zeros(1, np.float32))
        done = compare("onnxruntime", "onnxruntime", path)
        self.assertIn("note: main/noise (RandomUniformLike) draws at random", done.stdout)

    def test_mistakes_are_told(self):
        for words, *arguments in (
            ("no input has a dim of that name", "cpu", "reference", self.model, "--dim", "m=2"),
            ("NOT_FOUND", "cpu", "reference", self.folder / "none.onnx"),
            ("PROVIDER_NOT_FOUND", "cpu", "npu", self.model),
            ("such as cpu+reference", *WRONG[:1], "null", self.model, *WRONG[1:]),
            ("goes without", "cpu", "reference", self.model, "--rtol", 1, "--tolerance", 1),
            ("no input 'z'", "cpu+reference", "reference", self.model, "-i", "z=x.npy"),
            ("at least 1", "cpu", "reference", self.model, "--chunk", 0),
            ("MALFORMED", "cpu", "reference", HERE / "compare_test.py"),
            ("required", "cpu", "reference"),
        ):
            self.assertIn(words, compare(*arguments, status=2).stderr)
        self.assertIn("Examples:", compare("--help").stdout)

    def test_ctrl_c(self):
        command = [str(TENON), "compare", "reference", "cpu", str(catalog.by_name("mobilenet_v2").path())]
        terminal, its_end = os.openpty()
        listen = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are started deaf
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its_end, preexec_fn=listen) as child:
            os.close(its_end)
            said = b""
            while b": values " not in said:  # progress, which is shown when it lasts
                said += os.read(terminal, 1000)
            time.sleep(0.2)
            child.send_signal(signal.SIGINT)
            start = time.monotonic()
            self.assertEqual((child.stdout.read(), child.wait(60)), (b"", 130))
            self.assertLess(time.monotonic() - start, 5)
        self.assertIn(b"tenon compare: interrupted", os.read(terminal, 1000))
        os.close(terminal)


if __name__ == "__main__":
    unittest.main(verbosity=2)
