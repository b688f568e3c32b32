# SPDX-License-Identifier: Apache-2.0
"""ONNX's own runner (onnx.backend.test.BackendTest) over tenon.backend, against an exact list of what fails.

    backend_test.py [--all] [-k TEXT] [--write]

Without --all: node cases that have only the operators of tests/cases/run_cases.py, and the runner's small models. Cases
that fail are named in failing.txt, by an operator that Tenon lacks or by their own name; all others have to pass. A case
that passes though it is listed, and a line that no case needs, fail this test as well, and what is printed says which line
to change. --write makes the list anew from what happens now.
"""

import argparse
import collections
import os
import pathlib
import sys
import tempfile
import unittest
import warnings

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cases")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnx.backend.test  # noqa: E402
from onnx import helper  # noqa: E402
from onnx.backend.test.loader import load_model_tests  # noqa: E402
from run_cases import OPERATORS, operators_of  # noqa: E402

import tenon  # noqa: E402
import tenon.backend  # noqa: E402

LIST = HERE / "failing.txt"
HEAD = """\
# What of onnx.backend.test.BackendTest fails on tenon.backend: NAME | why, where NAME is an operator, with which every
# case fails, or one case. Every other case passes. Made by `backend_test.py --all --write`.
"""
LIGHT = pathlib.Path(onnx.__file__).resolve().parents[1]


class Item:
    """A case of the runner: its name, its kind (Node, Simple, ...), its operators, and the call that runs it."""

    def __init__(self, kind, case, call):
        self.name, self.kind, self.call = case.name, kind, call
        if case.model is None:
            path = LIGHT / case.url if case.model_dir is None else pathlib.Path(case.model_dir, "model.onnx")
            case.model = onnx.load(path, load_external_data=False)
        self.operators = operators_of(case.model.graph)

    def run(self):
        """None when it passes, else why not."""
        try:
            self.call(None)
        except unittest.SkipTest as skip:
            return f"skipped: {skip}"
        except Exception as error:  # of any kind: it is the case's answer
            return " ".join(str(error).split()) or type(error).__name__
        return None


def items(everything):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classes = onnx.backend.test.BackendTest(tenon.backend, __name__).test_cases
        kinds = {"node": "Node", "simple": "Simple", "pytorch-converted": "PyTorchConverted",
                 "pytorch-operator": "PyTorchOperator", **({"real": "Real"} if everything else {})}
        for folder, kind in kinds.items():
            calls = vars(classes[f"OnnxBackend{kind}ModelTest"])
            for case in sorted(load_model_tests(kind=folder), key=lambda case: case.name):
                item = Item(kind, case, calls[f"{case.name}_cpu"])
                if everything or kind != "Node" or item.operators <= set(OPERATORS):
                    yield item


def read_list():
    lines = (line.split("|")[0].strip() for line in LIST.read_text().splitlines() if not line.startswith("#"))
    return {name for name in lines if name}


def judge(listed, done, everything):
    """What is wrong, one line each."""
    problems, needed = [], set()
    for item, why in done:
        by = ({item.name} | item.operators) & listed
        needed |= by
        if why is None and by:
            problems.append(f"{item.name} passes: take the line of {' or '.join(sorted(by))} out of {LIST.name}")
        elif why is not None and not by:
            problems.append(f"{item.name} fails, and {LIST.name} does not name it: {why}")
    if everything:
        problems += [f"no case fails for the line of {name}: take it out of {LIST.name}" for name in sorted(listed - needed)]
    return problems


def reason(why):
    """Of a line: short, and the same on every machine."""
    if "do not have a common DType" in why:
        return "the runner cannot compare this dtype with the NumPy that is installed; tests/cases holds its values"
    if "Unable to compare expected type" in why:
        return "the runner cannot compare scalars in a sequence; tests/cases holds its values"
    return why.replace("|", "/")[:140].rsplit(" ", 1)[0]


