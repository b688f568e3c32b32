# SPDX-License-Identifier: Apache-2.0
"""Tenon's profile as the trace file that readers of onnxruntime's profiles expect."""

from __future__ import annotations

import json
import os
from typing import Any

from . import providers


def split_operator(text: str) -> tuple[str, str]:
    """Domain and operator of ``"ai.onnx.Conv"``; ONNX's own domain is "" there."""
    domain, _, op_type = text.rpartition(".")
    return ("" if domain == "ai.onnx" else domain), op_type


def short_name(path: str) -> str:
    """A node's name without the graphs that it is in."""
    return path.rpartition("/")[2]


def events(trace: str) -> list[dict[str, Any]]:
    """Chrome trace events, microseconds from the first on: ``model_run`` for a run, ``NAME_kernel_time`` for a node."""
    found = json.loads(trace)["traceEvents"]
    begin = min((event["ts"] for event in found), default=0.0)
    return [_event(event, begin) for event in found]


def _event(event: dict[str, Any], begin: float) -> dict[str, Any]:
    args = dict(event.get("args", {}))
    made = {
        "cat": "Session",
        "pid": os.getpid(),
        "tid": event.get("tid", 0),
        "dur": event.get("dur", 0.0),
        "ts": event["ts"] - begin,
        "ph": "X",
        "name": "model_run",
        "args": args,
    }
    if "op" in args:
        made["cat"], made["name"] = "Node", f"{short_name(event['name'])}_kernel_time"
        args["op_name"] = split_operator(args["op"])[1]
        args["provider"] = providers.name_of(args.get("provider", "")) or ""
        args["path"] = event["name"]
    return made
