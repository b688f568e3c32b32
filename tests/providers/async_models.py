#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""async_models.py MODEL...: whole models of which an asynchronous device computes a part, late and in its own time.

Each model runs on the fake device and cpu, at several seeds of random delays, and gives the bits that cpu alone gives:
what is read too late, or written too early, would show.
"""
import os
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "driver"), str(HERE.parent / "models")]

import catalog  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

FAKE = Path(os.environ["TENON_BUILD_DIR"], "tests", "providers", "fake_device")
PLAIN = {"passes": "none", "fusion": "off"}
SEEDS = 4


def check(name: str) -> bool:
    model = catalog.by_name(name)
    env = tenon.Env(provider_dirs=[str(FAKE)])
    inputs = model.inputs()
    expected = tenon.Session(model.path(), ["cpu", "reference"], PLAIN, env=env).run(inputs)
    wrong = 0
    for seed in range(SEEDS):
        # MatMul is left to cpu: the order of its sums is each provider's own.
        device = ("fake-device", {"delay_us": "0", "jitter_us": "2000", "seed": str(seed), "decline_op": "MatMul",
                                  "layouts": "dense" if seed % 2 == 0 else "all"})
        session = tenon.Session(model.path(), [device, "cpu", "reference"], PLAIN, env=env)
        for _ in range(2):
            made = session.run(inputs)
            wrong += any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(made, expected, strict=True))
    print(f"{name}: {session.placement_line()}; {SEEDS * 2 - wrong} of {SEEDS * 2} runs give the bits of cpu")
    return wrong == 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        print(__doc__)
        sys.exit(2)
    sys.exit(0 if all([check(name) for name in sys.argv[1:]]) else 1)
