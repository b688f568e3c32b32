# SPDX-License-Identifier: Apache-2.0
"""One engine with one model, in a process of its own; bench/compare speaks to it over its standard streams.

Reads a JSON object a line: {"burst": seconds} answers {"times": [seconds, ...]}; {"outputs": path} writes an .npz;
{"quit": 1} ends. The first line it writes is {"load": seconds, "first": seconds, "peak": bytes, "note": text}.
"""
import json
import os
import sys
import time
from pathlib import Path

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
TESTS = Path(__file__).resolve().parent.parent / "tests"
sys.path[:0] = [str(TESTS / "models"), str(TESTS / "driver")]

import catalog  # noqa: E402
import numpy as np  # noqa: E402


def peak_bytes() -> int:
    """VmHWM of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def start_onnxruntime(path: Path, threads: int, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return (lambda: session.run(names, inputs)), f"onnxruntime {onnxruntime.__version__}"


def start_tenon(path: Path, threads: int, inputs, provider: str):
    import tenon_ctypes

    session = tenon_ctypes.Session(path, providers=[provider, "reference"], options={"policy": "warn"},
                                   env=tenon_ctypes.Env(threads=threads))
    values = [tenon_ctypes.Value.from_numpy(inputs[io["name"]]) for io in session.inputs]
    outputs = session.run_values(values)
    run = lambda: session.run_values(values, outputs)  # noqa: E731: outputs are written in place
    return run, f"tenon: {session.placement_line()}"


def main() -> None:
    engine, name, shape, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is not an answer
    model = catalog.by_name(name)
    path, inputs = model.path(), model.inputs(shape)
    begin = time.perf_counter()
    if engine == "onnxruntime":
        run, note = start_onnxruntime(path, threads, inputs)
    else:
        run, note = start_tenon(path, threads, inputs, engine.partition(":")[2] or "cpu")
    load = time.perf_counter() - begin
    begin = time.perf_counter()
    run()
    first = time.perf_counter() - begin
    answers.write(json.dumps({"load": load, "first": first, "peak": peak_bytes(), "note": note}) + "\n")
    for line in sys.stdin:
        request = json.loads(line)
        if "burst" in request:
            times, end = [], time.perf_counter() + request["burst"]
            while not times or time.perf_counter() < end:
                begin = time.perf_counter()
                run()
                times.append(time.perf_counter() - begin)
            answers.write(json.dumps({"times": times}) + "\n")
        elif "outputs" in request:
            arrays = [out if isinstance(out, np.ndarray) else out.numpy() for out in run()]
            np.savez(request["outputs"], *arrays)
            answers.write("{}\n")
        else:
            return


if __name__ == "__main__":
    main()
