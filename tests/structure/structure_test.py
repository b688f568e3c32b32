# SPDX-License-Identifier: Apache-2.0
"""If, Loop, Scan, SequenceMap, sequences and optionals against onnxruntime on small models, bit by bit.

    structure_test.py [--provider reference|cpu] [NAME...]

Each model of models.py runs on each of its inputs, twice over, with all passes and with none: outputs must be the same,
and where onnxruntime ends with an error, so must Tenon.
"""

import argparse
import os
import sys

import numpy as np
import onnxruntime as ort

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "driver")]
import models  # noqa: E402
import tenon_ctypes as tenon  # noqa: E402

PROVIDERS = {"reference": ["reference"], "cpu": ["cpu", "reference"]}


def same(got, want):
    if want is None or got is None:
        return want is got
    if isinstance(want, list) or isinstance(got, list):
        return (isinstance(want, list) and isinstance(got, list) and len(got) == len(want)
                and all(same(g, w) for g, w in zip(got, want)))
    if isinstance(want, dict) or isinstance(got, dict):
        return (isinstance(want, dict) and isinstance(got, dict) and set(got) == set(want)
                and all(float(got[key]) == want[key] for key in want))
    want = np.asarray(want)
    if want.dtype.kind in "OUS":
        return got.shape == want.shape and got.tolist() == want.tolist()
    return got.dtype == want.dtype and got.shape == want.shape and got.tobytes() == want.tobytes()


def tensors(item):
    """A dict's values as the tensors that Tenon takes."""
    if not isinstance(item, dict):
        return item
    return {key: np.array(value, object if isinstance(value, str) else np.float32) for key, value in item.items()}


def shown(value):
    return f"{value.dtype} {list(value.shape)} {value}" if isinstance(value, np.ndarray) else str(value)


class Failure(str):
    """What a run ended with."""


def answer(run, error):
    try:
        return run()
    except error as failure:
        return Failure(failure)


def compare(model, feeds, providers):
    """None, or what differs."""
    ort.set_default_logger_severity(4)
    try:
        theirs = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except ort.capi.onnxruntime_pybind11_state.Fail as error:
        return f"onnxruntime does not load it: {error}"
    names = [output.name for output in theirs.get_outputs()]
    for passes in ("all", "none"):
        ours = tenon.Session(model.SerializeToString(), providers=providers, options={"passes": passes})
        for feed in feeds + feeds:
            feed = {name: np.asarray(item) if isinstance(item, np.generic) else item for name, item in feed.items()}
            want = answer(lambda: theirs.run(names, feed), Exception)
            got = answer(lambda: ours.run({name: tensors(item) for name, item in feed.items()}), tenon.TenonError)
            if isinstance(want, Failure) or isinstance(got, Failure):
                if not (isinstance(want, Failure) and isinstance(got, Failure)):
                    return f"passes={passes}: got {got}\n    expected {want}"
                continue
            for name, g, w in zip(names, got, want, strict=True):
                if not same(g, w):
                    return f"passes={passes}, output {name!r}:\n    got {shown(g)}\n    expected {shown(w)}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--provider", choices=sorted(PROVIDERS), default="reference")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    failed, count = 0, 0
    for make in models.MODELS:
        if args.names and make.__name__ not in args.names:
            continue
        count += 1
        wrong = answer(lambda: compare(*make(), PROVIDERS[args.provider]), tenon.TenonError)
        if wrong:
            failed += 1
            print(f"FAIL {make.__name__}: {wrong}\n    python {os.path.relpath(__file__)} --provider {args.provider} "
                  f"{make.__name__}", flush=True)
    print(f"{count - failed} of {count} models agree")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
