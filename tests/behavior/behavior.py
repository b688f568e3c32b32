# SPDX-License-Identifier: Apache-2.0
"""How sessions behave on real models: behavior.py bits|cancel|fork|shapes|leaks [MODEL...] [--provider ID]

  bits    the same bits at 1, 2, 3 and 4 threads (default: every model of the catalog)
  cancel  a run cancelled at 50 random moments, and 20 deadlines, leave a session that answers as before
  fork    a forked child runs the parent's session, and one of its own
  shapes  64 shapes in turn, then the first: resident memory within 20% of its first
  leaks   load, run and close in the `tenon` command, with each provider; in an AddressSanitizer build leaks are findings
"""
import argparse
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE.parent / "driver")]

import catalog  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from onnx import TensorProto, helper  # noqa: E402

BUILD = Path(os.environ["TENON_BUILD_DIR"])


def open_session(model: catalog.Model, provider: str, **more) -> tenon.Session:
    providers = [provider] if provider == "reference" else [provider, "reference"]
    return tenon.Session(model.path(), providers=providers, options={"policy": "warn"}, **more)


def digest(arrays) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(repr((array.dtype, array.shape)).encode() + np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def check_bits(models: list[catalog.Model], provider: str) -> bool:
    good = True
    for model in models:
        found = {}
        for threads in (1, 2, 3, 4):
            session = open_session(model, provider, env=tenon.Env(threads=threads))
            found[threads] = [digest(session.run(model.inputs(shape))) for shape in range(len(model.shapes))]
        same = len({tuple(each) for each in found.values()}) == 1
        good = good and same
        print(f"{'same bits at 1, 2, 3, 4 threads' if same else f'BITS DIFFER: {found}'}  {model.name} {found[1]}", flush=True)
    return good


def check_cancel(models: list[catalog.Model], provider: str) -> bool:
    good = True
    for model in models:
        session = open_session(model, provider)
        inputs = model.inputs()
        expected = digest(session.run(inputs))
        start = time.perf_counter()
        session.run(inputs)
        usual = time.perf_counter() - start
        moments, ended, latest = random.Random(7), {"cancelled": 0, "finished": 0, "deadline": 0}, 0.0
        for _ in range(50):
            options = tenon.RunOptions()
            timer = threading.Timer(moments.random() * usual, options.cancel)
            timer.start()
            try:
                good = digest(session.run(inputs, options=options)) == expected and good
                ended["finished"] += 1
            except tenon.TenonError as error:
                good = good and error.name == "CANCELLED"
                ended["cancelled"] += 1
            timer.join()
        for _ in range(20):
            limit = moments.random() * usual
            start = time.perf_counter()
            try:
                session.run(inputs, options=tenon.RunOptions(timeout_ns=int(limit * 1e9) + 1))
            except tenon.TenonError as error:
                good = good and error.name == "DEADLINE"
                ended["deadline"] += 1
                latest = max(latest, time.perf_counter() - start - limit)
        after = digest(session.run(inputs)) == expected
        good = good and after and ended["cancelled"] > 0 and ended["deadline"] > 0
        print(f"{model.name}: of 50 runs of {usual * 1e3:.1f} ms {ended['cancelled']} were cancelled, {ended['finished']} "
              f"finished first; of 20 deadlines {ended['deadline']} struck, the latest {latest * 1e3:.1f} ms late; afterwards "
              f"{'the same answer' if after else 'ANOTHER ANSWER'}")
    return good


def check_fork(models: list[catalog.Model], provider: str) -> bool:
    good = True
    for model in models:
        session = open_session(model, provider)
        inputs = model.inputs()
        expected = digest(session.run(inputs))
        child = os.fork()
        if child == 0:
            status = 1
            try:
                again = digest(session.run(inputs)) == expected
                status = 0 if again and digest(open_session(model, provider).run(inputs)) == expected else 1
            finally:
                os._exit(status)
        for _ in range(600):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                break
            time.sleep(0.1)
        else:
            os.kill(child, 9)
            os.waitpid(child, 0)
            status = -1
        same = status == 0 and digest(session.run(inputs)) == expected
        good = good and same
        print(f"{model.name}: parent and forked child {'give the same answer' if same else f'DIFFER (status {status})'}")
    return good


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def check_shapes(models: list[catalog.Model], provider: str) -> bool:
    good = True
    for model in models:
        session = open_session(model, provider)
        first = catalog.tokens(1, 16)(np.random.default_rng(0))
        for _ in range(3):
            session.run(first)
        before = peak = resident()
        for i in range(64):
            session.run(catalog.tokens(1 + i % 8, 8 + 4 * i)(np.random.default_rng(i)))
            peak = max(peak, resident())
        for _ in range(3):
            session.run(first)
        time.sleep(3)  # what is cached is given back after a while
        session.run(first)
        after = resident()
        good = good and after <= before * 1.2
        print(f"{model.name}: {before / 1e6:.0f} MB after the first shape, {peak / 1e6:.0f} MB at most over 64 shapes, "
              f"{after / 1e6:.0f} MB after the first again ({after / before:.2f} times)")
    return good


def tiny_model(path: Path) -> None:
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 8]) for name in "xy")
    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Add", ["a", "x"], ["b"]),
             helper.make_node("Softmax", ["b"], ["y"])]
    graph = helper.make_graph(nodes, "g", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)


def check_leaks(models: list[catalog.Model], provider: str) -> bool:
    environment = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=1"
    good = True
    with tempfile.TemporaryDirectory() as folder:
        tiny = Path(folder, "tiny.onnx")
        tiny_model(tiny)
        paths = [tiny] + [model.path() for model in models]
        for chosen in ("reference", "cpu", "null"):
            manifest = BUILD / "lib" / "tenon" / "providers.d" / f"tenon-{chosen}.json"
            if not manifest.exists():
                print(f"{chosen}: not in this build")
                continue
            for path in paths:
                names = dict.fromkeys((chosen, "reference"))
                command = [str(BUILD / "bin" / "tenon"), "run", str(path), "--policy", "allow"]
                command += ["--dim", "x[0]=1", "--dim", "x[2]=48", "--dim", "x[3]=192"] if path.name.startswith("ch_ppocr") else []
                command += [word for name in names for word in ("-p", name)]
                done = subprocess.run(command, env=environment, capture_output=True, text=True)
                clean = done.returncode == 0 and "LeakSanitizer" not in done.stderr
                good = good and clean
                print(f"{chosen} {path.name}: {'clean' if clean else done.stderr[-2000:]}")
    return good


CHECKS = {
    "bits": (check_bits, None), "cancel": (check_cancel, ["resnet50", "magika"]), "fork": (check_fork, ["magika", "mobilenet_v2"]),
    "shapes": (check_shapes, ["minilm"]), "leaks": (check_leaks, ["magika", "ppocr_cls"]),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", choices=CHECKS)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--provider", default="cpu")
    arguments = parser.parse_args()
    function, usual = CHECKS[arguments.check]
    names = arguments.models or usual
    models = [catalog.by_name(name) for name in names] if names else list(catalog.ALL)
    return 0 if function(models, arguments.provider) else 1


if __name__ == "__main__":
    sys.exit(main())
