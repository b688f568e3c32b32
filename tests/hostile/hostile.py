# SPDX-License-Identifier: Apache-2.0
"""Loads and runs every file of list.txt, each in a process of its own: hostile.py [--provider ID]... [NAME...]

A file must end with its expected code, an error must have a message, within 2 s and 512 MB of resident memory (both are
not held against a sanitizer build, whose shadow memory and slowness are not ours). Inputs are ones of the declared dims;
a run has a deadline of half a second.
"""
import argparse
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "driver")]

import numpy as np  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

SECONDS, BYTES, RUN_NS = 2.0, 512_000_000, 500_000_000
SANITIZED = "LD_PRELOAD" in os.environ


def read_list() -> list[list[str]]:
    lines = (HERE / "list.txt").read_text(encoding="utf-8").splitlines()
    return [[part.strip() for part in line.split("|")] for line in lines if line and not line.startswith("#")]


def put_beside(folder: Path, name: str, setup: str) -> Path:
    """Where the model is to be loaded from."""
    if setup == "-":
        return folder / name
    kind, *rest = setup.split(":")
    if kind == "cache":
        return put_in_cache(folder, name, *rest)
    put_file(folder, kind, *rest)
    return folder / name


def put_in_cache(folder: Path, name: str, target: str) -> Path:
    """A cache as Hugging Face's hub lays it out, in which w.bin is a link to `target`."""
    blobs, snapshot = folder / "blobs", folder / "snapshots" / ("0" * 40)
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (folder / name).rename(blobs / "model")
    (snapshot / name).symlink_to("../../blobs/model")
    (snapshot / "w.bin").symlink_to(target)
    (folder / "secret").write_bytes(bytes(24))
    (blobs / "weights").write_bytes(bytes(24))
    (blobs / "to_secret").symlink_to("../secret")
    (blobs / "to_zeros").symlink_to("/dev/zero")
    os.mkfifo(blobs / "fifo")
    return snapshot / name


def put_file(folder: Path, kind: str, name: str, *rest: str) -> None:
    if kind == "symlink":
        (folder / name).symlink_to(rest[0])
    elif kind == "fifo":
        os.mkfifo(folder / name)
    else:
        (folder / name).write_bytes(bytes(int(rest[0])))


def outcome(path: Path, options: dict, providers: list[str]) -> str:
    """The code's name and the message of a load and a run."""
    try:
        session = tenon.Session(path, options=options, providers=providers or None)
        feeds = [np.ones([max(dim, 1) for dim in io["dims"] or []],
                         {1: np.float32, 7: np.int64, 9: np.bool_}[io["dtype"]]) for io in session.inputs]
        session.run(feeds, options=tenon.RunOptions(timeout_ns=RUN_NS))
        return "OK "
    except tenon.TenonError as error:
        return f"{error.name} {error.message}"


def in_child(path: Path, options: dict, providers: list[str]) -> tuple[str, float, int]:
    """(outcome or what ended the child, seconds, resident bytes above this process's)."""
    read, write = os.pipe()
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os.close(read)
        signal.alarm(600 if SANITIZED else 20)
        text = outcome(path, options, providers)
        with open("/proc/self/status", encoding="ascii") as status:
            peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
        os.write(write, f"{max(peak - base, 0)} {text}".encode()[:60000])
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    elapsed = time.perf_counter() - start
    if status != 0 or not said:
        return f"DIED by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"DIED status {status}", elapsed, 0
    peak, _, text = said.partition(" ")
    return text, elapsed, int(peak)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--provider", action="append", default=[])
    arguments = parser.parse_args()
    tenon.library()
    rows = [row for row in read_list() if not arguments.names or row[0].removesuffix(".onnx") in arguments.names]
    failed, slowest, largest = [], 0.0, 0
    for name, kind, code, options, setup in rows:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary, "model")
            folder.mkdir()
            shutil.copy(HERE / "files" / name, folder / name)
            path = put_beside(folder, name, setup)
            settings = dict(one.split("=") for one in options.split(",")) if options != "-" else {}
            text, seconds, peak = in_child(path, settings, arguments.provider)
        got, _, message = text.partition(" ")
        wrong = []
        if got != code:
            wrong.append(f"expected {code}")
        if got not in ("OK", "DIED") and len(message) < 10:
            wrong.append("no message")
        if not SANITIZED and (seconds > SECONDS or peak > BYTES):
            wrong.append(f"{seconds:.1f} s, {peak / 1e6:.0f} MB")
        slowest, largest = max(slowest, seconds), max(largest, peak)
        if wrong:
            failed.append(name)
        print(f"{'FAIL' if wrong else 'ok  '} {name:38} {got}: {message[:150]}{'   <- ' + '; '.join(wrong) if wrong else ''}",
              flush=True)
    kinds = len({row[1] for row in rows})
    print(f"{len(rows) - len(failed)} of {len(rows)} files of {kinds} kinds as expected; slowest {slowest:.2f} s, "
          f"largest {largest / 1e6:.0f} MB above the start")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
