# SPDX-License-Identifier: Apache-2.0
"""Runs ONNX's operator cases through libtenon, in one process, and compares by value.

    run_cases.py [--provider reference|cpu] [--variant avx512|avx2|baseline] [--operators A,B,...|all]
                 [--option NAME=VALUE] [-k TEXT] [-v]

A case counts when it has only the operators asked for (by default the 64 that the models of tests/models use, and those
of core/structure), in its bodies too. --provider cpu names cpu first and reference behind it; both are named, so nothing
else runs a node. --variant takes that build of cpu, whatever this machine would choose. Prints a table by operator and,
for each failure, why and the command that runs it alone. Libraries: see tests/driver/tenon_ctypes.py.
"""

import argparse
import collections
import os
import sys

import numpy as np
from onnx import AttributeProto

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]
import onnx_cases  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from provider_variant import variant_folder  # noqa: E402

OPERATORS = """
    Add And AveragePool BatchNormalization Cast Clip Concat Constant ConstantOfShape Conv ConvTranspose Cos Div Dropout
    Equal Exp Expand Flatten Gather GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool GreaterOrEqual HardSigmoid
    Identity If IsNaN LRN LSTM LayerNormalization LessOrEqual MatMul Max MaxPool Mul Neg Not Pad Pow Range Reciprocal
    ReduceMax ReduceMean ReduceSum Relu Reshape Resize Shape Sigmoid Sin Size Slice Softmax Split Sqrt Squeeze Sub Sum
    Tanh Transpose Unsqueeze Where
    ConcatFromSequence Loop Optional OptionalGetElement OptionalHasElement Scan SequenceAt SequenceConstruct SequenceEmpty
    SequenceErase SequenceInsert SequenceLength SequenceMap SplitToSequence
""".split()
# Old forms without a later one: these cases have to end with UNSUPPORTED.
REFUSED = {"test_scan_sum"}
PROVIDERS = {"reference": ["reference"], "cpu": ["cpu", "reference"]}


def operators_of(graph):
    """Names of the operators of a graph and of its bodies."""
    found = set()
    for node in graph.node:
        found.add(node.op_type)
        for attribute in node.attribute:
            bodies = [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs
            for body in bodies:
                found |= operators_of(body)
    return found


def title(case):
    """The operator that a case is about, by the case's name."""
    used = {node.op_type for node in case.model.graph.node}
    plain = case.name.removeprefix("test_").replace("_", "").lower()
    named = ([name for name in used if plain.startswith(name.lower())]
             or [name for name in used if name.lower() in plain])
    return max(named, key=len) if named else (used.pop() if len(used) == 1 else "(expanded)")


def run_case(case, env, settings, placed):
    """None when the case passes, else why not. Adds the places of its nodes to `placed`."""
    session = tenon.Session(case.model.SerializeToString(), env=env, **settings)
    for node in session.placement()["nodes"]:
        placed[node.get("provider") or node["class"]] += 1
    for inputs, outputs in case.sets:
        results = session.run(list(inputs))
        for value, got, want in zip(session.outputs, results, outputs, strict=True):
            if case.drawn():
                wrong = (f"got {got.dtype} {got.shape}, expected {want.dtype} {want.shape}"
                         if (got.dtype, got.shape) != (want.dtype, want.shape) else None)
            else:
                wrong = onnx_cases.difference(got, want, case.rtol, case.atol)
            if wrong:
                return f"output '{value['name']}': {wrong}"
    return None


def table(counts):
    """Lines: an operator, passed, failed."""
    lines = [f"{'operator':22} {'passed':>6} {'failed':>6}"]
    for name in sorted(counts):
        lines.append(f"{name:22} {counts[name]['passed']:6} {counts[name]['failed'] or '-':>6}")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=sorted(PROVIDERS), default="reference")
    parser.add_argument("--operators", default=",".join(OPERATORS), help="the only operators that a case may have")
    parser.add_argument("--variant", help="of cpu: avx512, avx2 or baseline (default: what the host takes)")
    parser.add_argument("--provider-dir", action="append", help="another folder to look for providers in")
    parser.add_argument("--option", action="append", default=[], help="of the session, such as passes=none")
    parser.add_argument("-k", default="", help="only cases whose name has this text")
    parser.add_argument("-v", action="store_true", help="name the cases that pass as well")
    args = parser.parse_args()
    allowed = None if args.operators == "all" else set(args.operators.split(","))
    folder = variant_folder(args.variant) if args.variant else None
    if args.variant and folder is None:
        print(f"cpu's variant {args.variant} is not in this build")
        return 77
    env = tenon.Env([folder.name], only_dirs=True) if folder else tenon.Env(provider_dirs=args.provider_dir)
    settings = {"providers": PROVIDERS[args.provider], "options": dict(text.split("=", 1) for text in args.option)}
    chosen = "".join(f" --option {text}" for text in args.option) + (f" --variant {args.variant}" if folder else "")
    counts = collections.defaultdict(collections.Counter)
    totals, placed = collections.Counter(), collections.Counter()
    for case in onnx_cases.collect():
        if args.k not in case.name or not (allowed is None or operators_of(case.model.graph) <= allowed):
            continue
        try:
            wrong = run_case(case, env, settings, placed)
        except tenon.TenonError as error:
            wrong = str(error)
            if case.name in REFUSED and error.name == "UNSUPPORTED":
                totals["refused by name"] += 1
                continue
        result = "failed" if wrong else "passed"
        counts[title(case)][result] += 1
        totals[result] += 1
        if wrong:
            again = f"python {os.path.relpath(__file__)} --provider {args.provider}{chosen} -k {case.name}"
            print(f"FAIL {case.name}: {wrong}\n    {again}", flush=True)
        elif args.v:
            print(f"ok {case.name}", flush=True)
    print("\n".join(table(counts)))
    print("nodes: " + ", ".join(f"{where} {n}" for where, n in placed.most_common()))
    print(f"{sum(totals.values())} cases: " + ", ".join(f"{n} {what}" for what, n in sorted(totals.items())))
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
