# SPDX-License-Identifier: Apache-2.0
"""`tenon optimize` on whole models: optimize_test.py [MODEL...] [--opsets N...]

For each model of tests/models/catalog.py: onnxruntime's answer to the file that the command writes against its answer to
the original, for each set of shapes. An output's error is its largest absolute difference over the largest magnitude of
the original's output; it may be at most 1e-3, or twice what onnxruntime's own optimizations change of the original, where
that is more (ppocr_det finds next to nothing in noise: its outputs are below 1e-3). The file is read by Tenon, too, and its interface
compared. --opsets: also written for those. Prints a row a file. Exit status 1: something is off.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / folder) for folder in ("agreement", "models", "driver")]

import agreement  # noqa: E402
import catalog  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

TENON = Path(os.environ["TENON_BUILD_DIR"], "bin", "tenon")


def write(model: Path, out: Path, opset: int | None) -> tuple[dict, float]:
    """The command's report and its seconds."""
    command = [str(TENON), "optimize", str(model), "-o", str(out), "--json"]
    start = time.perf_counter()
    done = subprocess.run(command + (["--opset", str(opset)] if opset else []), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def own_difference(path: Path, inputs: dict, expected: list) -> float:
    """What onnxruntime's optimizations change of its answer."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    plain = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]).run(None, inputs)
    return max(agreement.relative_error(a, b) for a, b in zip(plain, expected, strict=True))


def interface(path: Path) -> list:
    """Names, types and named dims of inputs and outputs (sizes that are now known aside), metadata."""
    model = onnx.load(path, load_external_data=False)
    initializers = {tensor.name for tensor in model.graph.initializer} if model.ir_version < 4 else set()

    def shown(value) -> tuple:
        kind = value.type.tensor_type
        symbols = [dim.dim_param for dim in kind.shape.dim if dim.dim_param.isidentifier()]
        return value.name, kind.elem_type, symbols

    inputs = [shown(value) for value in model.graph.input if value.name not in initializers]
    return [inputs, [shown(value)[:2] for value in model.graph.output],
            sorted((entry.key, entry.value) for entry in model.metadata_props)]


def check(model: catalog.Model, opset: int | None, folder: Path) -> bool:
    path, out = model.path(), folder / f"{model.name}.onnx"
    report, seconds = write(path, out, opset)
    original, written = agreement.ort_session(path), agreement.ort_session(out)
    names = [output.name for output in original.get_outputs()]
    again = tenon.Session(out)
    worst, through_tenon, allowed = 0.0, 0.0, agreement.TOLERANCE
    for shape in range(len(model.shapes)):
        inputs = model.inputs(shape)
        expected = original.run(names, inputs)
        errors = [agreement.relative_error(a, b) for a, b in zip(written.run(names, inputs), expected, strict=True)]
        worst = max([worst, *errors])
        errors = [agreement.relative_error(a, b) for a, b in zip(again.run(inputs), expected, strict=True)]
        through_tenon = max([through_tenon, *errors])
        if max(worst, through_tenon) > allowed:
            allowed = max(allowed, 2 * own_difference(path, inputs, expected))
    same = interface(path) == interface(out)
    good = worst <= allowed and through_tenon <= allowed and same
    parts = ", ".join(f"{op} {n}" for op, n in report["expanded"].items())
    print(f"{model.name:22} opset {report['opset']:2} {report['nodes_before']:5} -> {report['nodes']:4} nodes "
          f"{path.stat().st_size / 1e6:7.1f} -> {report['bytes'] / 1e6:7.1f} MB in {seconds:5.1f} s, "
          f"onnxruntime {worst:8.2e}, tenon {through_tenon:8.2e} {'ok' if good else 'OFF'}"
          f"{'' if allowed == agreement.TOLERANCE else f' (allowed {allowed:.2e})'}"
          f"{'' if same else ' other interface'}{f'; taken apart: {parts}' if parts else ''}", flush=True)
    out.unlink()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="names in the catalog (default: all)")
    parser.add_argument("--opsets", nargs="*", type=int, default=[])
    arguments = parser.parse_args()
    models = [catalog.by_name(name) for name in arguments.models] or catalog.ALL
    bad, count = [], 0
    with tempfile.TemporaryDirectory() as temporary:
        for model in models:
            for opset in [None, *arguments.opsets]:
                count += 1
                try:
                    good = check(model, opset, Path(temporary))
                except Exception as error:  # noqa: BLE001: each is a finding about this model
                    print(f"{model.name:22} opset {opset}: {error}", flush=True)
                    good = False
                if not good:
                    bad.append(f"{model.name} for {opset or 'its own opset'}")
    print(f"{count - len(bad)} of {count} files agree" + (f"; off: {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
