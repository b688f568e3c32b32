# SPDX-License-Identifier: Apache-2.0
"""What each configuration key of onnxruntime's sessions and runs does here: ../../config_keys.toml."""

from __future__ import annotations

import difflib
import functools
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .errors import InvalidArgument, make, refuse

MAX_LENGTH = 1024


@dataclass(frozen=True)
class Key:
    """``kind``: "same" (has its effect), "ignored" (known, without effect) or "raises" (for values not accepted)."""

    name: str
    kind: str
    text: str
    accepts: tuple[str, ...] = ()


@functools.cache
def keys(section: str) -> dict[str, Key]:
    """The keys of "session", "run" or "dynamic" by name."""
    path = Path(__file__).resolve().parents[2] / "config_keys.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8"))[section]
    return {name: Key(name, row["kind"], row["text"], tuple(row.get("accepts", ()))) for name, row in rows.items()}


def checked(section: str, name: str, value: str) -> Key:
    """The key, when it is known and its value is one that it takes here; raises otherwise."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise TypeError(f"configuration keys and values are str, not {type(name).__name__} and {type(value).__name__}")
    if not name or len(name) > MAX_LENGTH or len(value) > MAX_LENGTH:
        raise RuntimeError(f"a configuration key has 1 to {MAX_LENGTH} characters, its value at most {MAX_LENGTH}")
    key = keys(section).get(name)
    if key is None:
        near = difflib.get_close_matches(name, keys(section), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise make(InvalidArgument, f"onnxruntime 1.31.1 has no {section} configuration key '{name}'{hint}")
    if key.kind == "raises" and value not in key.accepts:
        raise refuse(f"{section} configuration {name}={value}", key.text)
    return key
