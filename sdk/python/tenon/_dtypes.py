# SPDX-License-Identifier: Apache-2.0
"""ONNX's dtypes (``TensorProto.DataType``, the same numbers) and NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

# number: (NumPy's name, the name in "tensor(...)"); NumPy's names from bfloat16 on are ml_dtypes'.
NAMES: dict[int, tuple[str, str]] = {
    1: ("float32", "float"),
    2: ("uint8", "uint8"),
    3: ("int8", "int8"),
    4: ("uint16", "uint16"),
    5: ("int16", "int16"),
    6: ("int32", "int32"),
    7: ("int64", "int64"),
    8: ("object", "string"),
    9: ("bool", "bool"),
    10: ("float16", "float16"),
    11: ("float64", "double"),
    12: ("uint32", "uint32"),
    13: ("uint64", "uint64"),
    14: ("complex64", "complex64"),
    15: ("complex128", "complex128"),
    16: ("bfloat16", "bfloat16"),
    17: ("float8_e4m3fn", "float8e4m3fn"),
    18: ("float8_e4m3fnuz", "float8e4m3fnuz"),
    19: ("float8_e5m2", "float8e5m2"),
    20: ("float8_e5m2fnuz", "float8e5m2fnuz"),
    21: ("uint4", "uint4"),
    22: ("int4", "int4"),
    23: ("float4_e2m1fn", "float4e2m1"),
    24: ("float8_e8m0fnu", "float8e8m0"),
    25: ("uint2", "uint2"),
    26: ("int2", "int2"),
    27: ("float6_e2m3fn", "float6e2m3"),
    28: ("float6_e3m2fn", "float6e3m2"),
}
STRING = 8
BITS = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2, 27: 6, 28: 6}  # of the dtypes that share bytes
_NUMPY_KNOWS = range(1, 16)
_numbers: dict[np.dtype[Any], int] = {}


class DtypeTable:
    """NumPy's dtype by ONNX's number. Those of ml_dtypes are looked up when first asked for."""

    def __init__(self) -> None:
        self._found = {number: np.dtype(NAMES[number][0]) for number in _NUMPY_KNOWS}

    def __getitem__(self, number: int) -> np.dtype[Any]:
        found = self._found.get(number)
        if found is None:
            import ml_dtypes

            found = self._found[number] = np.dtype(getattr(ml_dtypes, NAMES[number][0]))
        return found


DTYPES = DtypeTable()


def number_of(dtype: np.dtype[Any]) -> int:
    """ONNX's number of a NumPy dtype, 0 when ONNX has none. Strings of every kind are STRING."""
    found = _numbers.get(dtype)
    if found is None:
        if dtype.kind in "OUS" or dtype.kind == "T":
            found = STRING
        else:
            name = dtype.newbyteorder("=").name
            found = next((number for number, (known, _) in NAMES.items() if known == name and number != STRING), 0)
        _numbers[dtype] = found
    return found


def type_text(native: str) -> str:
    """``"tensor(float32)"`` of tenon.h as ONNX writes it: ``"tensor(float)"``."""
    return native.replace("(float32", "(float").replace("(float64", "(double")
