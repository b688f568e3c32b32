# SPDX-License-Identifier: Apache-2.0
"""Loads mutated models: mutants.py COUNT [--seed N] [--from N] [--run] [--keep FOLDER]

Mutates the unfilled graphs of tests/models (each large weight a ConstantOfShape of the same dims, so that a mutant is
small and whole) by bytes (flips, cuts, copies, varints) and by meaning (inputs swapped or dropped, attributes and dims
changed, operators renamed, nodes copied). Every mutant must load or give an error with a code and a message; --run runs
those under 2 MB of activations that load. Mutants are loaded in children of 25; what ends a child is a finding: the
mutant is written to FOLDER (default: build/mutants) and its seed printed. Seeded: mutant N is the same every time.
"""
import argparse
import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "models"), str(HERE.parent / "driver")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

GRAPHS = ("mobilenet_v2", "resnet50", "whisper_tiny_encoder", "minilm", "efficientnet_b0", "decoder_plain", "vit_b_16",
          "bert_base")
BATCH = 25
STALL = 120 if "LD_PRELOAD" in os.environ else 40  # seconds without a word from a child that end it
OPTIONS = {"limit.load_ms": "20000", "memory_limit": "200000000", "policy": "allow"}


def unfilled(name: str) -> onnx.ModelProto:
    """The graph with each weight that is not in the file made by ConstantOfShape."""
    model = onnx.load(HERE.parent / "models" / f"{name}.onnx", load_external_data=False)
    kept, nodes, shapes = [], [], []
    for weight in model.graph.initializer:
        if weight.data_location != TensorProto.EXTERNAL:
            kept.append(weight)
            continue
        shapes.append(numpy_helper.from_array(np.array(weight.dims, np.int64), f"{weight.name}/dims"))
        value = helper.make_tensor("", weight.data_type, [1], [0.01])
        nodes.append(helper.make_node("ConstantOfShape", [f"{weight.name}/dims"], [weight.name], value=value))
    graph = model.graph
    nodes += graph.node
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(kept + shapes)
    return model


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(out))
        kind = rng.randrange(6)
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif kind == 2:
            del out[at:at + rng.choice((1, 2, 8, 64, 4096))]
        elif kind == 3:
            size = rng.choice((1, 8, 64, 512))
            out[at:at] = out[rng.randrange(len(out)):][:size]
        elif kind == 4:
            out[at:at + 1] = rng.choice((b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x08", b"\xff\xff\xff\xff\x0f"))
        else:
            del out[at:]
        if not out:
            return b"\0"
    return bytes(out)


def any_integer(rng: random.Random) -> int:
    return rng.choice((0, 1, -1, 2, 3, 7, 64, 1 << 31, -(1 << 31), 1 << 40, (1 << 63) - 1, -(1 << 63), rng.randrange(1000)))


def mutate_attribute(node: onnx.NodeProto, rng: random.Random) -> None:
    if not node.attribute:
        node.attribute.append(helper.make_attribute(rng.choice(("axis", "perm", "to", "bogus")), any_integer(rng)))
        return
    attribute = rng.choice(node.attribute)
    if attribute.ints and rng.random() < 0.8:
        attribute.ints[rng.randrange(len(attribute.ints))] = any_integer(rng)
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = any_integer(rng)
    elif attribute.type == onnx.AttributeProto.STRING:
        attribute.s = rng.choice((b"", b"same_upper", b"\xff\xfe", b"linear", b"x" * 1000))
    elif attribute.type == onnx.AttributeProto.TENSOR:
        attribute.t.dims[:] = [any_integer(rng)]
    else:
        attribute.type = rng.randrange(15)


def mutate_meaning(model: onnx.ModelProto, rng: random.Random) -> None:
    graph = model.graph
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        node = rng.choice(graph.node)
        kind = rng.randrange(10)
        if kind == 0 and node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice((rng.choice(rng.choice(graph.node).output or [""]), ""))
        elif kind == 1 and node.input:
            del node.input[rng.randrange(len(node.input)):]
        elif kind == 2:
            node.op_type = rng.choice((rng.choice(graph.node).op_type, "Loop", "Nothing", "LSTM", "Resize", "Split"))
        elif kind == 3:
            mutate_attribute(node, rng)
        elif kind == 4 and graph.initializer:
            weight = rng.choice(graph.initializer)
            if weight.dims and rng.random() < 0.5:
                weight.dims[rng.randrange(len(weight.dims))] = any_integer(rng)
            elif weight.data_type == TensorProto.INT64 and weight.raw_data:
                values = np.frombuffer(weight.raw_data, np.int64).copy()
                values[rng.randrange(len(values))] = any_integer(rng)
                weight.raw_data = values.tobytes()
            else:
                weight.data_type = rng.randrange(32)
        elif kind == 5:
            value = rng.choice((graph.input, graph.output))
            kinds = rng.choice(value).type.tensor_type
            kinds.elem_type = rng.choice((kinds.elem_type, rng.randrange(30)))
            for dim in kinds.shape.dim:
                if rng.random() < 0.5:
                    dim.dim_value = any_integer(rng)
        elif kind == 6:
            graph.node.append(node)
        elif kind == 7:
            graph.node.remove(node)
        elif kind == 8 and node.output:
            node.output[rng.randrange(len(node.output))] = rng.choice(rng.choice(graph.node).output or ["z"])
        else:
            model.opset_import[0].version = rng.choice((0, 1, 6, 7, 9, 11, 13, 17, 22, 28, 99))


_bases: dict[str, onnx.ModelProto] = {}


def mutant(number: int) -> tuple[str, bytes]:
    rng = random.Random(number)
    name = GRAPHS[min(int(rng.random() ** 2 * len(GRAPHS)), len(GRAPHS) - 1)]  # the small graphs more often
    if name not in _bases:
        _bases[name] = unfilled(name)
    model = onnx.ModelProto()
    model.CopyFrom(_bases[name])
    if rng.random() < 0.6:
        mutate_meaning(model, rng)
        return name, model.SerializeToString()
    return name, mutate_bytes(model.SerializeToString(), rng)


def try_one(data: bytes, run: bool, env: tenon.Env) -> str:
    try:
        session = tenon.Session(data, options=OPTIONS, env=env)
    except tenon.TenonError as error:
        return error.name if len(error.message) > 10 else "NO MESSAGE"
    if not run:
        return "loads"
    feeds = []
    for io in session.inputs:
        dtype = tenon._DTYPES.get(io["dtype"])
        if dtype is None or io["dims"] is None or io["dtype"] in tenon._BITS:
            return "loads"
        dims = [min(dim, 4096) if dim > 0 else 1 for dim in io["dims"]]
        if np.prod(dims, dtype=float) > 500_000:
            return "loads"
        feeds.append(np.ones(dims, dtype))
    try:
        session.run(feeds, options=tenon.RunOptions(timeout_ns=2_000_000_000))
        return "runs"
    except tenon.TenonError as error:
        return f"run {error.name}" if len(error.message) > 10 else "NO MESSAGE"


def child(numbers: list[int], run: bool, pipe: int) -> None:
    env = tenon.Env(threads=1)
    for number in numbers:
        os.write(pipe, f"begin {number}\n".encode())
        _, data = mutant(number)
        os.write(pipe, f"end {number} {try_one(data, run, env)}\n".encode())
    os._exit(0)


def run_batch(numbers: list[int], run: bool) -> tuple[Counter, int | None]:
    """What became of each, and the mutant at which the child died or hung."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        child(numbers, run, write)
    os.close(write)
    os.set_blocking(read, False)
    text, heard, open_number = b"", time.monotonic(), None
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        try:
            chunk = os.read(read, 1 << 20)
            text += chunk
            heard = time.monotonic() if chunk else heard
        except BlockingIOError:
            pass
        if done:
            break
        if time.monotonic() - heard > STALL:
            os.kill(pid, 9)
        time.sleep(0.01)
    while chunk := os.read(read, 1 << 20):
        text += chunk
    os.close(read)
    outcomes: Counter = Counter()
    for line in text.decode().splitlines():
        word, number, *outcome = line.split(" ", 2)
        open_number = int(number) if word == "begin" else None
        if word == "end":
            outcomes[outcome[0]] += 1
            if outcome[0] == "NO MESSAGE":
                print(f"NO MESSAGE: mutant {number}", flush=True)
    return outcomes, open_number if status != 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--run", action="store_true")
    parser.add_argument("--keep", type=Path, default=Path(os.environ.get("TENON_BUILD_DIR", "build")) / "mutants")
    arguments = parser.parse_args()
    tenon.library()
    for name in GRAPHS:
        _bases[name] = unfilled(name)
    total: Counter = Counter()
    findings, start = [], time.monotonic()
    queue = list(range(arguments.first, arguments.first + arguments.count))
    while queue:
        batch, queue = queue[:BATCH], queue[BATCH:]
        outcomes, dead = run_batch(batch, arguments.run)
        total += outcomes
        if dead is not None:
            findings.append(dead)
            arguments.keep.mkdir(parents=True, exist_ok=True)
            name, data = mutant(dead)
            (arguments.keep / f"{dead}.onnx").write_bytes(data)
            print(f"FINDING: mutant {dead} of {name}: mutants.py 1 --from {dead}{' --run' if arguments.run else ''}", flush=True)
            queue = batch[batch.index(dead) + 1:] + queue
    print(f"{sum(total.values())} mutants in {time.monotonic() - start:.0f} s: "
          + ", ".join(f"{name} {count}" for name, count in total.most_common()))
    print(f"{len(findings)} findings" + (f": {findings}" if findings else ""))
    return 1 if findings or total["NO MESSAGE"] else 0


if __name__ == "__main__":
    sys.exit(main())