def write_list(done):
    able = set().union(*(item.operators for item, why in done if why is None))
    failed = [(item, why) for item, why in done if why is not None]
    lines = {name: "no case with it passes" for item, _ in failed for name in item.operators - able}
    lines.update({item.name: reason(why) for item, why in failed if not item.operators - able})
    LIST.write_text(HEAD + "".join(f"{name} | {lines[name]}\n" for name in sorted(lines)))


class Calls(unittest.TestCase):
    """What the runner does not call."""

    def test_a_model(self):
        x = np.array([[-1, 2]], np.float32)
        info = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", 2]) for name in "xy"]
        model = helper.make_model(helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", info[:1], info[1:]))
        self.assertTrue(tenon.backend.is_compatible(model))
        for given in (x, [x], {"x": x}):
            outputs = tenon.backend.run_model(model, given, passes="none")
            np.testing.assert_array_equal(outputs["y"], [[0, 2]])
        rep = tenon.backend.prepare(model.SerializeToString(), "reference")
        self.assertEqual(rep.session.get_providers(), ["reference"])
        np.testing.assert_array_equal(rep.run([x], timeout=60).y, [[0, 2]])
        with self.assertRaisesRegex(tenon.InvalidArgumentError, "1 inputs"):
            rep.run([x, x])
        model.graph.node[0].op_type = "Frobnicate"
        self.assertFalse(tenon.backend.is_compatible(model))

    def test_a_node(self):
        node = helper.make_node("Split", ["x"], ["a", "", "b"], axis=0, num_outputs=3)
        first, last = tenon.backend.run_node(node, [np.arange(3)])
        self.assertEqual((first.tolist(), last.tolist()), ([0], [2]))
        node = helper.make_node("Clip", ["x", "", "top"], ["y"])
        self.assertEqual(tenon.backend.run_node(node, [np.float32([1, 9]), np.float32(5)], opset_version=13)[0].tolist(), [1, 5])
        with self.assertRaisesRegex(tenon.InvalidArgumentError, "Clip has 2 inputs"):
            tenon.backend.run_node(node, [np.float32([1, 9])])

    def test_devices(self):
        self.assertTrue(tenon.backend.supports_device("CPU") and tenon.backend.supports_device("CPU:0"))
        for name in ("CPU:1", "TPU", ""):
            self.assertFalse(tenon.backend.supports_device(name), name)
        with self.assertRaisesRegex(tenon.ProviderNotFoundError, "TPU"):
            tenon.backend.prepare(b"", "TPU")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every case, the light models as well")
    parser.add_argument("-k", default="", help="only cases whose name has this text")
    parser.add_argument("--write", action="store_true", help=f"write {LIST.name}")
    args = parser.parse_args()
    counts = collections.defaultdict(collections.Counter)
    done = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ONNX_MODELS"] = folder  # where the runner keeps inputs of the light models
        for item in items(args.all):
            if args.k in item.name:
                why = item.run()
                done.append((item, why))
                counts[item.kind]["failed" if why else "passed"] += 1
    if args.write:
        write_list(done)
    problems = judge(read_list(), done, args.all and not args.k)
    for text in problems:
        print(f"FAIL {text}\n    python {os.path.relpath(__file__)}{' --all' if args.all else ''} -k {text.split()[0]}")
    for kind, count in counts.items():
        print(f"{kind:16} {count['passed']:5} passed {count['failed']:5} fail as listed" if not problems else f"{kind:16} {dict(count)}")
    total = sum(counts.values(), collections.Counter())
    print(f"{len(done)} cases: {total['passed']} passed, {total['failed']} failed, {len(problems)} other than listed")
    calls = unittest.TextTestRunner(verbosity=1).run(unittest.defaultTestLoader.loadTestsFromTestCase(Calls))
    return 1 if problems or not total["passed"] or not calls.wasSuccessful() else 0


if __name__ == "__main__":
    sys.exit(main())
