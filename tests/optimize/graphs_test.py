# SPDX-License-Identifier: Apache-2.0
"""`tenon optimize` on small graphs: what stays as it was, bodies, constants, files, refusals, and the command itself."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
HERE = Path(__file__).resolve().parent
TENON = Path(os.environ["TENON_BUILD_DIR"], "bin", "tenon")
sys.path[:0] = [str(HERE.parent / folder) for folder in ("driver", "structure")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import structure_test  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from onnx import TensorProto, helper, numpy_helper, parser  # noqa: E402

F, I64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def command(*arguments, status: int = 0) -> subprocess.CompletedProcess:
    done = subprocess.run([str(TENON), "optimize", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != status:
        raise AssertionError(f"{arguments} ended with {done.returncode}, expected {status}\n{done.stdout}{done.stderr}")
    return done


def text_model(graph: str, opset: int = 20, ir: int = 10, more: str = "") -> onnx.ModelProto:
    return parser.parse_model(f'<ir_version: {ir}, opset_import: ["" : {opset}{more}]>\n{graph}')


def tensor(name: str, array) -> TensorProto:
    return numpy_helper.from_array(np.asarray(array), name)


def run(model, inputs: dict) -> list:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"]).run(None, inputs)


class Optimize(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.out = self.folder / "out.onnx"

    def tearDown(self):
        self.temporary.cleanup()

    def same(self, model: onnx.ModelProto, *feeds: dict, **how) -> onnx.ModelProto:
        """Writes it, compares onnxruntime's and Tenon's answers; the model written."""
        self.report = tenon.optimize(model.SerializeToString(), self.out, **how)
        written = onnx.load(self.out)
        onnx.checker.check_model(str(self.out), full_check=True)
        for inputs in feeds:
            want = run(model, inputs)
            for got in (run(self.out, inputs), tenon.Session(self.out).run(inputs)):
                for a, b in zip(got, want, strict=True):
                    np.testing.assert_allclose(a, b, 1e-5, 2e-5)
        return written

    def operators(self, model: onnx.ModelProto) -> list[str]:
        return [node.op_type for node in model.graph.node]

    # ---- what stays

    def test_interface_and_metadata_stay(self):
        model = text_model("""g (float[batch, 3] x, float[batch, 3] bias = {0}) => (float[batch, 3] y, float[m, 3] z) {
            h = Relu (x)  y = Add (h, bias)  dead = Neg (x)  z = Identity (h) }""".replace(" = {0}", ""))
        model.graph.initializer.append(tensor("bias", np.full((1, 3), 0.5, np.float32)))
        model.graph.input[1].type.tensor_type.shape.dim[0].Clear()
        model.metadata_props.add(key="author", value="a test")
        model.producer_name, model.producer_version, model.model_version = "maker", "1.2", 7
        model.doc_string, model.domain = "what it is", "org.example"
        model.graph.doc_string = "what the graph is"
        x = np.random.default_rng(0).standard_normal((2, 3), dtype=np.float32)
        written = self.same(model, {"x": x}, {"x": x, "bias": x})
        self.assertEqual([value.name for value in written.graph.input], ["x", "bias"])
        self.assertEqual([value.name for value in written.graph.output], ["y", "z"])
        self.assertEqual(written.graph.input[0].type.tensor_type.shape.dim[0].dim_param, "batch")
        self.assertEqual([t.name for t in written.graph.initializer], ["bias"])
        for field in ("producer_name", "producer_version", "model_version", "doc_string", "domain", "ir_version"):
            self.assertEqual(getattr(written, field), getattr(model, field), field)
        self.assertEqual(written.graph.doc_string, model.graph.doc_string)
        self.assertEqual([(entry.key, entry.value) for entry in written.metadata_props], [("author", "a test")])
        self.assertNotIn("Neg", self.operators(written))
        self.assertEqual(self.report["nodes_before"], 4)

    def test_constants_of_old_models_are_no_inputs(self):
        model = text_model("g (float[2] x, float[2] w) => (float[2] y) { y = Mul (x, w) }", 8, 3)
        model.graph.initializer.append(tensor("w", np.float32([2, 3])))
        written = self.same(model, {"x": np.float32([1, 2])})
        self.assertEqual([value.name for value in written.graph.input], ["x"])
        self.assertEqual((written.ir_version, written.opset_import[0].version), (4, 8))

    def test_outputs_that_are_constants_and_inputs(self):
        model = text_model("g (float[2] x) => (float[2] y, int64[2] s, float[2] x) { y = Relu (x) s = Constant <value_ints = [4, 5]> () }")
        self.same(model, {"x": np.float32([-1, 2])})

    def test_strings_and_small_types(self):
        nodes = [helper.make_node("Where", ["c", "a", "b"], ["y"]), helper.make_node("DequantizeLinear", ["w", "s"], ["z"])]
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            nodes, "g", [info("c", BOOL, [3])], [info("y", TensorProto.STRING, [3]), info("z", F, [3])],
            [tensor("a", np.array(["x", "", "ä"], object)), tensor("b", np.array(["1", "22", ""], object)),
             helper.make_tensor("w", TensorProto.INT4, [3], [-8, 7, 1]), tensor("s", np.float32(0.5))])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
        tenon.optimize(model.SerializeToString(), self.out, options={"passes": "none"})
        feeds = {"c": np.array([True, False, True])}
        for got, want in zip(run(self.out, feeds), run(model, feeds), strict=True):
            self.assertEqual(got.tolist(), want.tolist())

    # ---- bodies

    def branches(self) -> onnx.ModelProto:
        big = np.random.default_rng(1).standard_normal(600).astype(np.float32)
        info = helper.make_tensor_value_info
        inner = lambda name, op: helper.make_graph(  # noqa: E731
            [helper.make_node(op, ["h", "big"], [f"{name}_r"])], name, [], [info(f"{name}_r", F, [600])])
        nested = helper.make_node("If", ["d"], ["n"], then_branch=inner("a", "Mul"), else_branch=inner("b", "Sub"))
        then = helper.make_graph([nested, helper.make_node("Add", ["n", "local"], ["t"])], "then", [], [info("t", F, [600])],
                                 [tensor("local", np.float32([3]))])
        # A branch of nothing but what is around it: no other runtime takes that as it stands.
        other = helper.make_graph([helper.make_node("Identity", ["h"], ["e"])], "else", [], [info("e", F, [600])])
        nodes = [helper.make_node("Relu", ["x"], ["h"]),
                 helper.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)]
        graph = helper.make_graph(nodes, "g", [info("x", F, [600]), info("c", BOOL, []), info("d", BOOL, [])],
                                  [info("y", F, [600])], [tensor("big", big)])
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def test_branches_in_branches(self):
        x = np.random.default_rng(2).standard_normal(600).astype(np.float32)
        feeds = [{"x": x, "c": np.array(c), "d": np.array(d)} for c in (True, False) for d in (True, False)]
        for passes in ("none", "all"):
            for opset in (0, 11, 13, 21):
                written = self.same(self.branches(), *feeds, opset=opset, options={"passes": passes})
        self.assertLess(self.out.stat().st_size, 2 * 600 * 4, "a constant that two graphs read stands there once")
        self.assertEqual([t.name for t in written.graph.initializer if len(t.raw_data) > 100], ["big"])

    def test_loops_scans_sequences_and_maps(self):
        written = 0
        for make in structure_test.models.MODELS:
            model, feeds = make()
            for opset, passes in ((0, "none"), (0, "exact"), (21, "none")):
                with self.subTest(model=make.__name__, opset=opset, passes=passes):
                    tenon.optimize(model.SerializeToString(), self.out, opset=opset, options={"passes": passes})
                    for inputs in feeds:
                        want = structure_test.answer(lambda: run(model, inputs), Exception)
                        got = structure_test.answer(lambda: run(self.out, inputs), Exception)
                        if isinstance(want, structure_test.Failure):
                            self.assertIsInstance(got, structure_test.Failure)
                            continue
                        self.assertNotIsInstance(got, structure_test.Failure, got)
                        for a, b in zip(got, want, strict=True):
                            self.assertTrue(structure_test.same(a, b), f"{a} is not {b}")
                    written += 1
        self.assertGreater(written, 60)

    # ---- constants

    def test_one_repeated_value(self):
        model = text_model("""g (float[300, 300] x) => (float[300, 300] y) <int64[2] s = {300, 300}> {
            c = ConstantOfShape <value = float[1] {2.5}> (s) y = Mul (x, c) }""")
        x = np.random.default_rng(3).standard_normal((300, 300), dtype=np.float32)
        written = self.same(model, {"x": x})
        self.assertEqual(sorted(self.operators(written)), ["ConstantOfShape", "Mul"])
        self.assertLess(self.out.stat().st_size, 1000)
        written = self.same(model, {"x": x}, dense_constants=True)
        self.assertEqual(self.operators(written), ["Mul"])
        self.assertGreater(self.out.stat().st_size, 360_000)
        self.assertEqual(self.operators(self.same(model, {"x": x}, opset=8)), ["Mul"])

    def weights(self) -> onnx.ModelProto:
        model = text_model("g (float[64, 64] x) => (float[64, 64] y) { h = MatMul (x, w) k = MatMul (h, v) y = Add (k, b) }")
        rng = np.random.default_rng(4)
        model.graph.initializer.extend([tensor("w", rng.standard_normal((64, 64), dtype=np.float32)),
                                        tensor("v", rng.standard_normal((64, 64), dtype=np.float32)),
                                        tensor("b", np.float32([1.5]))])
        return model

    def test_external_data(self):
        x = np.eye(64, dtype=np.float32)
        self.same(self.weights(), {"x": x}, external_data=True)
        written = onnx.load(self.out, load_external_data=False)
        places = {t.name: {entry.key: entry.value for entry in t.external_data} for t in written.graph.initializer}
        self.assertEqual(places["w"]["location"], "out.onnx.data")
        self.assertEqual(places["b"], {})
        self.assertEqual(self.report["external"]["bytes"], self.out.with_name("out.onnx.data").stat().st_size)
        self.assertEqual(sorted(path.name for path in self.folder.iterdir()), ["out.onnx", "out.onnx.data"])
        # Onto itself, weights and all.
        done = command(self.out, "-o", self.out, "--external-data", "--opset", 18)
        self.assertIn("out.onnx.data", done.stdout)
        np.testing.assert_allclose(run(self.out, {"x": x})[0], run(self.weights(), {"x": x})[0], 1e-5, 2e-5)

    # ---- operators that an opset lacks

    def test_raised_operators_go_back(self):
        graph = """g (float[2, 8] x) => (float[2, 8] y) <float half = {0.5}, float one = {1.0}, float root = {1.4142135}> {
            a = Div (x, root) b = Erf (a) c = Add (b, one) d = Mul (x, c) e = Mul (d, half) s = Sigmoid (e) y = Mul (e, s) }"""
        x = np.random.default_rng(5).standard_normal((2, 8), dtype=np.float32)
        for own, target, expected in ((20, 0, {"Gelu", "Sigmoid", "Mul"}), (20, 24, {"Gelu", "Swish"}),
                                      (17, 0, {"Div", "Erf", "Add", "Mul", "Sigmoid"}),
                                      (20, 13, {"Div", "Erf", "Add", "Mul", "Sigmoid"}), (13, 20, {"Gelu", "Sigmoid", "Mul"})):
            written = self.same(text_model(graph, own), {"x": x}, opset=target)
            self.assertEqual(set(self.operators(written)), expected, (own, target))

    def test_functions_stand_for_operators(self):
        model = text_model("""g (float[2, 8] x) => (float[2, 8] y) <float[8] w = {1,2,3,4,5,6,7,8}> {
            h = LayerNormalization (x, w) k = HardSwish (h) y = Gelu (k) }""")
        x = np.random.default_rng(6).standard_normal((2, 8), dtype=np.float32)
        for opset in (18, 17, 14, 13):
            written = self.same(model, {"x": x}, opset=opset)
            self.assertNotIn("Gelu", self.operators(written))
        self.assertIn("LayerNormalization", self.report["expanded"])

    def test_a_node_without_a_way_back_is_named(self):
        model = text_model("g (float[2, 2] x, int64[2] k) => (float[2, 2] y) { r = Identity (x) y = ReduceMax <keepdims = 1> (r, k) }", 18)
        model.graph.node[1].name = "peak"
        model.graph.output[0].type.tensor_type.ClearField("shape")
        (self.folder / "in.onnx").write_bytes(model.SerializeToString())
        said = command(self.folder / "in.onnx", "-o", self.out, "--opset", 13, status=1).stderr
        for word in ("UNSUPPORTED", "opset 13", "main/peak", "ReduceMax", "axes have to be constants"):
            self.assertIn(word, said)
        self.assertFalse(self.out.exists())
        model = text_model("g (float[1, 1, 4, 4] x, float[1, 2, 2, 2] p) => (float[1, 1, 2, 2] y) { y = GridSample (x, p) }")
        with self.assertRaises(tenon.TenonError) as failure:
            tenon.optimize(model.SerializeToString(), self.out, opset=13)
        self.assertIn("there is no GridSample in opset 13", failure.exception.message)
        self.assertEqual(failure.exception.fields["op"], "ai.onnx.GridSample")
        with self.assertRaises(tenon.TenonError) as failure:
            tenon.optimize(model.SerializeToString(), self.out, opset=99)
        self.assertEqual(failure.exception.name, "VERSION")

    def test_attributes_that_came_later(self):
        x = np.random.default_rng(7).standard_normal((1, 1, 4, 4), dtype=np.float32)
        model = text_model("g (float[1, 1, 4, 4] x) => (float[1, 1, 2, 2] y) { y = AveragePool <kernel_shape = [2, 2], strides = [2, 2], dilations = [1, 1]> (x) }")
        self.same(model, {"x": x}, opset=11)
        model.graph.node[0].attribute[2].ints[:] = [2, 2]
        with self.assertRaises(tenon.TenonError) as failure:
            tenon.optimize(model.SerializeToString(), self.out, opset=11)
        self.assertIn("dilations", failure.exception.message)

    # ---- files and the command

    def test_command(self):
        path = self.folder / "in.onnx"
        onnx.save(self.weights(), path)
        report = json.loads(command(path, "-o", self.out, "--json", "--passes", "exact", "--opset", 13).stdout)
        self.assertEqual((report["opset"], report["ir_version"], report["external"]), (13, 10, None))
        self.assertEqual(report["bytes"], self.out.stat().st_size)
        self.assertTrue(all(one["class"] == "exact" for one in report["passes"]))
        said = command(path, "-o", self.out, "-p", "reference", "--dense").stdout
        for word in ("opset 20", "3 nodes", "operators: "):
            self.assertIn(word, said)
        fixed = text_model("g (float[n, 2] x) => (float[n, 2] y) { y = Relu (x) }")
        onnx.save(fixed, path)
        command(path, "-o", self.out, "--dim", "n=5")
        self.assertEqual(onnx.load(self.out).graph.input[0].type.tensor_type.shape.dim[0].dim_value, 5)
        self.assertIn("is not a size", command(path, "-o", self.out, "--dim", "n=five", status=2).stderr)
        self.assertIn("no input has a dim", command(path, "-o", self.out, "--dim", "m=5", status=1).stderr)
        command(path, status=2)

    def test_a_file_is_whole_or_not_there(self):
        path = self.folder / "in.onnx"
        onnx.save(self.weights(), path)
        before = path.read_bytes()
        self.assertIn("NOT_FOUND", command(path, "-o", self.folder / "none" / "out.onnx", status=1).stderr)
        self.assertIn("PERMISSION", command(path, "-o", self.folder, status=1).stderr)
        self.assertIn("PERMISSION", command(path, "-o", "/dev/null", status=1).stderr)
        self.out.symlink_to("in.onnx")  # through a link, onto the model itself
        command(path, "-o", self.out, "--opset", 19)
        self.assertTrue(self.out.is_symlink())
        self.assertNotEqual(path.read_bytes(), before)
        self.assertEqual(sorted(one.name for one in self.folder.iterdir()), ["in.onnx", "out.onnx"])

    def test_it_can_be_stopped(self):
        calls = []
        options = tenon.RunOptions()

        def progress(done, total):
            calls.append((done, total))
            if done > 0:
                options.cancel()

        with self.assertRaises(tenon.TenonError) as failure:
            tenon.optimize(self.weights().SerializeToString(), self.out, run=options, progress=progress)
        self.assertEqual(failure.exception.name, "CANCELLED")
        self.assertEqual(calls[0], (0, 0))
        self.assertEqual(list(self.folder.iterdir()), [])
        with self.assertRaises(tenon.TenonError) as failure:
            tenon.optimize(self.weights().SerializeToString(), self.out, run=tenon.RunOptions(timeout_ns=1),
                           progress=lambda done, total: time.sleep(0.05))
        self.assertEqual(failure.exception.name, "DEADLINE")

    def test_ctrl_c_leaves_nothing(self):
        path = self.folder / "in.onnx"
        text = "g (float[n] x) => (float[n] y0) { " + " ".join(f"y{i} = Neg (y{i + 1})" for i in range(40000))
        onnx.save(text_model(text.replace("y40000", "x") + " }"), path)
        child = subprocess.Popen([str(TENON), "optimize", str(path), "-o", str(self.out)], stderr=subprocess.PIPE, text=True)
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=60)[1]
        if child.returncode != 0:  # it may have been done before
            self.assertEqual((child.returncode, "CANCELLED" in said), (130, True))
            self.assertEqual([one.name for one in self.folder.iterdir()], ["in.onnx"])


if __name__ == "__main__":
    unittest.main()
