# SPDX-License-Identifier: Apache-2.0
"""Agreement with onnxruntime on whole models: agreement.py [MODEL...] [--provider ID] [--threads N]

Same file, same inputs, each set of shapes of tests/models/catalog.py. An output's error is its largest absolute
difference over the largest magnitude of onnxruntime's output; it may be at most 1e-3. Prints a row a model and shape,
with the placement line, and the nodes that run on another provider than the one named. Exit status 1: something is off.
"""
import argparse
import os
import sys
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = [str(Path(__file__).resolve().parent)]

import catalog_path  # noqa: E402, F401: puts catalog and driver on the path
import catalog  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

TOLERANCE = 1e-3


def relative_error(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest absolute difference over the scale of `theirs`; infinite when shape, dtype or NaNs differ."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return float("inf")
    if ours.size == 0:
        return 0.0
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    scale = float(np.nanmax(np.abs(b))) if not np.isnan(b).all() else 0.0
    worst = float(np.nanmax(np.abs(a - b))) if not np.isnan(b).all() else 0.0
    return worst / scale if scale > 0 else worst


def ort_session(path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def elsewhere(session, provider: str) -> list[str]:
    """Lines about nodes that run on a provider, but not on the one named."""
    counts: dict[tuple[str, str, str], int] = {}
    for node in session.placement()["nodes"]:
        if node.get("class") == "provider" and node.get("provider") != provider:
            said = next((o["text"] for o in node.get("others", []) if o["provider"] == provider), "nothing")
            key = (node["op"], node["provider"], said)
            counts[key] = counts.get(key, 0) + 1
    return [f"    {count} {op} on {where}: {provider} said: {said}" for (op, where, said), count in counts.items()]


def check(model: catalog.Model, provider: str) -> bool:
    path = model.path()
    theirs = ort_session(path)
    names = [output.name for output in theirs.get_outputs()]
    start = time.perf_counter()
    options = {} if provider == "reference" else {"policy": "warn"}
    ours = tenon.Session(path, providers=[provider, "reference"] if provider != "reference" else [provider],
                         options=options)
    load = time.perf_counter() - start
    good = True
    for shape in range(len(model.shapes)):
        inputs = model.inputs(shape)
        expected = theirs.run(names, inputs)
        start = time.perf_counter()
        got = ours.run(inputs)
        elapsed = time.perf_counter() - start
        error = max(relative_error(a, b) for a, b in zip(got, expected, strict=True))
        good = good and error <= TOLERANCE
        dims = "x".join(str(dim) for dim in next(iter(inputs.values())).shape)
        print(f"{model.name:22} {dims:16} {error:9.2e} {'ok ' if error <= TOLERANCE else 'OFF'} load {load:6.2f} s "
              f"run {elapsed * 1e3:8.1f} ms", flush=True)
    print(f"    {ours.placement_line()}")
    print("\n".join(elsewhere(ours, provider)) or f"    no node on another provider than {provider}", flush=True)
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="names in the catalog (default: all)")
    parser.add_argument("--provider", default="cpu")
    arguments = parser.parse_args()
    models = [catalog.by_name(name) for name in arguments.models] or catalog.ALL + catalog.PROGRAMS
    bad = []
    for model in models:
        try:
            if not check(model, arguments.provider):
                bad.append(model.name)
        except tenon.TenonError as error:
            print(f"{model.name:22} ERROR {error}", flush=True)
            bad.append(model.name)
    print(f"{len(models) - len(bad)} of {len(models)} models agree" + (f"; off: {', '.join(bad)}" if bad else ""))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
