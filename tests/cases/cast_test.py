# SPDX-License-Identifier: Apache-2.0
"""Casts between every two element types on a provider's library, against numpy and ml_dtypes: cast_test.py LIBRARY

ONNX's own cases have 66 of these 26 * 26 pairs. Values that ONNX leaves open (out of an integer's range, NaN as an
integer or in a type without NaN) are not compared.
"""

import os
import sys
import unittest

import numpy as np
import onnx

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from onnx_cases import difference  # noqa: E402
from plugin_host import Provider, ProviderError, Refused  # noqa: E402
from tenon_ctypes import _BITS, _DTYPES  # noqa: E402

STRING = 8
NUMBERS = sorted(set(_DTYPES) - {14, 15})
FLOATS = [1, 10, 11, 16, 17, 18, 19, 20, 23, 24, 27, 28]
FLOAT8 = {17, 18, 19, 20}
NO_NAN = {23, 27, 28}
VALUES = [0, 1, 2, 3, -1, -2, 7, 100, 127, 128, 200, 255, 256, 1000, 32768, 65504, 65520, 2**24 + 1, 2**31 - 1, 2**31,
          2**53 + 1, 2**62 + 2**38 + 1, -2**31, 0.1, 0.25, 0.5, 1.5, 2.5, 3.5, 5.5, 6.9, 7.75, 26, 27.9, 240, 448,
          449, 464, 57344, 61440, 1e-3, 1e-5, 6e-8, 1e-8, 1e-40, 3.4e38, 1e39, -0.7, -7.9, -0.0, np.inf, -np.inf, np.nan]
PROVIDER = None


def codes(number):
    """Values of a type: every code of one byte and less, else VALUES."""
    dtype = np.dtype(_DTYPES[number])
    if number == 9:
        return np.array([True, False])
    bits = _BITS.get(number, dtype.itemsize * 8)
    if bits <= 8 and number in FLOATS:
        return np.arange(2**bits, dtype=np.uint8).view(dtype)
    if bits < 8:
        return np.arange(2**bits).astype(np.int8).astype(dtype)
    if number in FLOATS:
        return np.array(VALUES).astype(dtype)
    info = np.iinfo(dtype)
    return np.array([int(v) for v in VALUES if np.isfinite(v) and info.min <= v <= info.max] + [info.max], dtype)


def cast(array, to, **attributes):
    node = onnx.helper.make_node("Cast", ["x"], ["y"], to=to, **attributes)
    return PROVIDER.run(node, [array], [to])[0]


def expected(array, source, target):
    """(the answer, which elements are defined)."""
    dtype = np.dtype(_DTYPES[target])
    defined = np.ones(array.shape, bool)
    if source == target:
        return array, defined
    if source in FLOATS:
        wide = array.astype(np.float64)
        if target == 9:
            return wide != 0, defined
        if target not in FLOATS:
            bits = _BITS.get(target, dtype.itemsize * 8)
            low, high = (-2.0**(bits - 1), 2.0**(bits - 1)) if target in (3, 5, 6, 7, 22, 26) else (0.0, 2.0**bits)
            whole = np.trunc(wide)
            defined = (whole >= low) & (whole < high)
            return np.where(defined, whole, 0).astype(dtype), defined
    if target == 9:
        return array.astype(np.int64) != 0, defined
    if target == 24:
        wide = array.astype(np.float64)
        defined = (wide >= 2.0**-126) & (wide < 2.0**53) & (wide == wide.astype(np.float32))
        return onnx.numpy_helper.to_float8e8m0(wide.astype(np.float32)), defined
    if target in NO_NAN and source in FLOATS:
        defined = ~np.isnan(wide)
    if target in FLOATS:
        return rounded(array, target), defined
    if source in _BITS or target in _BITS:
        array = array.astype(np.int64)
    return array.astype(dtype), defined


def rounded(array, target):
    """To a float type; through a type that holds the values, not through float, which rounds twice."""
    dtype = np.dtype(_DTYPES[target])
    if target == 11:
        return array.astype(np.float64)
    if target == 1 and array.dtype in (np.int64, np.uint64):
        return array.astype(np.float32)
    wide = array.astype(np.float64)
    if target in FLOAT8:
        return onnx.numpy_helper.saturate_cast(wide, dtype)
    return wide.astype(dtype)


