# SPDX-License-Identifier: Apache-2.0
"""The `tenon` command as a person uses it: every sub-command, its errors and exit statuses, Ctrl-C, completion."""
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
sys.path[:0] = [str(HERE.parent / "models")]

import catalog  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def tenon(*arguments, status: int = 0, **more) -> subprocess.CompletedProcess:
    done = subprocess.run([str(TENON), *map(str, arguments)], capture_output=True, text=True, **more)
    if done.returncode != status:
        raise AssertionError(f"tenon {' '.join(map(str, arguments))} ended with {done.returncode}, expected {status}\n"
                             f"{done.stdout}{done.stderr}")
    return done


class Command(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.temporary.name)
        x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy")
        nodes = [helper.make_node("Relu", ["x"], ["h"], name="first"), helper.make_node("Add", ["h", "x"], ["y"], name="last")]
        made = helper.make_model(helper.make_graph(nodes, "g", [x], [y]), opset_imports=[helper.make_opsetid("", 20)],
                                 ir_version=10)
        made.metadata_props.add(key="author", value="a test")
        cls.model = cls.folder / "model.onnx"
        onnx.save(made, cls.model)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def test_help_has_examples_everywhere(self):
        self.assertIn("Examples:", tenon("--help").stdout)
        for name in ("providers", "run", "inspect", "explain", "bench", "optimize"):
            self.assertIn("Examples:", tenon(name, "--help").stdout, name)

    def test_run_reads_npy_npz_and_pb_and_writes_npz(self):
        data = np.array([[-1, 0, 2], [3, -4, 5]], np.float32)
        np.save(self.folder / "x.npy", data)
        np.savez(self.folder / "x.npz", x=data)
        np.savez_compressed(self.folder / "small.npz", x=data)
        np.save(self.folder / "columns.npy", np.asfortranarray(data))
        tensor = numpy_helper.from_array(data, "x")
        (self.folder / "x.pb").write_bytes(tensor.SerializeToString())
        typed = helper.make_tensor("x", TensorProto.FLOAT, data.shape, data.reshape(-1).tolist())
        (self.folder / "typed.pb").write_bytes(typed.SerializeToString())
        for given in ("x=x.npy", "x.npy", "x.npz", "small.npz", "columns.npy", "x.pb", "typed.pb"):
            name, _, file = given.rpartition("=")
            out = self.folder / "out.npz"
            tenon("run", self.model, "-i", f"{name}={self.folder / file}" if name else self.folder / file, "-o", out)
            with np.load(out) as arrays:
                np.testing.assert_array_equal(arrays["y"], np.maximum(data, 0) + data, given)

    def test_run_draws_the_same_inputs_for_a_seed(self):
        outputs = [json.loads(tenon("run", self.model, "--dim", "n=4", "--seed", seed, "--json").stdout)["outputs"]
                   for seed in (1, 1, 2)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertNotEqual(outputs[0], outputs[2])
        self.assertEqual(outputs[0][0]["dims"], [4, 3])
        self.assertIn("--dim n=N", tenon("run", self.model).stderr)

    def test_inspect_explain_bench(self):
        inspected = json.loads(tenon("inspect", self.model, "--json").stdout)
        self.assertIn("a test", json.dumps(inspected))
        self.assertIn("[n, 3]", tenon("inspect", self.model).stdout)
        self.assertIn("Relu", tenon("inspect", self.model, "--ir", "import").stdout)
        explained = json.loads(tenon("explain", self.model, "-p", "reference", "--json").stdout)
        self.assertEqual([node["provider"] for node in explained["nodes"]], ["reference", "reference"])
        self.assertIn("main/first", tenon("explain", self.model, "--all").stdout)
        measured = json.loads(tenon("bench", self.model, "--runs", 20, "--profile", "--json").stdout)
        self.assertEqual(measured["runs"], 20)
        self.assertLessEqual(measured["min_ns"], measured["median_ns"])
        self.assertGreater(measured["peak_bytes"], 1e6)

    def test_a_models_names_do_not_drive_the_terminal(self):
        made = onnx.load(self.model)
        made.graph.node[0].name, made.producer_name = "first\x1b[2J\0", "maker\x1b[5m"
        path = self.folder / "names.onnx"
        onnx.save(made, path)
        self.assertIn(r"maker\x1b[5m", tenon("inspect", path).stdout)
        for arguments in (("inspect", path), ("explain", path, "--all"), ("bench", path, "--runs", 2, "--profile")):
            self.assertNotRegex(tenon(*arguments).stdout, r"[\x00-\x08\x0b-\x1f\x7f]")
        made.graph.node[0].op_type = "Bad\x1b[1m\0Op"
        onnx.save(made, path)
        said = tenon("run", path, status=1).stderr
        self.assertIn(r"first\x1b[2J\x00", said)
        self.assertIn(r"no operator Bad\x1b[1m\x00Op in opset 20", said)
        self.assertNotRegex(said, r"[\x00-\x08\x0b-\x1f\x7f]")

    def test_spans_of_the_profile_sum_to_the_run(self):
        found = json.loads(tenon("bench", catalog.by_name("magika").path(), "-p", "reference", "--runs", 10, "--profile",
                                 "--json").stdout)["profile"]
        total = sum(node["total_ns"] for node in found["nodes"])
        self.assertLess(abs(total - found["run_ns"]) / found["run_ns"], 0.05)
        trace = self.folder / "trace.json"
        tenon("run", self.model, "--trace", trace)
        self.assertIn("traceEvents", json.loads(trace.read_text()))

    def test_strict_errors(self):
        bogus = tenon("run", self.model, "-p", "npu", status=1).stderr
        self.assertIn("PROVIDER_NOT_FOUND", bogus)
        self.assertIn("npu", bogus)
        broken = self.folder / "broken"
        broken.mkdir(exist_ok=True)
        (broken / "tenon-broken.json").write_text(json.dumps({
            "tenon_manifest": 1, "id": "broken", "version": "1.0.0", "generation": 0, "minor": [0, 0], "roles": [],
            "variants": [{"os": "linux", "arch": "x86_64", "isa": [], "rank": 0, "library": "libbroken.so"}], "needs": []}))
        missing = tenon("--provider-dir", broken, "run", self.model, "-p", "broken", status=1).stderr
        self.assertIn("PROVIDER_LOAD", missing)
        self.assertIn("libbroken.so", missing)
        refused = tenon("run", self.model, "-p", "null", status=1).stderr
        self.assertIn("PLACEMENT", refused)
        for words in ("null", "Relu", "first"):
            self.assertIn(words, refused)
        print(f"\n{bogus}{missing}{refused}", end="")

    def test_mistakes_are_named(self):
        np.save(self.folder / "bad.npy", np.zeros((2, 5), np.float32))
        wrong = tenon("run", self.model, "-i", self.folder / "bad.npy", status=1).stderr
        self.assertIn("INVALID_TENSOR", wrong)
        self.assertIn("x", wrong)
        self.assertIn("NOT_FOUND", tenon("run", self.folder / "none.onnx", status=1).stderr)
        self.assertIn("passes", tenon("run", self.model, "-O", "passs=none", status=1).stderr)
        self.assertIn("no input 'z'", tenon("run", self.model, "-i", f"z={self.folder / 'bad.npy'}", status=2).stderr)
        self.assertIn("no input has a dim", tenon("run", self.model, "--dim", "m=2", status=2).stderr)
        self.assertIn("neither a command", tenon("fly", status=2).stderr)
        tenon("run", status=2)

    def test_providers_and_baseline_variant(self):
        listed = json.loads(tenon("providers", "--json").stdout)
        self.assertIn("reference", [provider["id"] for provider in listed])
        self.assertIn("reference", tenon("providers", "--options").stdout)
        if not (BUILD / "lib" / "tenon" / "providers.d" / "libtenon_provider_cpu_baseline.so").exists():
            self.skipTest("the baseline variant of cpu is not in this build")
        old = subprocess.run(["qemu-x86_64", "-cpu", "Nehalem", str(TENON), "providers", "--json"], capture_output=True,
                             text=True, check=True)
        libraries = {provider["id"]: provider.get("library", "") for provider in json.loads(old.stdout)}
        self.assertTrue(libraries["cpu"].endswith("libtenon_provider_cpu_baseline.so"), libraries)

    def test_other_commands_are_programs(self):
        beside = self.folder / "bin"
        beside.mkdir(exist_ok=True)
        program = beside / "tenon-hello"
        program.write_text("#!/bin/sh\necho hello $1\n")
        program.chmod(0o755)
        said = tenon("hello", "you", env={**os.environ, "PATH": f"{beside}:{os.environ['PATH']}"}).stdout
        self.assertEqual(said, "hello you\n")

    def test_completion(self):
        script = self.folder / "completion.bash"
        script.write_text(tenon("completion").stdout)
        ask = f"source {script}; COMP_WORDS=(tenon run --po); COMP_CWORD=2; _tenon; echo ${{COMPREPLY[@]}}"
        self.assertEqual(subprocess.run(["bash", "-c", ask], capture_output=True, text=True).stdout, "--policy\n")
        ask = f"source {script}; COMP_WORDS=(tenon conf); COMP_CWORD=1; _tenon; echo ${{COMPREPLY[@]}}"
        path = {**os.environ, "PATH": f"{TENON.parent}:{os.environ['PATH']}"}
        self.assertEqual(subprocess.run(["bash", "-c", ask], capture_output=True, text=True, env=path).stdout, "conform\n")

    def test_ctrl_c_ends_a_run(self):
        command = [str(TENON), "bench", str(catalog.by_name("mobilenet_v2").path()), "-p", "reference", "--seconds", "60"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(3)
        child.send_signal(signal.SIGINT)
        start = time.monotonic()
        _, words = child.communicate(timeout=20)
        self.assertEqual(child.returncode, 130, words)
        self.assertIn("CANCELLED", words)
        self.assertLess(time.monotonic() - start, 5)


if __name__ == "__main__":
    unittest.main(verbosity=2)
