# SPDX-License-Identifier: Apache-2.0
"""Drawers of the operators that slide a window or resample: Conv, ConvTranspose, pools, Resize."""

import numpy as np

from draw import F32, MOVED, Case, ints


def _window(d, axes, dilate=True):
    """Attributes of a window and, for each axis, the least input that holds one."""
    kernel = [d.int(1, 4) for _ in range(axes)]
    dilations = [d.int(1, 3) if dilate and d.chance(0.3) else 1 for _ in range(axes)]
    reach = [(k - 1) * n + 1 for k, n in zip(kernel, dilations)]
    attributes = {"kernel_shape": kernel, "strides": [d.int(1, 3) for _ in range(axes)]}
    if any(n > 1 for n in dilations):
        attributes["dilations"] = dilations
    way = d.pick(["none", "pads", "pads", "SAME_UPPER", "SAME_LOWER", "VALID"])
    if way == "pads":
        attributes["pads"] = [d.int(0, k - 1) for k in kernel + kernel]
    elif way != "none":
        attributes["auto_pad"] = way
    return attributes, reach


def _image(d, reach, channels):
    """Dims of an input that holds the window; now and then without images or wide enough for several bands."""
    batch = 0 if d.chance(0.06) else d.int(1, 3)
    return [batch, channels, *(n + d.pick([0, 1, 3, 6, 9, 29] if d.chance(0.9) else [60]) for n in reach)]


def conv(d):
    attributes, reach = _window(d, d.int(1, 2))
    groups, per, out = d.pick([(1, d.int(1, 9), d.int(1, 20)), (d.int(2, 4), d.int(1, 3), d.int(1, 5)),
                               (d.int(2, 20), 1, d.int(1, 2))])
    x = _image(d, reach, groups * per)
    w = [groups * out, per, *attributes["kernel_shape"]]
    if groups > 1:
        attributes["group"] = groups
    if d.chance(0.2):
        del attributes["kernel_shape"]
    return Case([d.floats(x, -1, 1), d.floats(w, -1, 1), d.floats([w[0]]) if d.chance(0.5) else None], attributes,
                static=True)


def conv_refused():
    return Case([np.ones([1, 1, 3, 3, 3], F32), np.ones([1, 1, 2, 2, 2], F32)])


def conv_transpose(d):
    axes = d.int(1, 2)
    attributes, reach = _window(d, axes)
    groups, per, out = d.pick([(1, d.int(1, 6), d.int(1, 6)), (d.int(2, 3), d.int(1, 2), d.int(1, 3))])
    x = [0 if d.chance(0.06) else d.int(1, 2), groups * per, *(d.int(1, 9) for _ in reach)]
    strides = attributes["strides"]
    if "pads" in attributes:  # no more than the output has
        attributes["pads"] = [min(p, (reach[i % axes] - 1) // 2) for i, p in enumerate(attributes["pads"])]
    if d.chance(0.3):
        attributes["output_padding"] = [d.int(0, s - 1) for s in strides]
    if groups > 1:
        attributes["group"] = groups
    if attributes.get("auto_pad") != "VALID" and "pads" not in attributes and d.chance(0.2):
        attributes["output_shape"] = [(n - 1) * s + r - d.int(0, r - 1)
                                      for n, s, r in zip(x[2:], strides, reach)]
        attributes.pop("output_padding", None)
    w = [groups * per, out, *attributes["kernel_shape"]]
    return Case([d.floats(x, -1, 1), d.floats(w, -1, 1), d.floats([groups * out]) if d.chance(0.5) else None],
                attributes, static=True)


def conv_transpose_refused():
    return conv_refused()


def _pool(d, more):
    attributes, reach = _window(d, d.int(1, 2))
    x = _image(d, reach, d.int(1, 5))
    if d.chance(0.4) and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    return Case([d.floats(x, special=more.pop("special", 0))], {**attributes, **more}, static=True)


def average_pool(d):
    return _pool(d, {"count_include_pad": d.int(0, 1)})


def max_pool(d):
    return _pool(d, {"special": 0.15})


def pool_refused():
    return Case([np.ones([1, 1, 3, 3, 3], F32)], {"kernel_shape": [2, 2, 2]})


def max_pool_refused():
    return Case([np.ones([1, 1, 4, 4], F32)], {"kernel_shape": [2, 2]}, (True, True))


# Each of these factors times a dim of at most 12 is a whole number or well away from one.
_SCALES = (0.5, 1.0, 2.0, 3.0, 1.5, 0.75, 2.5)


def resize(d):
    mode = d.pick(["nearest", "linear"])
    rank = d.int(1, 4)
    x = [d.int(1, 12) if i >= rank - 2 else d.int(1, 3) for i in range(rank)]
    if d.chance(0.06):
        x[0] = 0
    attributes = {"mode": mode, "coordinate_transformation_mode": d.pick(
        ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"])}
    free = range(max(rank - 2, 0), rank) if mode == "linear" else range(rank)
    chosen = list(free)
    if mode == "nearest":
        attributes["nearest_mode"] = d.pick(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
        array = d.bits(x, d.pick(MOVED[:-1]))
    else:
        array = d.floats(x)
    scales = [d.pick(_SCALES) for _ in free]
    by_size = d.chance(0.4)
    given = [max(1, int(x[a] * s)) if x[a] else 0 for a, s in zip(free, scales)] if by_size else [
        s if int(x[a] * s) or not x[a] else 1.0 for a, s in zip(free, scales)]
    if d.chance(0.4):
        attributes["axes"] = [a - (rank if d.chance(0.3) else 0) for a in chosen]
    else:
        lead = [x[a] if by_size else 1.0 for a in range(rank) if a not in free]
        given = lead + given
    return Case([array, None, None if by_size else np.array(given, F32), ints(*given) if by_size else None], attributes,
                constants=(2, 3), static=True)


def resize_refused():
    return Case([np.ones([1, 1, 4, 4], F32), None, np.array([1, 1, 2, 2], F32)], {"mode": "cubic"})


