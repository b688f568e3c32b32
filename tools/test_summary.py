# SPDX-License-Identifier: Apache-2.0
"""Reads the reports that tools/test left in a folder and prints what ran, what could not and why.

Usage: test_summary.py REPORT_DIR

The folder holds <stage>.xml (JUnit, by ctest), `times` (stage and seconds), and where they apply `broken` (stages that
did not get as far as their tests) and `deep` (ctest's list of tests that only --deep runs). The last line printed is
"N passed, N failed, N skipped"; exit status 1 when something failed or a stage is broken.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def skip_reason(case):
    """The sentence that a skipped test printed: GoogleTest's message, else the last line of its output."""
    text = (case.findtext("system-out") or "").strip()
    gtest = re.search(r"Skipped\n(.+)", text)
    if gtest:
        return gtest.group(1).strip()
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason printed"


def inside(case):
    """(passed, skipped) tests inside a program that ctest counts as one: GoogleTest's own totals, else (1, 0)."""
    text = case.findtext("system-out") or ""
    passed = re.search(r"\[  PASSED  \] (\d+) test", text)
    skipped = re.search(r"\[  SKIPPED \] (\d+) test", text)
    return (int(passed.group(1)) if passed else 1, int(skipped.group(1)) if skipped else 0)


def read_stage(path):
    """(passed, failed names, {reason: names of skipped tests}) of one JUnit file."""
    passed, failed, skipped = 0, [], {}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        status = case.get("status")
        if status == "run":
            within = inside(case)
            passed += within[0]
            if within[1]:
                skipped.setdefault(skip_reason(case), []).extend([f"{case.get('name')} (inside)"] * within[1])
        elif case.find("skipped") is not None and status in ("notrun", "disabled"):
            message = case.find("skipped").get("message") or ""
            if re.search("unable to find executable|not available|not found", message, re.IGNORECASE):
                failed.append(case.get("name"))
            else:
                skipped.setdefault(skip_reason(case), []).append(case.get("name"))
        else:
            failed.append(case.get("name"))
    return passed, failed, skipped


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


INSTRUCTION_SETS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")


def machine(cpuinfo=Path("/proc/cpuinfo")):
    """One line about this machine, with the instruction sets that no test here could try."""
    lines = lines_of(cpuinfo)
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    fields = {name.strip(): value.strip() for name, value in fields.items()}
    flags = fields.get("flags", "").split()
    cores = sum(line.startswith("processor") for line in lines)
    here = [name for name in INSTRUCTION_SETS if name in flags]
    absent = [name for name in INSTRUCTION_SETS if name not in flags]
    return (f"Machine: {fields.get('model name', 'unknown CPU')}, {cores} cores; has {' '.join(here) or 'none'}"
            + (f"; not tried, as it lacks them: {' '.join(absent)}" if absent else ""))


def summarize(report):
    total = Counter()
    print(machine())
    broken = lines_of(report / "broken")
    print("What ran")
    for line in lines_of(report / "times"):
        stage, seconds = line.split()
        if stage in broken:
            total["failed"] += 1
            print(f"  {stage:8} {seconds:>5} s  did not get as far as its tests: see above")
            continue
        passed, failed, skipped = read_stage(report / f"{stage}.xml")
        count = sum(len(names) for names in skipped.values())
        total.update(passed=passed, failed=len(failed), skipped=count)
        print(f"  {stage:8} {seconds:>5} s  {passed} passed, {len(failed)} failed, {count} skipped")
        for name in failed:
            print(f"    FAILED {name}   again: tools/test --only {stage} -k '^{re.escape(name)}$'")
        for reason, names in sorted(skipped.items()):
            print(f"    skipped {', '.join(names[:4])}{' and more' if len(names) > 4 else ''} ({len(names)}): {reason}")
    deep = next((line for line in lines_of(report / "deep") if line.startswith("Total Tests:")), "")
    if deep and deep.split()[-1] != "0":
        print(f"What did not run: {deep.split()[-1]} deep tests (tools/test --deep)")
    return total


def main(argv):
    if len(argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    total = summarize(Path(argv[1]))
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
