# SPDX-License-Identifier: Apache-2.0
"""Placement and profile as Python objects, with pages for notebooks."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Callable, Iterable

if TYPE_CHECKING:
    from ._session import InferenceSession

_ROWS = 50  # of a table in a notebook


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    def line(tag: str, cells: Iterable[Any]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"

    return f"<table><thead>{line('th', head)}</thead><tbody>{''.join(line('td', row) for row in rows)}</tbody></table>"


class Placement:
    """Where every node of a model runs. ``str(placement)`` is the one line.

    Attributes:
        line: ``"95 nodes: cpu 61, view 14, folded 18, removed 2"``.
        classes: how many nodes are in each class.
        nodes: for each original node its path, op, class, provider, device, why, and what the other providers said.
        copies: bytes copied between providers: value, from, to, bytes.
        passes: what each optimizer pass changed and how long it took.
        data: all of the report as the library gives it.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.line: str = data["line"]
        self.classes: dict[str, int] = data["classes"]
        self.nodes: list[dict[str, Any]] = data["nodes"]
        self.copies: list[dict[str, Any]] = data.get("copies", [])
        self.passes: list[dict[str, Any]] = data.get("passes", [])

    def __str__(self) -> str:
        return self.line

    def __repr__(self) -> str:
        return f"<tenon.Placement {self.line}>"

    def where(self, text: str) -> list[dict[str, Any]]:
        """Nodes whose path or operator contains ``text``."""
        return [node for node in self.nodes if text in node["path"] or text in node["op"]]

    def _repr_html_(self) -> str:
        rows = (
            (node["path"], node["op"], node["class"], node.get("provider", ""), node.get("why", ""))
            for node in self.nodes[:_ROWS]
        )
        more = f"<p>and {len(self.nodes) - _ROWS} more nodes</p>" if len(self.nodes) > _ROWS else ""
        return f"<p><b>{html.escape(self.line)}</b></p>{_table(('node', 'operator', 'class', 'provider', 'why'), rows)}{more}"


class Profile:
    """Times of a session's runs, slowest node first.

    Attributes:
        runs, run_ns: how many runs, and their time together in nanoseconds.
        nodes: path, op, provider, kernel, calls, total_ns and share of each node.
        data: all of it as the library gives it.
    """

    def __init__(self, data: dict[str, Any], trace: Callable[[], str], reset: Callable[[], None]) -> None:
        self.data = data
        self.runs: int = data["runs"]
        self.run_ns: int = data["run_ns"]
        self.nodes: list[dict[str, Any]] = data["nodes"]
        self._trace = trace
        self._reset = reset

    def trace(self) -> str:
        """All runs since the load or the last reset as Chrome trace JSON (chrome://tracing, Perfetto)."""
        return self._trace()

    def reset(self) -> None:
        """Forgets the runs so far."""
        self._reset()

    def _rows(self, count: int) -> list[tuple[str, ...]]:
        return [
            (
                f"{100 * node['share']:.1f}%",
                f"{node['total_ns'] / 1e6:.3f}",
                str(node["calls"]),
                node["op"],
                node["provider"],
                node["path"],
            )
            for node in self.nodes[:count]
        ]

    _HEAD = ("share", "ms", "calls", "operator", "provider", "node")

    def __str__(self) -> str:
        rows = [self._HEAD, *self._rows(20)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self._HEAD))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return f"{self.runs} runs, {self.run_ns / 1e6:.3f} ms\n" + "\n".join(lines)

    def __repr__(self) -> str:
        return f"<tenon.Profile {self.runs} runs, {self.run_ns / 1e6:.3f} ms>"

    def _repr_html_(self) -> str:
        return f"<p><b>{self.runs} runs, {self.run_ns / 1e6:.3f} ms</b></p>{_table(self._HEAD, self._rows(_ROWS))}"


def session_html(session: InferenceSession) -> str:
    """A session for a notebook: inputs, outputs, placement in one line, memory."""
    rows = [("input", *_arg(arg)) for arg in session.get_inputs()]
    rows += [("output", *_arg(arg)) for arg in session.get_outputs()]
    memory = ", ".join(f"{name} {size:,}" for name, size in session.memory().items())
    return (
        f"<p><b>tenon.InferenceSession</b>: {html.escape(session.placement_line)}</p>"
        f"{_table(('', 'name', 'type', 'shape'), rows)}<p>{html.escape(memory)}</p>"
    )


def _arg(arg: Any) -> tuple[str, str, str]:
    return arg.name, arg.type, str([dim if dim is not None else "?" for dim in arg.shape]) if arg.rank_known else "any"
