# SPDX-License-Identifier: Apache-2.0
"""Node by node over a model on two sides: every value that a node makes becomes an output of both."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping

import numpy as np

from .. import _onnx_wire as wire
from ._difference import Difference, Tolerance, measure
from ._sides import Loading, Side

_BUDGET = 512 << 20  # bytes of outputs that a chunk may have on both sides together, where it can be told
_FIRST = 32          # outputs of the first chunk
_RANDOM = {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Bernoulli", "Multinomial"}


@dataclass
class Row:
    """One value of one node. ``input_error`` is the largest error among the node's inputs."""

    path: str
    op: str
    value: str
    type: str
    places: tuple[str, str]
    found: Difference
    input_error: float
    nondeterministic: bool = False

    @property
    def growth(self) -> float:
        """``error`` over ``input_error``; infinite where the error begins."""
        if not self.input_error:
            return math.inf if self.found.error else 0.0
        return self.found.error / self.input_error if math.isfinite(self.input_error) else 1.0

    @property
    def added(self) -> float:
        """What the node adds to the error of its inputs."""
        return self.found.error - self.input_error if math.isfinite(self.input_error) else 0.0


@dataclass
class Comparison:
    """Both sides, how they load, and what was found so far."""

    sides: tuple[Side, Side]
    how: Loading
    tolerance: Tolerance
    chunk: int | None
    progress: Any
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nodes: int = 0

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass
class Part:
    """A graph to compare: the model, or a body as a model of its own. ``prefix`` stands before its nodes' paths."""

    data: bytes
    graph: wire.Outline
    prefix: str
    feed: Mapping[str, Any]


def compare_model(work: Comparison, data: bytes, feed: Mapping[str, Any], shown: set[str] | None) -> None:
    """Fills ``work.rows`` in the model's order. ``shown``: only these nodes (paths behind ``main/``), None: all."""
    compare_part(work, Part(data, wire.outline(data), "main/", feed), shown)


def compare_part(work: Comparison, part: Part, shown: set[str] | None = None) -> None:
    """Compares a graph's own nodes, then the bodies of its If nodes that the first side takes."""
    makers = {
        name: node
        for node in part.graph.nodes
        if node.op != "Constant" and (shown is None or node.path in shown)
        for name in node.outputs
        if name
    }
    work.nodes += len({id(node) for node in makers.values()})
    errors: dict[str, float] = {}
    rows: dict[str, list[Row]] = {}
    for name, row in _rows(work, part, makers, errors):
        rows.setdefault(makers[name].path, []).append(row)
    for node in part.graph.nodes:
        work.rows += rows.get(node.path, ())
        if node.op == "If" and node.bodies and work.how.passes == "none":
            _compare_branch(work, part, node)
        elif node.bodies and node.op != "If":
            work.note(f"{part.prefix}{node.path} ({node.op}) is compared as one node, its body runs within it")


def _rows(
    work: Comparison, part: Part, makers: Mapping[str, wire.Node], errors: dict[str, float]
) -> Iterator[tuple[str, Row]]:
    for names, pair, places in _chunks(work, part, list(makers)):
        for name in names:
            node, values = makers[name], (pair[0][name], pair[1][name])
            found = measure(*values, work.tolerance)
            errors[name] = found.error
            reads = [*node.inputs, *(n for _, body in node.bodies for n in wire.captured(part.data, body))]
            where = (_place(places[0], node, work.sides[0]), _place(places[1], node, work.sides[1]))
            before = max((errors.get(each, 0.0) for each in reads), default=0.0)
            kind, random = _type(values[0]), node.op in _RANDOM
            yield name, Row(part.prefix + node.path, node.op, name, kind, where, found, before, random)
            if random:
                work.note(f"{part.prefix}{node.path} ({node.op}) draws at random: what follows it may differ for that reason")
            del pair[0][name], pair[1][name], values


