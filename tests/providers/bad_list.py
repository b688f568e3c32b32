# SPDX-License-Identifier: Apache-2.0
"""Reads bad/list.txt: what each bad provider breaks and how it is told."""

import pathlib
from dataclasses import dataclass

LIST = pathlib.Path(__file__).resolve().parent / "bad" / "list.txt"


@dataclass
class Expectation:
    name: str
    rules: list[int]  # that conform names
    host: str         # words of `tenon run`, or "survives", or "no host survives"
    words: str        # of conform's evidence


def read_list() -> list[Expectation]:
    out = []
    for line in LIST.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, rules, host, words = (part.strip() for part in line.split("|"))
        out.append(Expectation(name, [] if rules == "-" else [int(r) for r in rules.split(",")], host, words))
    return out
