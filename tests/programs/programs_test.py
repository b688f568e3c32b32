# SPDX-License-Identifier: Apache-2.0
"""Unmodified programs that use onnxruntime: answers and times on onnxruntime and on Tenon (python -m tenon.compat).

    programs_test.py [--runs N] [--wheels FOLDER] [PROGRAM...]
        in environments of their own: one with onnxruntime, one with Tenon and without onnxruntime (about 1.2 GB)
    programs_test.py --here [PROGRAM...]
        in the environment of this Python; programs whose packages are not there are left out

What the environments get is the group `programs` of tools/dependencies.txt: the programs themselves without their
dependencies, and by name what they need. They stay in the build folder and are used again. Tenon is that of the build
folder, or of the wheels in FOLDER.

Texts, labels, boxes and segments must be equal, scores within 5e-3.
"""

import argparse
import hashlib
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ.get("TENON_BUILD_DIR", ROOT / "build" / "release"))
TOLERANCE = 5e-3  # onnxruntime's own score of a file that could be many things moves by 1e-3 with the size of the batch

# name: (arguments of Python, after "-m" or as a file here; parts of the inputs; modules that must be there)
PROGRAMS = {
    "rapidocr": (
        ["read_pages.py", "pages/*"],
        ["pages"],
        ["rapidocr_onnxruntime", "cv2", "pyclipper", "shapely", "yaml"],
    ),
    "magika": (["-m", "magika.cli.magika_client", "--json", "files/*"], ["files"], ["magika", "click"]),
    "nudenet": (["find_people.py", "people/*"], ["people"], ["nudenet", "cv2"]),
    "ddddocr": (["read_words.py", "."], ["words", "objects"], ["ddddocr", "cv2"]),
    "faster-whisper": (["find_speech.py", "speech.wav"], ["speech"], ["faster_whisper", "av", "ctranslate2"]),
    "speechmos": (["score_speech.py", "speech.wav"], ["speech"], ["speechmos", "librosa", "requests"]),
}


def dependencies(group):
    """Rows of tools/dependencies.txt in a group: (kind, name, version)."""
    rows = []
    for line in (ROOT / "tools" / "dependencies.txt").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and not line.startswith("#") and group in cells[1].split(","):
            rows.append((cells[0], cells[2], cells[3]))
    return rows


def pip(python, *arguments):
    command = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")


def make_environments(folder, wheels):
    """Two environments over one folder of libraries; made once, and again when the list has changed. Their Pythons."""
    rows = dependencies("programs")
    mark = hashlib.sha256(repr((rows, sys.version, str(wheels))).encode()).hexdigest()
    pythons = {name: folder / name / "bin" / "python" for name in ("onnxruntime", "tenon")}
    state = folder / "made"
    if state.exists() and state.read_text() == mark:
        return pythons
    libraries = folder / "libraries"
    for name in pythons:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder / name], check=True)
    maker = pythons["onnxruntime"]
    named = {
        kind: [f"{name}=={version}" for k, name, version in rows if k == kind and name != "onnxruntime"]
        for kind in ("pip", "pip-bare")
    }
    pip(maker, "--upgrade", "--target", libraries, *named["pip"])
    pip(maker, "--upgrade", "--no-deps", "--target", libraries, *named["pip-bare"])
    for python in pythons.values():
        site = next((python.parents[1] / "lib").glob("python*/site-packages"))
        (site / "libraries.pth").write_text(f"{libraries}\n")
    runtime = next(f"{name}=={version}" for _, name, version in rows if name == "onnxruntime")
    pip(maker, "--no-deps", runtime, "flatbuffers", "protobuf", "packaging")
    if wheels is not None:
        pip(pythons["tenon"], "--no-deps", *sorted(wheels.glob("tenon*.whl")))
    state.write_text(mark)
    return pythons


