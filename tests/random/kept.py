# SPDX-License-Identifier: Apache-2.0
"""Cases that once failed, by operator; random_ops.py runs them all."""

import numpy as np

from draw import F32, I32, I64, Case, ints


def _ramp(*dims):
    return np.arange(np.prod(dims), dtype=F32).reshape(dims)


CASES = {
    "ConvTranspose": (
        # auto_pad SAME_*: input * stride elements, with kernels shorter than the stride and with output_padding.
        lambda: Case([_ramp(2, 3, 1), _ramp(3, 6, 1)], {"strides": [2], "auto_pad": "SAME_LOWER"}, static=True),
        lambda: Case([_ramp(1, 2, 2), _ramp(2, 1, 4)],
                     {"strides": [3], "dilations": [2], "auto_pad": "SAME_UPPER", "output_padding": [2], "group": 2},
                     static=True),
    ),
    "Log": (lambda: Case([np.array([1e-40, 1.4e-45, 0.0, -0.0, -1e-40, 1.17549435e-38], F32)]),),
    "Pad": (
        # axes of int32, and wrapping around what negative pads leave.
        lambda: Case([_ramp(3), ints(1, 1), None, np.array([-1], I32)], {"mode": "edge"}, constants=(3,)),
        lambda: Case([_ramp(3), ints(2, -1)], {"mode": "wrap"}),
        lambda: Case([_ramp(4), ints(-2, 1)], {"mode": "reflect"}),
    ),
    "Range": (
        # Near the end of int64, and lengths that differ when limit - start is rounded to float.
        lambda: Case([np.array(v, I64) for v in (-2**63 + 50, -2**63 + 72, 3)]),
        lambda: Case([np.array(v, I64) for v in (2**63 - 50, 2**63 - 72, -3)]),
        lambda: Case([np.array(v, F32) for v in (-4.7, 4.3, 0.25)], constants=(0, 1, 2)),
        lambda: Case([np.array(v, F32) for v in (0.1, 9.1, 0.25)], constants=(0, 1, 2)),
    ),
    "Resize": (
        # Lengths are counted before they are cut to integers; axes without elements.
        lambda: Case([_ramp(1, 9), None, np.array([1, 0.75], F32)],
                     {"mode": "nearest", "coordinate_transformation_mode": "align_corners", "nearest_mode": "floor"},
                     constants=(2,), static=True),
        lambda: Case([_ramp(2, 3), None, np.array([0.5, 0.5], F32)],
                     {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}, constants=(2,),
                     static=True),
        lambda: Case([_ramp(0, 3), None, None, ints(0, 4)], {"mode": "linear"}, constants=(3,), static=True),
    ),
    "Slice": (
        # A backward start before the first entry is the first entry.
        lambda: Case([_ramp(1), ints(-4), ints(-5), ints(0), ints(-3)]),
        lambda: Case([_ramp(4, 0), ints(-9, 1), ints(-10, -9), ints(0, 1), ints(-1, -2)]),
    ),
}
