#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs tenon-conform on providers and holds what it names against what is expected.

    conform_test.py bad              every line of bad/list.txt: exactly these rules are named, with these words
    conform_test.py good MANIFEST [ARGUMENT...]    no rule is broken
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from bad_list import Expectation, read_list

HERE = pathlib.Path(__file__).resolve().parent
TIMEOUT_S = 300


def unlisted() -> list[str]:
    """Sources and manifests that no line names."""
    names = {e.name for e in read_list()} | {"good"}
    files = list((HERE / "bad").glob("*.cc")) + list((HERE / "bad" / "manifests").glob("*.json"))
    return sorted(f.name for f in files if f.stem not in names)


def run_conform(program: pathlib.Path, manifest: pathlib.Path, *more: str) -> tuple[int, dict, str]:
    """Exit status, the report as JSON, and what was printed beside it."""
    done = subprocess.run([program, "--json", manifest, *more], capture_output=True, text=True, check=False,
                          timeout=TIMEOUT_S)
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except json.JSONDecodeError:
        return done.returncode, {}, done.stdout + done.stderr


def failures_of(report: dict) -> list[str]:
    return [f"rule {finding['rule']} ({check['check']}): {finding['text']}" for check in report.get("checks", [])
            for finding in check["findings"] if finding["kind"] == "fail"]


def check_bad(program: pathlib.Path, folder: pathlib.Path, expected: Expectation) -> str:
    """What is wrong with conform's answer to one provider; empty when nothing is."""
    manifest = folder / f"{expected.name}.json"
    status, report, printed = run_conform(program, manifest)
    failures = failures_of(report)
    shown = "\n    ".join(failures) or printed
    again = f"  again: {program} {manifest}\n    {shown}"
    if report.get("broken_rules") != expected.rules:
        return f"{expected.name}: conform names rules {report.get('broken_rules')}, expected {expected.rules}\n{again}"
    if status != (1 if expected.rules else 0):
        return f"{expected.name}: exit status {status}\n{again}"
    if expected.rules and not any(expected.words in f for f in failures):
        return f"{expected.name}: no evidence says '{expected.words}'\n{again}"
    return ""


def test_bad(build: pathlib.Path) -> int:
    program = build / "bin" / "tenon-conform"
    expectations = read_list()
    wrong = [f"{name}: has no line in list.txt" for name in unlisted()]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda e: check_bad(program, build / "tests/providers/bad", e), expectations)
        wrong += [w for w in results if w]
    for text in wrong:
        print(f"FAIL {text}")
    print(f"conform names what {len(expectations) - len(wrong)} of {len(expectations)} providers break")
    return 1 if wrong else 0


def test_good(build: pathlib.Path, manifest: pathlib.Path, *more: str) -> int:
    """Every variant of the manifest; those that this machine cannot run are named as skipped."""
    libraries = {v["library"] for v in json.loads(manifest.read_text())["variants"]}
    return max(test_library(build, manifest, "--library", library, *more) for library in sorted(libraries))


def test_library(build: pathlib.Path, manifest: pathlib.Path, *more: str) -> int:
    print(f"{manifest.name} {' '.join(more)}")
    status, report, printed = run_conform(build / "bin" / "tenon-conform", manifest, *more)
    for failure in failures_of(report):
        print(f"FAIL {failure}")
    for check in report.get("checks", []):
        for finding in check["findings"]:
            if finding["kind"] != "fail":
                print(f"{check['check']}: {finding['text']}")
    if not report:
        print(f"FAIL no report: {printed}")
    return 0 if status == 0 and report and not report["broken_rules"] else 1


def main() -> int:
    build = pathlib.Path(os.environ["TENON_BUILD_DIR"])
    if sys.argv[1:] == ["bad"]:
        return test_bad(build)
    if len(sys.argv) >= 3 and sys.argv[1] == "good":
        return test_good(build, pathlib.Path(sys.argv[2]), *sys.argv[3:])
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main())
