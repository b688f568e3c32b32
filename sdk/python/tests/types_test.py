# SPDX-License-Identifier: Apache-2.0
"""pyright on the package, its stub and the examples of the documents: types_test.py"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

EXAMPLE = """
import numpy as np
import tenon

options = tenon.SessionOptions(profile="on", dims={"N": 2})
options["limit.nodes"] = 10_000
session = tenon.InferenceSession("model.onnx", options, providers=["cpu", ("reference", {"a": 1})])
outputs = session.run(None, {"x": np.zeros((1, 3), np.float32)}, tenon.RunOptions(timeout=1.5))
print(outputs[0].shape, session.placement().line, session.profile().runs, session.memory()["weights"])
binding = session.io_binding()
binding.bind_input("x", tenon.Tensor(np.zeros(3)))
binding.bind_output("y")
session.run_with_iobinding(binding)
tensor = tenon.Tensor([1, 2], dtype=6)
shape: tuple[int, ...] = tensor.shape
view = np.from_dlpack(tensor), np.asarray(tensor), memoryview(tensor), tensor.numpy().sum()
try:
    future = session.run_async(None, {"x": tensor}, lambda outputs, data, error: None)
    future.cancel()
except tenon.InvalidModelError as error:
    print(error.node, error.code_name)


async def wait() -> None:
    await session.run_async(None, {})
"""


def main() -> int:
    if util.find_spec("pyright") is None:
        print("pyright is not installed: run tools/setup develop")
        return 77
    package = Path(os.environ["TENON_BUILD_DIR"]) / "python" / "tenon"
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(package, Path(folder) / "tenon", ignore=shutil.ignore_patterns("__pycache__"))
        (Path(folder) / "example.py").write_text(EXAMPLE)
        Path(folder, "pyrightconfig.json").write_text(json.dumps({
            "include": ["tenon", "example.py"], "pythonVersion": "3.11", "typeCheckingMode": "standard"}))
        done = subprocess.run([sys.executable, "-m", "pyright", "--pythonpath", os.environ.get("TENON_TYPES_PYTHON", sys.executable),
                               "-p", folder], text=True, capture_output=True)
    print((done.stdout + done.stderr).replace(folder + os.sep, ""))
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
