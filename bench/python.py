#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tenon's Python package beside onnxruntime's: what a call, a copy, a session and an import cost.

Each engine runs in a process of its own; they take turns in short bursts, so that whatever else the machine does meets
both alike. Times are medians of the bursts' minima; the ratio is Tenon's over onnxruntime's, below 1 Tenon is faster.

Examples:
  bench/python.py                            everything
  bench/python.py add create import          three parts
  bench/python.py --package build/release/python --json out.json
  bench/python.py --package ''               the installed package tenon

Parts: add, add_binding, relu_1mb, relu_64mb, create, bert_base, import; sessions (memory and threads of 100 sessions of
one 64 MB model), sweep (resident memory after many shapes of minilm), one_core (threads under taskset), idle.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / "build" / "venv" / "bin" / "python"
if Path(sys.prefix) != PYTHON.parent.parent and PYTHON.exists():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
sys.path[:0] = [str(ROOT / "tests" / "models"), str(ROOT / "sdk" / "python" / "tests")]

TIMED = {"add": 1.0, "add_binding": 1.0, "relu_1mb": 1.0, "relu_64mb": 1.0, "create": 1.0, "bert_base": 1.5}
MEASURED = ("sessions", "sweep", "one_core", "idle")
ENGINES = ("tenon", "onnxruntime")


# ---- The worker: one engine and one part, in a process of its own ------------------------------------------------


def new_session(engine: str, source, threads: int):
    if engine == "tenon":
        import tenon

        return tenon.InferenceSession(source, environment=environment(threads))
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    source = source if isinstance(source, bytes) else str(source)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def environment(threads: int, made: dict = {}):
    import tenon

    if threads not in made:
        made[threads] = tenon.Environment(threads=threads)
    return made[threads]


def subject(engine: str, part: str, threads: int):
    """What one burst repeats."""
    import numpy as np
    import small
    from onnx import helper

    if part in ("add", "add_binding"):
        session = new_session(engine, small.add_of_opset(17), threads)
        feed = {"x": np.ones((1, 3), np.float32), "y": np.ones((1, 3), np.float32)}
        if part == "add":
            return lambda: session.run(None, feed)
        return bound(engine, session, feed, np.empty((1, 3), np.float32))
    if part.startswith("relu_"):
        count = int(part[5:-2]) * 2**20 // 4
        node = helper.make_node("Relu", ["x"], ["y"])
        source = small.model([node], [small.value("x", shape=("N",))], [small.value("y", shape=("N",))], opset=17)
        session = new_session(engine, source, threads)
        feed = {"x": np.linspace(-1, 1, count, dtype=np.float32)}
        return lambda: session.run(None, feed)
    if part == "create":
        names = [f"v{i}" for i in range(11)]
        nodes = [helper.make_node("Relu" if i % 2 else "Neg", [a], [b]) for i, (a, b) in enumerate(zip(names, names[1:]))]
        source = small.model(nodes, [small.value("v0")], [small.value("v10")], opset=17)
        return lambda: new_session(engine, source, threads)
    import catalog

    model = catalog.by_name(part)
    session, inputs = new_session(engine, model.path(), threads), model.inputs(0)
    return lambda: session.run(None, inputs)


def bound(engine: str, session, feed: dict, out):
    binding = session.io_binding()
    for name, array in feed.items():
        binding.bind_input(name, array) if engine == "tenon" else binding.bind_cpu_input(name, array)
    if engine == "tenon":
        binding.bind_output("z", out)
    else:
        binding.bind_output("z", "cpu", 0, out.dtype, out.shape, out.ctypes.data)
    return lambda: session.run_with_iobinding(binding)


def status(field: str) -> int:
    """A number of /proc/self/status; memory in bytes."""
    with open("/proc/self/status", encoding="ascii") as file:
        words = next(line for line in file if line.startswith(field + ":")).split()
    return int(words[1]) * (1024 if words[2:] == ["kB"] else 1)


