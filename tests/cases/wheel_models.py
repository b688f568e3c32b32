# SPDX-License-Identifier: Apache-2.0
"""Runs the small models with data of the onnx wheel (PyTorch's of opset 6, and the `simple` ones) through reference.

They hold the rewrites that bring operators of opset 6 to opset 28 to the values that PyTorch computed. Models over
operators that reference does not have, over sequences and over Gradient are counted, not run.
"""

import glob
import os
import sys

import numpy as np
import onnx

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]
import onnx_cases  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402
from plugin_host import array_of  # noqa: E402

DATA = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data")
LEAST = 100  # that must run and be right


def read(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return array_of(tensor)


def arrays(folder, kind):
    count = len(glob.glob(os.path.join(folder, f"{kind}_*.pb")))
    return [read(os.path.join(folder, f"{kind}_{i}.pb")) for i in range(count)]


def run(folder, env):
    """None when every set of data gives the expected values, else why not."""
    with open(os.path.join(folder, "model.onnx"), "rb") as file:
        session = tenon.Session(file.read(), env=env, providers=["reference"])
    for data in sorted(glob.glob(os.path.join(folder, "test_data_set_*"))):
        results = session.run(arrays(data, "input")[: len(session.inputs)])
        for value, got, want in zip(session.outputs, results, arrays(data, "output"), strict=True):
            wrong = onnx_cases.difference(got, want, 1e-3, 1e-6)
            if wrong:
                return f"output '{value['name']}': {wrong}"
    return None


def main():
    env = tenon.Env()
    passed, failed, left = 0, 0, 0
    for folder in sorted(glob.glob(os.path.join(DATA, "pytorch-*", "*")) + glob.glob(os.path.join(DATA, "simple", "*"))):
        name = os.path.basename(folder)
        if "sequence" in name or "gradient" in name:
            left += 1
            continue
        try:
            wrong = run(folder, env)
        except tenon.TenonError as error:
            if "there is no operator" in str(error):
                left += 1
                continue
            wrong = str(error)
        passed, failed = passed + (wrong is None), failed + (wrong is not None)
        if wrong:
            print(f"FAIL {folder}: {wrong}")
    print(f"{passed} models passed, {failed} failed, {left} were not run")
    return 1 if failed or passed < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
