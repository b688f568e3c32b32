# SPDX-License-Identifier: Apache-2.0
"""Random one-node models: cpu against reference, or reference against onnxruntime.

    random_ops.py [--against reference|onnxruntime] [--cases N] [--seed S] [--op NAME,...] [--case I] [--half 1|2]
                  [--variant avx512|avx2|baseline]

For each operator of plugins/cpu/ops/ops.def, N cases of its row in rows.py (against onnxruntime where reference does
not have the operator): shapes with and without dims of 0, scalars, broadcasting, element types, attributes; dims in the
model or open; inputs constant or not, dense or strided. A case runs twice with the dense inputs, once strided, and all
three answers have to be the same bits. Where core runs the node itself, so that cpu is not asked, the provider's
library is called directly as well. Then the kept cases of kept.py, and one node that cpu refuses: strict placement and
`tenon explain` have to say why, and reference has to run it.

An operator runs in a child process, so that a crash is one failure with its case. Each failure prints the command that
repeats it. Status 1: a failure, or an operator without a row.
"""

import argparse
import mmap
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import traceback
import zlib

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "driver"), str(HERE.parent / "cases")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
from onnx import TensorProto, helper, numpy_helper, shape_inference  # noqa: E402

import kept  # noqa: E402
import onnx_cases  # noqa: E402
import plugin_host  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from draw import Draw  # noqa: E402
from provider_variant import build_dir, variant_folder  # noqa: E402
from rows import ROWS  # noqa: E402

OPSET = 28
ORT_OPSET = 26  # the newest that onnxruntime 1.31 loads
OPS_DEF = HERE.parent.parent / "plugins" / "cpu" / "ops" / "ops.def"
BUILD = build_dir()


class Skip(Exception):
    """The other runtime does not have this case."""


def claimed_operators():
    """Names in cpu's list, in its order."""
    return re.findall(r'^CPU_OP\("[^"]*", (\w+),', OPS_DEF.read_text(), re.MULTILINE)


def tensor_type(array):
    return TensorProto.STRING if array.dtype.kind == "O" else helper.np_dtype_to_tensor_dtype(array.dtype)


def node_of(op, case):
    names = [f"x{i}" if array is not None else "" for i, array in enumerate(case.inputs)]
    while names and not names[-1]:
        names.pop()
    return helper.make_node(op, names, [f"y{i}" if made else "" for i, made in enumerate(case.outputs)],
                            **case.attributes)


def output_types(op, case, opset):
    """Element types of the outputs that are made, by ONNX's inference."""
    node = node_of(op, case)
    types = {name: helper.make_tensor_type_proto(tensor_type(array), array.shape)
             for name, array in zip(node.input, case.inputs) if name}
    found = shape_inference.infer_node_outputs(onnx.defs.get_schema(op, opset), node, types,
                                               opset_imports=[helper.make_opsetid("", opset)])
    return [found[name].tensor_type.elem_type for name in node.output if name]