class Cast(unittest.TestCase):
    def test_every_pair(self):
        np.seterr(all="ignore")
        for source in NUMBERS:
            array = codes(source)
            for target in NUMBERS:
                with self.subTest(source=_DTYPES[source], target=_DTYPES[target]):
                    want, defined = expected(array, source, target)
                    got = cast(array, target)
                    wrong = difference(got[defined], want[defined], 0, 0)
                    self.assertIsNone(wrong, f"input {array[defined].tolist()}")

    def test_signed_zero_stays(self):
        for target in sorted(set(FLOATS) - {18, 20, 24}):
            got = cast(np.array([-0.0]), target)
            self.assertTrue(np.signbit(got.astype(np.float64))[0], _DTYPES[target])

    def test_beyond_the_range_without_saturate(self):
        beyond = np.array([1e6, -1e6, np.inf, -np.inf])
        for target in sorted(FLOAT8):
            got = cast(beyond, target, saturate=0)
            want = beyond.astype(np.float32).astype(_DTYPES[target])
            self.assertIsNone(difference(got, want, 0, 0), _DTYPES[target])

    def test_float8e8m0_rounds_as_asked(self):
        array = np.array([1, 1.25, 1.5, 1.75, 2.5, 0.75, 3], np.float32)
        for mode in ("up", "down", "nearest"):
            got = cast(array, 24, round_mode=mode)
            want = onnx.numpy_helper.to_float8e8m0(array, True, mode)
            self.assertEqual(got.astype(np.float32).tolist(), want.astype(np.float32).tolist(), mode)

    def test_float8e8m0_has_bounds(self):
        array = np.array([0, np.inf, 1e39, 1e-40])
        self.assertEqual(cast(array, 24).view(np.uint8).tolist(), [0, 254, 254, 0])
        self.assertEqual(cast(array, 24, saturate=0, round_mode="nearest").view(np.uint8).tolist(), [255] * 4)

    def test_integers_round_once(self):
        array = np.array([2**62 + 2**54 + 1, -(2**62 + 2**54 + 1), 2**24 + 1, 2**53 + 1], np.int64)
        self.assertEqual(cast(array, 16).astype(np.float64).tolist(),
                         [2.0**62 + 2.0**55, -(2.0**62 + 2.0**55), 2.0**24, 2.0**53])
        self.assertEqual(cast(array, 11).tolist(), array.astype(np.float64).tolist())

    def test_strings_to_numbers(self):
        texts = np.array(["3.14", "1e-5", "1E8", "+INF", "-inf", "Inf", "nAn", "1000", " -7 ", "+4"], object)
        for target in (1, 11):
            want = np.array([float(t) for t in texts], _DTYPES[target])
            self.assertIsNone(difference(cast(texts, target), want, 0, 0))
        self.assertEqual(cast(np.array(["1e999", "-1e999", "1e-999"], object), 11).tolist(), [np.inf, -np.inf, 0])
        texts = np.array(["100.5", "-3", "9223372036854775807", "1E8"], object)
        self.assertEqual(cast(texts, 7).tolist(), [100, -3, 2**63 - 1, 10**8])
        self.assertEqual(cast(np.array(["18446744073709551615"], object), 13).tolist(), [2**64 - 1])
        self.assertEqual(cast(np.array(["True", "false", "0", "2"], object), 9).tolist(), [True, False, False, True])

    def test_no_number(self):
        for text in ("Hello World!", "", "1.5x", "0x10", "--1", "+-1", "1 2"):
            for target in (1, 7, 9):
                with self.assertRaisesRegex(ProviderError, "is no number"):
                    cast(np.array([text], object), target)

    def test_numbers_to_strings(self):
        for number, values in ((1, [314.15926, 1e15, 1e16, 1e-3, 1e-5, 3, -0.0, 0.1, np.nan, -np.inf]),
                               (11, [314.15926, 1 / 3, 1e-300, 123456789.25]), (10, [0.1, 3, 65504])):
            array = np.array(values, _DTYPES[number])
            got = cast(array, STRING)
            self.assertEqual(cast(got, number).view(np.uint8).tolist(), array.view(np.uint8).tolist())
            if number != 10:
                self.assertEqual(got.tolist(), array.astype(str).tolist())
        self.assertEqual(cast(np.array([1, -2], np.int8), STRING).tolist(), ["1", "-2"])
        self.assertEqual(cast(np.array([2**64 - 1], np.uint64), STRING).tolist(), [str(2**64 - 1)])
        self.assertEqual(cast(np.array([True, False]), STRING).tolist(), ["True", "False"])

    def test_a_strange_rounding_is_refused(self):
        with self.assertRaisesRegex(Refused, "round_mode"):
            cast(np.array([1], np.float32), 24, round_mode="sideways")


if __name__ == "__main__":
    PROVIDER = Provider(sys.argv.pop(1))
    unittest.main()
