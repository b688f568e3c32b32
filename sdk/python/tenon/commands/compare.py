# SPDX-License-Identifier: Apache-2.0
"""``tenon compare A B MODEL``: the same model on two sides, node by node."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path
from typing import Any, Sequence

import tenon

from ._difference import Tolerance
from ._inputs import make_feed, read_dims
from ._sides import ONNXRUNTIME, Loading, UsageError, open_side
from ._walk import Comparison, Row, compare_model, shown_nodes

_DESCRIPTION = """\
Runs MODEL on A and on B with the same inputs, compares every value that a node makes, names the first node whose value
differs, and prints how the error grows. A and B are each a provider id (cpu), several in order of preference
(cpu+reference), a provider with options (npu:core=1+reference), or onnxruntime."""

_EPILOG = """\
The error of a value is the largest difference over the largest magnitude that the value has on A (an element from 1e30
on, as masks have them, is held to its own magnitude). `growth` is that
error over the largest error among the node's inputs; `new` stands where the inputs agree to the bit. `ulp` is the
distance in units in the last place: median, 99th percentile.

An If is followed into the branch that A takes, from A's values. Passes and fusion are off unless --passes is given, so
that every node keeps its value; with them, values that both sides still make are compared.

Examples:
  tenon compare cpu reference model.onnx
  tenon compare cpu+reference onnxruntime model.onnx --dim batch=2 --seed 7
  tenon compare cpu onnxruntime model.onnx -i inputs.npz --rtol 1e-3 --atol 1e-5
  tenon compare cpu reference model.onnx --passes all --all
  tenon compare npu+reference reference model.onnx --provider-dir build --json