def measure_sessions(engine: str, threads: int) -> dict:
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model_of_64_mb())
        feed = {"x": np.ones((1, 4096), np.float32)}
        new_session(engine, path, threads).run(None, feed)
        first = new_session(engine, path, threads)
        first.run(None, feed)
        before, threads_before = status("VmRSS"), status("Threads")
        sessions = [first]
        for _ in range(99):
            sessions.append(new_session(engine, path, threads))
            sessions[-1].run(None, feed)
        return {"growth_mb": (status("VmRSS") - before) / 1e6, "threads_of_one": threads_before,
                "threads_of_100": status("Threads")}


def model_of_64_mb() -> bytes:
    import numpy as np
    import small
    from onnx import helper

    weight = np.random.default_rng(0).standard_normal((4096, 4096), dtype=np.float32)
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return small.model([node], [small.value("x", shape=("N", 4096))], [small.value("y", shape=("N", 4096))],
                       [small.constant("w", weight)], opset=17)


def measure_sweep(engine: str, threads: int) -> dict:
    import catalog
    import numpy as np

    session = new_session(engine, catalog.by_name("minilm").path(), threads)

    def run(batch: int, length: int) -> None:
        session.run(None, {arg.name: np.ones((batch, length), np.int64) for arg in session.get_inputs()})

    run(1, 8)
    first, began = status("VmRSS"), time.perf_counter()
    peak = first
    for power in range(7):
        for length in (8, 16, 32, 64, 128, 256, 512):
            run(2**power, length)
            peak = max(peak, status("VmRSS"))
    took = time.perf_counter() - began
    run(1, 8)
    time.sleep(1)
    idle = status("VmRSS")
    began = time.perf_counter()
    while time.perf_counter() - began < 1:
        run(1, 8)
    after = status("VmRSS")
    # idle: one run and then nothing for a second; after: a second of runs.
    return {"first_mb": first / 1e6, "peak_mb": peak / 1e6, "idle_mb": idle / 1e6, "after_mb": after / 1e6,
            "growth": after / first - 1, "seconds": took}


def measure_one_core(engine: str, threads: int) -> dict:
    import numpy as np
    import small

    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    before = status("Threads")
    session = new_session(engine, small.add_of_opset(17), 0)
    for _ in range(3):
        session.run(None, {"x": np.ones((100_000, 3), np.float32), "y": np.ones((100_000, 3), np.float32)})
    return {"more_threads": status("Threads") - before}


def measure_idle(engine: str, threads: int) -> dict:
    run = subject(engine, "relu_64mb", threads)
    run()
    time.sleep(0.2)
    before = time.process_time()
    time.sleep(1)
    return {"ms": (time.process_time() - before) * 1e3}


def work(engine: str, part: str, threads: int) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is not an answer
    if part in MEASURED:
        answers.write(json.dumps(globals()[f"measure_{part}"](engine, threads)) + "\n")
        return
    run = subject(engine, part, threads)
    run()
    answers.write("{}\n")
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        while not times or time.perf_counter() < end:
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        answers.write(json.dumps({"min": min(times), "median": statistics.median(times), "runs": len(times)}) + "\n")


# ---- The program -------------------------------------------------------------------------------------------------


class Worker:
    def __init__(self, engine: str, part: str, arguments):
        self.process = subprocess.Popen(
            [str(PYTHON), __file__, "--worker", engine, "--threads", str(arguments.threads), part],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables(arguments))
        self.bursts: list[dict] = []
        self.first = self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker ended with status {self.process.wait()}")
        return json.loads(line)

    def burst(self, seconds: float) -> None:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        self.bursts.append(self.answer())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)


def variables(arguments) -> dict[str, str]:
    path = [arguments.package] if arguments.package else []
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*path, *filter(None, [os.environ.get("PYTHONPATH")])])}


