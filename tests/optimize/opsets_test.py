# SPDX-License-Identifier: Apache-2.0
"""Nodes on their way to older opsets, against onnxruntime: opsets_test.py [--few] [--only TEXT]

1. Nodes of old opsets (tests/cases/old_opsets.py), written for their own opset with no passes: the same answer.
2. ONNX's operator cases, written for their own opset and for older ones: where a file comes out, onnxruntime's answer to
   it is the one to the original, or the one that ONNX expects (its kernels are not all what the operator's function
   says); where none does, the error names the node. --few: each twentieth of them.
What onnxruntime can't load before is left out, what it can't load afterwards is a finding.
"""
import argparse
import collections
import os
import sys
import tempfile
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("cases", "driver")]

import numpy as np  # noqa: E402
import old_opsets  # noqa: E402
import onnx  # noqa: E402
import onnx_cases  # noqa: E402
import onnxruntime  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

TARGETS = (7, 8, 9, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21, 22)


def run(model: bytes, inputs: dict):
    """The outputs, or None when onnxruntime does not take the model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return session.run(None, inputs)
    except Exception:  # noqa: BLE001: it has no base class for its errors
        return None


class Checker:
    def __init__(self, folder: Path):
        self.out, self.counts, self.failures = folder / "out.onnx", collections.Counter(), []

    def fail(self, title: str, why: str) -> None:
        self.failures.append(f"{title}: {why}")
        print(f"FAIL {title}: {why}", flush=True)

    def check(self, title: str, model: bytes, inputs: dict, answers: tuple, opset: int, difference) -> None:
        """answers: any of them will do."""
        try:
            tenon.optimize(model, self.out, opset=opset, options={"passes": "none"})
        except tenon.TenonError as error:
            named = error.fields.get("node") and error.fields.get("op")
            self.counts["refused"] += 1
            if opset == 0 and error.name == "UNSUPPORTED" and named and "can't be written" in error.message:
                self.fail(title, f"its own opset is refused: {error}")
            elif not named and error.name not in ("VERSION", "INVALID_MODEL"):
                self.fail(title, f"the error names no node: {error}")
            return
        written = self.out.read_bytes()
        try:
            onnx.checker.check_model(written, full_check=False)
        except onnx.checker.ValidationError as error:
            self.fail(title, f"no valid model: {error}")
            return
        got = run(written, inputs)
        if got is None:
            self.counts["not loaded"] += 1
            if opset == 0:
                self.fail(title, "onnxruntime does not take the file")
            return
        self.counts["same"] += 1
        wrong = [next(filter(None, (difference(np.asarray(a), np.asarray(b)) for a, b in zip(got, one, strict=True))), None)
                 for one in answers]
        if all(wrong):
            self.fail(title, wrong[0])


def old_nodes(checker: Checker, only: str) -> None:
    for op, opset, inputs, tolerance, outputs, constants, attributes in old_opsets.CASES:
        model = old_opsets.model_of(op, opset, inputs, outputs, constants, attributes)
        feeds = {f"x{i}": x for i, x in enumerate(inputs)}
        title = f"{op} of opset {opset} {attributes}"
        if only in title:
            want = run(model, feeds)
            for target in (0, *(t for t in TARGETS if t <= 13)):
                checker.check(f"{title} for {target}", model, feeds, (want,), target,
                              lambda a, b: old_opsets.difference(a, b, tolerance))


def cases(checker: Checker, only: str, few: bool) -> None:
    for case in onnx_cases.collect()[::20 if few else 1]:
        if only not in case.name or not case.tensors_only() or "expanded" in case.name or not case.sets:
            continue
        model = case.model.SerializeToString()
        names = [value.name for value in case.model.graph.input]
        feeds = {name: array for name, array in zip(names, case.sets[0][0]) if name}
        want = run(model, feeds)
        if want is None:
            continue
        own = next((entry.version for entry in case.model.opset_import if entry.domain == ""), 0)
        for target in (0, *(t for t in TARGETS if t < own)):
            checker.check(f"{case.name} for {target}", model, feeds, (want, case.sets[0][1]), target,
                          lambda a, b: onnx_cases.difference(a, b, case.rtol, max(case.atol, 1e-6)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", action="store_true")
    parser.add_argument("--only", default="", metavar="TEXT")
    arguments = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    with tempfile.TemporaryDirectory() as temporary:
        checker = Checker(Path(temporary))
        old_nodes(checker, arguments.only)
        cases(checker, arguments.only, arguments.few)
    counts = checker.counts
    print(f"{counts['same']} files with the same answer, {counts['refused']} refused by node, {counts['not loaded']} that "
          f"onnxruntime has no kernels for; {len(checker.failures)} wrong")
    return 1 if checker.failures or counts["same"] < (1 if arguments.only else 300) else 0


if __name__ == "__main__":
    sys.exit(main())