Exit status: 0 the sides agree, 1 they differ, 2 something is wrong with the call, the model or a side."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    options = _parser().parse_args(arguments)
    progress = Progress()
    try:
        return _compare(options, progress)
    except KeyboardInterrupt:
        progress.clear()
        print("tenon compare: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (UsageError, OSError, tenon.Error) as error:
        return _complain(progress, error)
    except Exception as error:  # onnxruntime's own classes have no common base but this
        if ONNXRUNTIME not in (options.a.partition(":")[0], options.b.partition(":")[0]):
            raise
        return _complain(progress, error)


def _complain(progress: Progress, error: Exception) -> int:
    progress.clear()
    code = f"{error.code_name}: " if isinstance(error, tenon.Error) else ""
    print(f"tenon compare: {code}{error}", file=sys.stderr)
    if isinstance(error, tenon.PlacementError):
        print("  a side may name several providers, such as cpu+reference", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "tenon compare", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("a", metavar="A", help="the side that is held to be right")
    parser.add_argument("b", metavar="B", help="the side that is compared with it")
    parser.add_argument("model", metavar="MODEL", help="an ONNX model")
    add = parser.add_argument
    add("-i", "--input", "--inputs", action="append", default=[], metavar="[NAME=]FILE", dest="inputs",
        help="an input's .npy, or .npz with names; others are drawn")
    add("--dim", action="append", default=[], metavar="NAME=N", help="a dim of inputs that are drawn: by name, or INPUT[AXIS]=N")
    add("--seed", type=int, default=0, metavar="N", help="of the inputs that are drawn (default 0)")
    add("--tolerance", type=float, metavar="T",
        help="largest error that passes (default: float32 1e-3, float64 1e-9, float16 2e-2, bfloat16 1e-1, others 0)")
    add("--rtol", type=float, metavar="R", help="each element may be off by ATOL + R * |A|, in place of --tolerance")
    add("--atol", type=float, metavar="ATOL", help="see --rtol")
    add("--passes", default="none", metavar="LIST", help="none (default), exact or all: compare as optimised")
    add("--chunk", type=int, metavar="N", help="values held at a time (default: as many as stay under 512 MiB)")
    add("--all", action="store_true", help="print every value, not only those that tell something")
    add("--top", type=int, default=15, metavar="N", help="values printed, those first that add most error (default 15)")
    add("--json", action="store_true", help="print JSON, every value in it")
    add("-O", "--option", action="append", default=[], metavar="NAME=VALUE", help="session option of Tenon's sides")
    add("--provider-dir", action="append", default=[], metavar="DIR", help="search this folder for provider manifests first")
    add("--no-default-dirs", action="store_true", help="search the folders of --provider-dir only")
    add("--threads", type=int, default=0, metavar="N", help="threads of each side (0: what affinity and quota allow)")
    return parser


class Progress:
    """What is being done, on a terminal's last line, once it lasts."""

    def __init__(self) -> None:
        self._start, self._shown = time.monotonic(), False

    def show(self, text: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - self._start > 0.3:
            self._shown = True
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def _compare(options: argparse.Namespace, progress: Progress) -> int:
    if options.tolerance is not None and (options.rtol is not None or options.atol is not None):
        raise UsageError("--tolerance goes without --rtol and --atol")
    if options.chunk is not None and options.chunk < 1:
        raise UsageError(f"--chunk {options.chunk}: at least 1")
    settings = dict(text.partition("=")[::2] for text in options.option)
    environment = tenon.Environment(
        threads=options.threads, provider_dirs=options.provider_dir, no_default_dirs=options.no_default_dirs
    )
    sides = (open_side(options.a, environment), open_side(options.b, environment))
    folder = os.path.dirname(os.path.abspath(options.model))
    work = Comparison(
        sides=sides,
        how=Loading(options.passes, settings, options.threads, folder),
        tolerance=Tolerance(options.tolerance, options.rtol, options.atol),
        chunk=options.chunk,
        progress=progress,
    )
    progress.show(f"{sides[0].name}: loading {options.model}")
    sides[0].load(options.model, work.how)
    data = Path(options.model).read_bytes()
    feed = make_feed(sides[0].inputs(), options.inputs, read_dims(options.dim), options.seed)
    sides[0].close()
    shown = None if options.passes == "none" else shown_nodes(work, options.model)
    compare_model(work, data, feed, shown)
    progress.clear()
    first = first_difference(work.rows)
    if options.json:
        print(json.dumps(_json(options, work, first), indent=1))
    else:
        _print(options, work, first)
    return 1 if first else 0


def first_difference(rows: Sequence[Row]) -> Row | None:
    """The first value that differs, in the model's order. An If that differs yields to the node in its branch that does."""
    first = next((row for row in rows if row.found.different and not row.nondeterministic), None)
    if first is not None and first.op == "If":
        inner = (row for row in rows if row.path.startswith(first.path + ".") and row.found.different)
        return next(inner, first)
    return first


def _json(options: argparse.Namespace, work: Comparison, first: Row | None) -> dict[str, Any]:
    return {
        "a": options.a,
        "b": options.b,
        "model": options.model,
        "passes": options.passes,
        "tolerance": str(work.tolerance),
        "equal": first is None,
        "nodes": work.nodes,
        "different": sum(row.found.different for row in work.rows),
        "first": _record(first) if first else None,
        "values": [_record(row) for row in work.rows],
        "notes": work.notes,
    }


def _record(row: Row) -> dict[str, Any]:
    found = row.found
    return {
        "node": row.path,
        "op": row.op,
        "value": row.value,
        "type": row.type,
        "a": row.places[0],
        "b": row.places[1],
        "error": _finite(found.error),
        "absolute": _finite(found.absolute),
        "scale": found.scale,
        "input_error": _finite(row.input_error),
        "growth": _finite(row.growth),
        "ulp": dict(zip(("median", "p99", "max"), found.ulp)) if found.ulp else None,
        "different": found.different,
        "text": found.text,
    }


def _finite(value: float) -> float | str:
    return value if math.isfinite(value) else "inf"  # JSON has no infinity


def _print(options: argparse.Namespace, work: Comparison, first: Row | None) -> None:
    rows = work.rows if options.all else _telling(work.rows, first, options.top)
    table = [("", "node", "operator", "output", "type", *_heads(options), "error", "growth", "ulp")]
    for row in rows:
        mark = "->" if row is first else "*" if row.found.different else ""
        table.append((mark, _tail(row.path, 56), row.op, _tail(row.value, 32), row.type, *row.places, *_numbers(row)))
    if rows:
        widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
        for line in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        left = len(work.rows) - len(rows)
        print(f"({left} more values; --all prints them)\n" if left else "")
    for text in work.notes:
        print(f"note: {text}")
    bits = sum(row.found.error == 0 for row in work.rows)
    print(f"{work.nodes} nodes, {len(work.rows)} values: {bits} equal, "
          f"{sum(row.found.different for row in work.rows)} differ by more than {work.tolerance}")
    if first is None:
        print(f"{options.b} agrees with {options.a}")
        return
    before = "its inputs agree to the bit" if not first.input_error else f"its inputs differ by {first.input_error:.2g}"
    print(f"first difference: {first.path} ({first.op}), output '{first.value}' on {first.places[1]}: error "
          f"{first.found.error:.2g} of its scale {first.found.scale:.3g}; {before}")
    print(f"  {first.found.text}")


def _tail(text: str, most: int) -> str:
    return text if len(text) <= most else "..." + text[len(text) - most + 3 :]


def _heads(options: argparse.Namespace) -> tuple[str, str]:
    return f"A {options.a}", f"B {options.b}"


def _numbers(row: Row) -> tuple[str, str, str]:
    found = row.found
    growth = "" if not found.error else "new" if math.isinf(row.growth) else f"{row.growth:.3g}"
    ulp = f"{found.ulp[0]:.3g}, {found.ulp[1]:.3g}" if found.ulp and found.error else ""
    return f"{found.error:.2g}" if found.error else "0", growth, ulp


def _telling(rows: Sequence[Row], first: Row | None, top: int) -> list[Row]:
    """The first difference and the values that add most error to what their inputs had, in the model's order."""
    most = sorted(range(len(rows)), key=lambda i: -rows[i].added)
    chosen = {i for i in most[:top] if rows[i].added > 0}
    chosen |= {i for i, row in enumerate(rows) if row is first}
    return [rows[i] for i in sorted(chosen)]


if __name__ == "__main__":
    sys.exit(main())
