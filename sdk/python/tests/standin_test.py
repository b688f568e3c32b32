# SPDX-License-Identifier: Apache-2.0
"""python -m tenon.compat: programs and their child processes get Tenon where they import onnxruntime."""

import subprocess
import sys

import pytest

import tenon.compat.onnxruntime as compat

STAND_IN = """
import importlib.metadata, importlib.util, sys
import onnxruntime as ort
from onnxruntime.capi import _pybind_state as C
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
import onnxruntime.capi.onnxruntime_inference_collection as collection
assert ort.__version__ == "1.31.1" and "Tenon" in ort.get_build_info()
assert C.InvalidArgument is InvalidArgument and collection.InferenceSession is ort.InferenceSession
assert importlib.metadata.version("onnxruntime") == "1.31.1"
assert importlib.util.find_spec("onnxruntime.capi._pybind_state") is not None
import tenon.compat.onnxruntime as direct
assert direct.InferenceSession is ort.InferenceSession and sys.modules["onnxruntime"] is direct
try:
    import onnxruntime.quantization
except ModuleNotFoundError as error:
    assert "load its result here" in str(error)
else:
    raise SystemExit("onnxruntime.quantization was found")
"""


def run_compat(*arguments, **options):
    command = [sys.executable, "-m", "tenon.compat", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def test_programs_run_unmodified(tmp_path):
    (tmp_path / "program.py").write_text(STAND_IN + "import beside\nprint(sys.argv, __name__, beside.x)\nsys.exit(3)\n")
    (tmp_path / "beside.py").write_text("import onnxruntime\nx = onnxruntime.get_device()\n")
    path = str(tmp_path / "program.py")
    done = run_compat(path, "-m", "--flag", "value")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == f"[{path!r}, '-m', '--flag', 'value'] __main__ CPU\n"
    done = run_compat("-m", "beside", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_compat("-c", STAND_IN + "print(sys.argv)", "one")
    assert (done.returncode, done.stdout, done.stderr) == (0, "['-c', 'one']\n", "")
    (tmp_path / "fails.py").write_text("import onnxruntime\nonnxruntime.InferenceSession('/nowhere.onnx')\n")
    done = run_compat(tmp_path / "fails.py")
    assert done.returncode == 1 and done.stderr.rstrip().splitlines()[-1].count("NoSuchFile") == 1


def test_children_get_the_stand_in_too(tmp_path):
    (tmp_path / "program.py").write_text(
        """
import multiprocessing, subprocess, sys
import onnxruntime

def work(n):
    import onnxruntime
    return onnxruntime.get_build_info(), n

if __name__ == "__main__":
    for method in ("spawn", "fork"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            for info, n in pool.map(work, [1, 2]):
                assert info == onnxruntime.get_build_info(), info
    code = "import onnxruntime; print(onnxruntime.get_build_info())"
    print(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout, end="")
"""
    )
    done = run_compat(tmp_path / "program.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == compat.get_build_info() + "\n"


def test_wrong_use_of_the_runner():
    assert run_compat().returncode == 2 and run_compat("-m").returncode == 2
    done = run_compat("no_such_program")
    assert done.returncode == 2 and "no_such_program" in done.stderr
    assert run_compat("--help").stdout.startswith("usage:")


def test_stand_in_comes_too_late():
    code = "import onnxruntime, tenon.compat\ntenon.compat.install()\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "already imported" in done.stderr


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
