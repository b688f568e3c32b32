# SPDX-License-Identifier: Apache-2.0
"""Runs ONNX's operator cases on a provider's library alone, node by node over plugin.h, without core.

    node_cases.py LIBRARY [OPERATOR...] [--schemas] [-k TEXT] [-v]

Each node runs twice: with its outputs' memory asked for by the provider, then with memory given and parallel_for in
reverse; the bytes have to be equal. Cases with an operator that the library does not list, or of an opset older than
its form, or that draws numbers, are left out and counted.
--schemas also holds what the library lists (types, inputs, outputs) against the schemas of opset 28.
"""

import argparse
import collections
import os
import sys

from onnx import defs, shape_inference

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import onnx_cases  # noqa: E402
from plugin_host import Provider, ProviderError, Refused  # noqa: E402

OPSET = 28


def dtypes_of(model):
    graph = shape_inference.infer_shapes(model).graph
    values = list(graph.value_info) + list(graph.input) + list(graph.output)
    return {value.name: value.type.tensor_type.elem_type for value in values}


def older(provider, case):
    """Has a node the form of an older opset than the provider's?"""
    opset = next((o.version for o in case.model.opset_import if o.domain in ("", "ai.onnx")), OPSET)
    return any(opset < provider.forms.get(("ai.onnx", node.op_type), 0) for node in case.model.graph.node)


def run_node(provider, node, arrays, dtypes):
    results = provider.run(node, arrays, dtypes, opset=OPSET)
    provider.reverse = True
    again = provider.run(node, arrays, dtypes, given=[r.shape for r in results if r is not None], opset=OPSET)
    provider.reverse = False
    for name, one, two in zip(node.output, results, again):
        if one is not None and onnx_cases.difference(one, two, 0, 0):
            raise ProviderError(f"output '{name}' differs between two runs")
    return results


def run_case(provider, case):
    """None when the case passes, else why not."""
    dtypes = dtypes_of(case.model)
    for inputs, outputs in case.sets:
        values = dict(zip([value.name for value in case.model.graph.input], inputs))
        for node in case.model.graph.node:
            arrays = [values[name] if name else None for name in node.input]
            results = run_node(provider, node, arrays, [dtypes.get(name, 1) for name in node.output])
            values.update((name, result) for name, result in zip(node.output, results) if result is not None)
        for value, want in zip(case.model.graph.output, outputs):
            wrong = onnx_cases.difference(values[value.name], want, case.rtol, case.atol)
            if wrong:
                return f"output '{value.name}': {wrong}"
    return None


def schema_types(schema, text):
    """Names of the dtypes that a type parameter or a fixed type of a schema allows."""
    for constraint in schema.type_constraints:
        if constraint.type_param_str == text:
            names = constraint.allowed_type_strs
            return {n[7:-1] for n in names if n.startswith("tensor(")}
    return {text[7:-1]}


def schema_operands(schema, operands):
    marks = {"Optional": "?", "Variadic": "...", "Single": ""}
    return [(frozenset(schema_types(schema, o.type_str)), marks[str(o.option).split(".")[-1]]) for o in operands]


def listed_operands(types, text):
    out = []
    for operand in filter(None, text.split(",")):
        mark = next((m for m in ("...", "?") if operand.endswith(m)), "")
        name = operand[:len(operand) - len(mark)]
        out.append((frozenset(types.get(name, {name})), mark))
    return out


def check_schemas(listing):
    """Lines about operators whose types or operands are not those of the schema."""
    wrong = []
    for line in listing.splitlines():
        domain, name, _form, *fields = line.split()
        fields = dict(field.split("=", 1) for field in fields)
        types = {key: set(value.split(",")) for key, value in fields.items() if key not in ("in", "out")}
        schema = defs.get_schema(name, OPSET, "" if domain == "ai.onnx" else domain)
        for side, operands in (("in", schema.inputs), ("out", schema.outputs)):
            got, want = listed_operands(types, fields[side]), schema_operands(schema, operands)
            for i in range(max(len(got), len(want))):
                g, w = (x[i] if i < len(x) else (frozenset(), "none") for x in (got, want))
                if g != w:
                    wrong.append(f"{name} {side} {i}: lacks {sorted(w[0] - g[0])}, has too many {sorted(g[0] - w[0])}, "
                                 f"mark '{g[1]}', expected '{w[1]}'")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("operators", nargs="*", help="only cases that have one of these")
    parser.add_argument("--schemas", action="store_true")
    parser.add_argument("-k", default="", help="only cases whose name has this text")
    parser.add_argument("-v", action="store_true", help="name the cases that pass as well")
    args = parser.parse_args()
    provider = Provider(args.library)
    listed = {op for _, op in provider.forms}
    unknown = set(args.operators) - listed
    if unknown:
        sys.exit(f"the library does not list {sorted(unknown)}")
    counts = collections.Counter()
    for case in onnx_cases.collect():
        used = case.operators()
        if args.k not in case.name or (args.operators and not used & set(args.operators)):
            continue
        if not used <= listed or not case.tensors_only() or case.drawn() or older(provider, case):
            counts["left out"] += 1
            continue
        try:
            wrong = run_case(provider, case)
        except (ProviderError, Refused) as error:
            wrong = f"{type(error).__name__}: {error}"
        counts["failed" if wrong else "passed"] += 1
        if wrong or args.v:
            print(f"{'FAIL' if wrong else 'ok'} {case.name}" + (f": {wrong}" if wrong else ""))
    lines = check_schemas(provider.listing()) if args.schemas else []
    print("\n".join(lines + [", ".join(f"{n} {what}" for what, n in sorted(counts.items()))]))
    sys.exit(1 if counts["failed"] or lines or not counts["passed"] else 0)


if __name__ == "__main__":
    main()