def model_of(op, case, constants, dims, opset):
    """A model of the node. dims: "static", "symbolic" (ranks only) or "unknown"."""
    node = node_of(op, case)
    inputs, weights = [], []
    for i, name in enumerate(node.input):
        array = case.inputs[i]
        if array is None:
            continue
        if i in constants:
            weights.append(numpy_helper.from_array(array, name))
            continue
        shape = {"static": list(array.shape), "symbolic": [f"{name}_{a}" for a in range(array.ndim)], "unknown": None}
        inputs.append(helper.make_tensor_value_info(name, tensor_type(array), shape[dims]))
    types = iter(output_types(op, case, opset))
    outputs = [helper.make_tensor_value_info(name, next(types), None) for name in node.output if name]
    graph = helper.make_graph([node], "g", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


class Runner:
    """Runs cases of one operator in this process."""

    def __init__(self, arguments):
        self.against = arguments.against
        folder = arguments.folder
        self.env = tenon.Env([folder.name], only_dirs=True) if folder else tenon.Env()
        self.library = next((p["library"] for p in self.env.providers() if p["id"] == "cpu"), None)
        self.direct = None
        reference = next(p["library"] for p in self.env.providers() if p["id"] == "reference")
        with tempfile.TemporaryDirectory() as folder:
            self.in_reference = {name for _, name in plugin_host.Provider(shutil.copy(reference, folder)).forms}
        self.counts = {"cpu": 0, "core's, so called directly": 0, "compared": 0, "not in onnxruntime": 0,
                       "onnxruntime departs from the standard": 0}

    def judged(self, op):
        """Whom onnxruntime judges: the reference where it has the operator."""
        return "reference" if op in self.in_reference else "cpu"

    def session(self, model, providers):
        return tenon.Session(model.SerializeToString(), providers=providers, options={"passes": "none"}, env=self.env)

    def check(self, op, row, case, draw):
        """What is wrong with a case, "" when nothing is."""
        constants = {i for i, a in enumerate(case.inputs)
                     if a is not None and (i in case.constants or draw.chance(0.25))}
        dims = "static" if case.static or draw.chance(0.5) else draw.pick(["symbolic", "symbolic", "unknown"])
        model = model_of(op, case, constants, dims, OPSET if self.against == "reference" else ORT_OPSET)
        given = [a for i, a in enumerate(case.inputs) if a is not None and i not in constants]
        if self.against == "onnxruntime":
            if row.ort and row.ort(case):
                self.counts["onnxruntime departs from the standard"] += 1
                return ""
            want = ort_answer(model, given)
            self.counts["compared"] += 1
            got = self.session(model, [self.judged(op)]).run(given)
            return compare(got, want, row, self.judged(op), "onnxruntime")
        other = "reference" if op in self.in_reference else "onnxruntime"
        if other == "reference":
            want = self.session(model, ["reference"]).run(given)
        else:
            if row.ort and row.ort(case):
                self.counts["onnxruntime departs from the standard"] += 1
                return ""
            want = ort_answer(model_of(op, case, constants, dims, ORT_OPSET), given)
        session = self.session(model, ["cpu"])
        got = session.run(given)
        wrong = compare(got, want, row, "cpu", other)
        if wrong:
            return wrong
        for name, inputs in (("a second run", given), ("strided inputs", [draw.spread(a) for a in given])):
            wrong = same_bits(got, session.run(inputs, strided=True), name)
            if wrong:
                return wrong
        where = session.placement()["nodes"][0]
        if where["class"] == "cpu" or where.get("provider") == "cpu":
            self.counts["cpu"] += 1
            return ""
        self.counts["core's, so called directly"] += 1
        return self.check_directly(op, row, case, want)

    def check_directly(self, op, row, case, want):
        if self.direct is None:  # a copy: the library keeps one host a process
            with tempfile.TemporaryDirectory() as folder:
                self.direct = plugin_host.Provider(shutil.copy(self.library, folder))
        got = self.direct.run(node_of(op, case), case.inputs, output_types(op, case, OPSET))
        return compare([a for a in got if a is not None], want, row, "cpu, called directly,", "reference")

    def check_refusal(self, op, case):
        """cpu refuses the node with a reason that strict placement and explain repeat; reference runs it."""
        model = model_of(op, case, set(case.constants), "static", OPSET)
        given = [a for a in case.inputs if a is not None]
        try:
            self.session(model, ["cpu"])
            return "cpu takes the node that it should refuse"
        except tenon.TenonError as error:
            said = error.message
        if "PLACEMENT" not in said and " cpu: " not in said:
            return f"strict placement names no reason: {said}"
        if op not in self.in_reference:
            return ""
        session = self.session(model, ["cpu", "reference"])
        session.run(given)
        node = session.placement()["nodes"][0]
        if node["provider"] != "reference":
            return f"the refused node is on {node['provider'] or node['class']}"
        reason = next(o["text"] for o in node["others"] if o["provider"] == "cpu")
        if not reason or reason not in said:
            return f"strict placement says {said!r}, the report says {reason!r}"
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "refused.onnx")
            onnx.save(model, path)
            command = [BUILD / "bin" / "tenon", "explain", path, "--all", "--passes", "none", "-p", "cpu", "-p", "reference"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        shown = " ".join(done.stdout.split())
        return "" if " ".join(reason.split()) in shown else f"explain does not say {reason!r}:\n{done.stdout}{done.stderr}"


def compare(got, want, row, ours, theirs):
    for i, (a, b) in enumerate(zip(got, want, strict=True)):
        wrong = onnx_cases.difference(a, np.asarray(b), row.rtol, row.atol)
        if wrong:
            return f"{ours} and {theirs} differ in output {i}: {wrong}"
    return ""


def same_bits(first, second, name):
    for i, (a, b) in enumerate(zip(first, second, strict=True)):
        if a.shape != b.shape or a.tobytes() != b.tobytes():
            return f"{name} changed output {i}"
    return ""


def ort_answer(model, given):
    import onnxruntime
    onnxruntime.set_default_logger_severity(4)
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        names = [value.name for value in session.get_inputs()]
        return session.run(None, dict(zip(names, given)))
    except Exception as error:  # its exceptions share no base of their own
        raise Skip(str(error)) from error


def described(case):
    inputs = ", ".join("-" if a is None else str(a.tolist()) if a.size < 9 and a.dtype.kind in "iu" else
                       f"{a.dtype}{list(a.shape)}" for a in case.inputs)
    return f"({inputs}) {case.attributes or ''}"


def attempt(runner, op, row, case, draw):
    try:
        return runner.check(op, row, case, draw)
    except Skip:
        runner.counts["not in onnxruntime"] += 1
        return ""
    except (tenon.TenonError, plugin_host.ProviderError, plugin_host.Refused) as error:
        return str(error)
    except Exception:  # a drawer that is wrong is a failure of its case too
        return traceback.format_exc()


def run_operator(op, arguments, mark):
    """All cases of one operator; `mark(i)` tells the parent which one runs. Returns the number of failures."""
    row, runner = ROWS[op], Runner(arguments)
    failures = 0

    def report(wrong, what, case):
        nonlocal failures
        if wrong:
            failures += 1
            print(f"FAIL {op} {what} {described(case)}: {wrong}\n    {again(arguments, op, what)}", flush=True)

    numbers = range(arguments.cases) if arguments.case is None else [arguments.case]
    for i in numbers:
        mark(i)
        draw = Draw([arguments.seed, zlib.crc32(op.encode()), i])
        case = row.draw(draw)
        report(attempt(runner, op, row, case, draw), i, case)
    if arguments.case is None:
        for i, make in enumerate(kept.CASES.get(op, ())):
            mark(-1 - i)
            report(attempt(runner, op, row, make(), Draw(0)), f"kept {i}", make())
        if row.refused and arguments.against == "reference":
            case = row.refused()
            try:
                wrong = runner.check_refusal(op, case)
            except tenon.TenonError as error:
                wrong = str(error)
            report(wrong, "refusal", case)
    ran = {name: n for name, n in runner.counts.items() if n}
    extra = len(kept.CASES.get(op, ())) if arguments.case is None else 0
    print(f"{op:20} {len(numbers):4} cases, {extra} kept, {failures} failed; {ran}", flush=True)
    unseen = arguments.against == "reference" and not (ran.get("cpu") or ran.get("core's, so called directly"))
    if unseen and not failures:
        print(f"FAIL {op}: no case reached cpu")
    return failures + unseen


def again(arguments, op, what):
    variant = f" --variant {arguments.variant}" if arguments.variant else ""
    case = f" --case {what}" if isinstance(what, int) else ""
    return (f"TENON_BUILD_DIR={BUILD} python tests/random/random_ops.py --against {arguments.against}{variant} "
            f"--seed {arguments.seed} --op {op}{case}")


def run_child(op, arguments):
    """Runs an operator in a child process; True when all of it passed."""
    shared = mmap.mmap(-1, 8)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 1 if run_operator(op, arguments, lambda i: struct.pack_into("q", shared, 0, i)) else 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        case = struct.unpack_from("q", shared, 0)[0]
        print(f"FAIL {op}: ended by signal {-status}\n    {again(arguments, op, case)}", flush=True)
    return status == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", choices=["reference", "onnxruntime"], default="reference")
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--op", help="names, separated by commas (default: all that cpu claims)")
    parser.add_argument("--case", type=int, help="only this one")
    parser.add_argument("--half", type=int, choices=[1, 2], help="every second operator")
    parser.add_argument("--variant", help="of cpu: avx512, avx2 or baseline (default: what the host takes)")
    arguments = parser.parse_args()
    arguments.folder = variant_folder(arguments.variant) if arguments.variant else None
    if arguments.variant and arguments.folder is None:
        print(f"cpu's variant {arguments.variant} is not in this build")
        return 77
    operators = claimed_operators()
    without = sorted(set(operators) ^ set(ROWS))
    if without:
        print(f"FAIL operators with a row or a line in ops.def, but not both: {', '.join(without)}")
    if arguments.op:
        operators = arguments.op.split(",")
    if arguments.half:
        operators = operators[arguments.half - 1::2]
    failed = [op for op in operators if op in ROWS and not run_child(op, arguments)]
    print(f"{len(operators)} operators, {arguments.cases} cases each, seed {arguments.seed}: "
          + (f"failed: {', '.join(failed)}" if failed else "all agree"))
    return 1 if failed or without else 0


if __name__ == "__main__":
    sys.exit(main())