def run(python, arguments, inputs, on_tenon, built):
    """Answers and the seconds of a program: all of the process, and what the program measured itself."""
    words = []
    for word in arguments:
        words += (
            sorted(map(str, inputs.glob(word))) if "*" in word else [str(HERE / word) if word.endswith(".py") else word]
        )
    command = [str(python), *(["-m", "tenon.compat"] if on_tenon else []), *words]
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "PYTHONWARNINGS": "ignore"}
    if on_tenon and built:
        environment["PYTHONPATH"] = str(BUILD / "python")
        environment["TENON_PROVIDER_PATH"] = str(BUILD / "lib" / "tenon" / "providers.d")
    start = time.perf_counter()
    done = subprocess.run(command, cwd=inputs, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:5])} ended with {done.returncode}\n{done.stderr[-3000:]}")
    answers = json.loads(done.stdout[done.stdout.index("[" if "-m" in arguments else "{") :])
    if isinstance(answers, list):
        return answers, {"all": seconds}
    return answers["answers"], {"all": seconds, **answers["seconds"]}


def differences(one, other, path=""):
    """Where two answers are not the same; floats may differ by TOLERANCE."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differences(one[key], other[key], f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [found for at, pair in enumerate(zip(one, other)) for found in differences(*pair, f"{path}/{at}")]
    if isinstance(one, float) and isinstance(other, float) and abs(one - other) <= TOLERANCE * max(1, abs(one)):
        return []
    return [] if one == other else [f"{path}: onnxruntime {one!r}, tenon {other!r}"]


def worst(one, other):
    """The largest difference between floats of two answers that are the same otherwise."""
    if isinstance(one, dict):
        return max((worst(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list):
        return max(map(worst, one, other), default=0.0)
    return abs(one - other) if isinstance(one, float) else 0.0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(PROGRAMS)}; default: all")
    parser.add_argument("--here", action="store_true", help="in this Python's own environment")
    parser.add_argument("--runs", type=int, default=1, help="how often each; the least time counts")
    parser.add_argument("--wheels", type=pathlib.Path, help="folder of Tenon's wheels to install")
    options = parser.parse_args()
    names = options.programs or list(PROGRAMS)
    if options.here:
        there = {name: all(importlib.util.find_spec(module) for module in PROGRAMS[name][2]) for name in names}
        print("not here:", ", ".join(name for name in names if not there[name]) or "none")
        names = [name for name in names if there[name]]
        pythons = {"onnxruntime": sys.executable, "tenon": sys.executable}
        if not names:
            print("no program's packages are here")
            return 77
    folder = BUILD / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    if not options.here:
        pythons = make_environments(folder, options.wheels)
        found = subprocess.run([pythons["tenon"], "-c", "import onnxruntime"], capture_output=True)
        assert found.returncode != 0, "onnxruntime is in the environment that must not have it"
    inputs = folder / "inputs"
    parts = sorted({part for name in names for part in PROGRAMS[name][1]})
    subprocess.run([pythons["onnxruntime"], HERE / "make_inputs.py", inputs, *parts], check=True)

    failed = 0
    print(f"{'program':16} {'answers':>8} {'largest difference':>19}   seconds: onnxruntime / tenon")
    for name in names:
        answers, seconds = {}, {"onnxruntime": {}, "tenon": {}}
        try:
            for _ in range(options.runs):
                for runtime in pythons:
                    answers[runtime], times = run(
                        pythons[runtime], PROGRAMS[name][0], inputs, runtime == "tenon", options.wheels is None
                    )
                    for step, value in times.items():
                        seconds[runtime][step] = min(value, seconds[runtime].get(step, value))
        except RuntimeError as error:
            print(f"{name}: {error}")
            failed += 1
            continue
        found = differences(answers["onnxruntime"], answers["tenon"])
        failed += bool(found)
        shown = f"{len(found)} DIFFER" if found else f"{worst(answers['onnxruntime'], answers['tenon']):.1e}"
        times = ", ".join(
            f"{step} {seconds['onnxruntime'][step]:.2f} / {seconds['tenon'][step]:.2f}"
            for step in seconds["onnxruntime"]
        )
        print(f"{name:16} {len(answers['tenon']):8} {shown:>19}   {times}", flush=True)
        for line in found[:10]:
            print("  " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