def _chunks(work: Comparison, part: Part, names: list[str]) -> Iterator[tuple[list[str], Any, Any]]:
    """Values by name on both sides, as many at a time as memory allows; and where their nodes ran."""
    done, size = 0, work.chunk or _FIRST
    while done < len(names):
        some = names[done : done + size]
        pair, places = [], []
        for side in work.sides:
            work.progress.show(f"{side.name}: values {done + 1} to {done + len(some)} of {len(names)} in {part.prefix}")
            found, where = _run(work, part, side, some)
            pair.append(found)
            places.append(where)
        both = [name for name in some if name in pair[0] and name in pair[1]]
        for name in set(some) - set(both):
            side = next(s for s, found in zip(work.sides, pair) if name not in found)
            work.note(f"'{name}' is left out: {side.name} gives no array of its type")
        done += len(some)
        if work.chunk is None:
            taken = sum(_bytes(value) for found in pair for value in found.values())
            size = int(max(1, min(8 * size, _BUDGET * len(some) // max(1, taken))))
        yield both, pair, places


def _run(work: Comparison, part: Part, side: Side, names: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    own = set(part.graph.outputs)
    side.load(wire.with_outputs(part.data, [name for name in names if name not in own]), work.how)
    try:
        wanted = side.runnable(names)
        return dict(zip(wanted, side.run(wanted, part.feed))), side.places()
    finally:
        side.close()


def _compare_branch(work: Comparison, part: Part, node: wire.Node) -> None:
    """The branch of an If that the first side takes, on both sides, from the first side's values."""
    path = part.prefix + node.path
    reads = {attribute: wire.captured(part.data, span) for attribute, span in node.bodies}
    made = {name for other in part.graph.nodes for name in other.outputs}
    try:
        known = dict(part.feed)
        if node.inputs[0] not in known:
            known.update(_run(work, part, work.sides[0], node.inputs[:1])[0])
        taken = "then_branch" if bool(np.asarray(known[node.inputs[0]]).reshape(-1)[0]) else "else_branch"
        needed = [name for name in reads[taken] if name in made and name not in known]
        known.update(_run(work, part, work.sides[0], needed)[0] if needed else {})
        if any(not isinstance(known.get(name), np.ndarray) for name in reads[taken] if name in made):
            work.note(f"{path} ({node.op}) is compared as one node: its body captures what is no tensor")
            return
        feed = {name: np.asarray(known[name]) for name in reads[taken] if name in known}
        weights = [part.graph.initializers[name] for name in reads[taken] if name not in feed and name in part.graph.initializers]
        span = dict(node.bodies)[taken]
        data = wire.body_model(part.data, span, feed, weights)
        compare_part(work, Part(data, wire.outline(data), f"{path}.{taken}/", feed))
    except (*work.sides[0].errors, *work.sides[1].errors) as error:
        work.note(f"{path} ({node.op}) is compared as one node: its body alone does not load: {error}")


def shown_nodes(work: Comparison, source: str) -> set[str]:
    """Nodes whose values both sides still make when they optimise: not folded, removed, replaced, or within a group."""
    kept: set[str] | None = None
    for side in work.sides:
        work.progress.show(f"{side.name}: placing")
        side.load(source, work.how)
        places = side.places()
        side.close()
        if not places:
            continue
        last = {node["group"]: path for path, node in places.items() if node.get("group") is not None}
        here = {
            path
            for path, node in places.items()
            if node["class"] not in ("removed", "replaced", "folded") and last.get(node.get("group"), path) == path
        }
        kept = here if kept is None else kept & here
    return kept or set()


def _place(places: Mapping[str, Any], node: wire.Node, side: Side) -> str:
    found = places.get(node.path)
    return (found["provider"] or found["class"]) if found else side.name


def _type(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{'string' if value.dtype.kind == 'O' else value.dtype.name}{list(value.shape)}"
    return f"sequence of {len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__


def _bytes(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.nbytes
    return sum(_bytes(item) for item in value) if isinstance(value, (list, tuple)) else 0