def side_by_side(part: str, arguments) -> dict:
    workers = {engine: Worker(engine, part, arguments) for engine in ENGINES}
    for i in range(arguments.bursts):
        for engine in (ENGINES if i % 2 == 0 else ENGINES[::-1]):
            workers[engine].burst(arguments.seconds)
    for worker in workers.values():
        worker.close()
    row: dict = {"part": part, "limit": TIMED[part]}
    for engine, worker in workers.items():
        row[engine] = {"ms": statistics.median(burst["min"] for burst in worker.bursts) * 1e3,
                       "median_ms": statistics.median(burst["median"] for burst in worker.bursts) * 1e3,
                       "runs": sum(burst["runs"] for burst in worker.bursts)}
    row["ratio"] = row["tenon"]["ms"] / row["onnxruntime"]["ms"]
    row["median_ratio"] = row["tenon"]["median_ms"] / row["onnxruntime"]["median_ms"]
    return row


def imports(arguments) -> dict:
    """`import X` over `import numpy`, each in a new interpreter that has run the same before."""
    times: dict[str, list[float]] = {name: [] for name in ("numpy", *ENGINES)}
    for i in range(arguments.bursts + 1):
        for name in times:
            code = f"import time; t = time.perf_counter(); import numpy, {name}; print(time.perf_counter() - t)"
            done = subprocess.run([str(PYTHON), "-c", code], env=variables(arguments), capture_output=True, text=True, check=True)
            if i > 0:
                times[name].append(float(done.stdout))
    best = {name: min(each) * 1e3 for name, each in times.items()}
    return {"part": "import", "numpy_ms": best["numpy"],
            **{engine: {"ms": best[engine] - best["numpy"]} for engine in ENGINES},
            "ratio": (best["tenon"] - best["numpy"]) / (best["onnxruntime"] - best["numpy"]), "limit_ms": 50}


def measured(part: str, arguments) -> dict:
    row: dict = {"part": part}
    for engine in ENGINES:
        worker = Worker(engine, part, arguments)
        row[engine] = worker.first
        worker.close()
    return row


def text_of(row: dict) -> str:
    if row["part"] in MEASURED:
        def fields(values: dict) -> str:
            return ", ".join(f"{name} {value:.4g}" for name, value in values.items())

        return "\n".join(f"{row['part']:<12} {engine:<12} {fields(row[engine])}" for engine in ENGINES)
    limit = f"{row['limit']:.1f}x" if "limit" in row else f"{row['limit_ms']} ms"
    ours, theirs = row["tenon"]["ms"], row["onnxruntime"]["ms"]
    median = f"{row['median_ratio']:8.2f}x" if "median_ratio" in row else " " * 9
    return f"{row['part']:<12} {ours:12.4f} {theirs:12.4f} {row['ratio']:8.2f}x {median}  {limit}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="default: all")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each engine (default: cores)")
    parser.add_argument("--bursts", type=int, default=9, help="of each engine (default 9)")
    parser.add_argument("--seconds", type=float, default=0.4, help="a burst (default 0.4)")
    parser.add_argument("--package", default=str(ROOT / "build" / "release" / "python"), help="folder of the package tenon")
    parser.add_argument("--json", help="write all figures to this file")
    parser.add_argument("--worker", choices=ENGINES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        return work(arguments.worker, arguments.parts[0], arguments.threads)
    known = [*TIMED, "import", *MEASURED]
    unknown = sorted(set(arguments.parts) - set(known))
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are: {', '.join(known)}")
    rows = []
    print(f"{arguments.threads} threads; times in ms\n{'part':<12} {'tenon':>12} {'onnxruntime':>12} {'ratio':>9} {'medians':>9}  at most")
    for part in arguments.parts or known:
        rows.append(imports(arguments) if part == "import" else measured(part, arguments) if part in MEASURED
                    else side_by_side(part, arguments))
        print(text_of(rows[-1]), flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"threads": arguments.threads, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
