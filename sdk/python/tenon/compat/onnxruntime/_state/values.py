# SPDX-License-Identifier: Apache-2.0
"""OrtValue and OrtValueVector over tenon.Tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import tenon
from tenon._dtypes import BITS, DTYPES, NAMES, STRING, number_of

from .devices import OrtDevice
from .refused import no_sparse_tensors

_CPU_ONLY = "Tenon keeps values in host memory: device type 'cpu'"


def _check_device(device: OrtDevice | None) -> None:
    if device is not None and device.device_type() != OrtDevice.cpu():
        raise RuntimeError(f"this device has no memory here; {_CPU_ONLY}")


def type_name(number: int) -> str:
    """``"tensor(float)"`` for 1."""
    return f"tensor({NAMES[number][1]})"


def onnx_number(element_type: Any) -> int:
    """ONNX's number of what a caller says an element type is: a number, a NumPy dtype or its name."""
    number = element_type if isinstance(element_type, int) else number_of(np.dtype(element_type))
    if number not in NAMES:
        raise RuntimeError(f"{element_type!r} is no element type of ONNX")
    return number


class OrtValue:
    """A value in host memory: a tensor, a sequence (list), a map (dict), or an optional without a value (None)."""

    __slots__ = ("_value", "_type")

    def __init__(self, value: Any, type_text: str = "") -> None:
        self._value = value
        self._type = type_text

    @classmethod
    def _of_result(cls, result: Any, type_text: str) -> OrtValue:
        """What a run made: an array shares its memory with the value."""
        if isinstance(result, np.ndarray):
            return cls(tenon.Tensor(result))
        return cls(result, type_text)

    def _tensor(self, what: str) -> tenon.Tensor:
        if not isinstance(self._value, tenon.Tensor):
            raise RuntimeError(f"{what} is for tensors; this value is {self._type or type(self._value).__name__}")
        return self._value

    def _feed(self) -> Any:
        return self._value

    @staticmethod
    def ortvalue_from_numpy(array: np.ndarray, device: OrtDevice | None = None) -> OrtValue:
        """Shares the array's memory where it is dense; a copy otherwise."""
        _check_device(device)
        if not isinstance(array, np.ndarray):
            raise RuntimeError(f"a NumPy array, not {type(array).__name__}")
        return OrtValue(tenon.Tensor(np.ascontiguousarray(array).reshape(array.shape)))

    @staticmethod
    def ortvalue_from_numpy_with_onnx_type(array: np.ndarray, onnx_element_type: int) -> OrtValue:
        """Reads the array's bytes as elements of another type of the same size."""
        number = onnx_number(int(onnx_element_type))
        dense = np.ascontiguousarray(array)
        if number == STRING or DTYPES[number].itemsize != dense.dtype.itemsize:
            raise RuntimeError(f"elements of {dense.dtype} cannot be read as {type_name(number)}: their sizes differ")
        return OrtValue(tenon.Tensor.wrap(dense.reshape(-1).view(np.uint8), number, list(array.shape)))

    @staticmethod
    def ortvalue_from_shape_and_type(
        shape: Sequence[int], element_type: Any, device: OrtDevice | None = None
    ) -> OrtValue:
        """A new tensor of zeros. ``element_type``: NumPy's."""
        return OrtValue.ortvalue_from_shape_and_onnx_type(shape, onnx_number(element_type), device)

    @staticmethod
    def ortvalue_from_shape_and_onnx_type(
        shape: Sequence[int], element_type: int, device: OrtDevice | None = None
    ) -> OrtValue:
        """A new tensor of zeros. ``element_type``: ONNX's number."""
        _check_device(device)
        number = onnx_number(int(element_type))
        if number == STRING:
            raise RuntimeError("a tensor of strings is made from an array of them")
        return OrtValue(tenon.Tensor.create(number, [int(dim) for dim in shape]))

    @staticmethod
    def ortvalue_from_shape_and_type_for_memory_info(
        shape: Sequence[int], element_type: Any, memory_info: Any
    ) -> OrtValue:
        """The same in the memory that ``memory_info`` names, which is the host's."""
        return OrtValue.ortvalue_from_shape_and_type(shape, element_type)

    @staticmethod
    def ortvalue_from_shape_and_onnx_type_for_memory_info(
        shape: Sequence[int], element_type: int, memory_info: Any
    ) -> OrtValue:
        """The same in the memory that ``memory_info`` names, which is the host's."""
        return OrtValue.ortvalue_from_shape_and_onnx_type(shape, element_type)

    @staticmethod
    def ort_value_from_sparse_tensor(sparse_tensor: Any) -> OrtValue:
        """Raises: there are no sparse tensors."""
        raise no_sparse_tensors()

    def as_sparse_tensor(self) -> Any:
        """Raises: there are no sparse tensors."""
        raise no_sparse_tensors()

    @staticmethod
    def from_dlpack(data: Any, is_bool_tensor: bool = False) -> OrtValue:
        """Shares the memory of a DLPack capsule or of an object that makes one."""
        array = np.from_dlpack(data if hasattr(data, "__dlpack__") else _Capsule(data))
        if is_bool_tensor and array.dtype == np.uint8:
            array = array.view(np.bool_)
        return OrtValue.ortvalue_from_numpy(array)

    def to_dlpack(self) -> Any:
        """A DLPack capsule over the same memory."""
        return self._tensor("to_dlpack").__dlpack__()

    def __dlpack__(self, stream: Any = None, **options: Any) -> Any:
        return self._tensor("__dlpack__").__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._tensor("__dlpack_device__").__dlpack_device__()

    def update_inplace(self, data: Any) -> None:
        """Copies the bytes of an array (or of another value) of the same size into this tensor's memory."""
        target = self._tensor("update_inplace")
        source = data._tensor("update_inplace").numpy() if isinstance(data, OrtValue) else np.ascontiguousarray(data)
        if source.nbytes != target.nbytes or source.dtype == object:
            raise RuntimeError(f"the tensor has {target.nbytes} bytes, the array given {source.nbytes}")
        if source.nbytes:
            target.numpy().reshape(-1).view(np.uint8)[:] = source.reshape(-1).view(np.uint8)

    def data_ptr(self) -> int:
        """Address of the first element."""
        return self._tensor("data_ptr").address

    def device_name(self) -> str:
        """``"cpu"``."""
        return "cpu"

    def shape(self) -> list[int]:
        return list(self._tensor("shape").shape)

    def data_type(self) -> str:
        """``"tensor(float)"``, ``"seq(tensor(int64))"``..."""
        return type_name(self._value.dtype_number) if isinstance(self._value, tenon.Tensor) else self._type

    def element_type(self) -> int:
        """ONNX's number of a tensor's elements; of a sequence, that of its tensors."""
        if isinstance(self._value, tenon.Tensor):
            return self._value.dtype_number
        if isinstance(self._value, list) and self._value and isinstance(self._value[0], np.ndarray):
            return number_of(self._value[0].dtype)
        raise RuntimeError(f"element_type is for tensors; this value is {self._type}")

    def tensor_size_in_bytes(self) -> int:
        return self._tensor("tensor_size_in_bytes").nbytes

    def has_value(self) -> bool:
        """False for an optional without a value."""
        return self._value is not None

    def is_tensor(self) -> bool:
        return isinstance(self._value, tenon.Tensor)

    def is_sparse_tensor(self) -> bool:
        """False: there are no sparse tensors."""
        return False

    def is_tensor_sequence(self) -> bool:
        return isinstance(self._value, list)

    def numpy(self) -> np.ndarray:
        """A NumPy array over the same memory; a copy for strings and types of less than a byte."""
        return self._tensor("numpy").numpy()

    def _is_webgpu_buffer(self) -> bool:
        return False


class _Capsule:
    """Makes a bare DLPack capsule an object that NumPy takes one from."""

    def __init__(self, capsule: Any) -> None:
        if type(capsule).__name__ != "PyCapsule":
            raise TypeError(f"a DLPack capsule or an object with __dlpack__, not {type(capsule).__name__}")
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


class OrtValueVector:
    """A list of values."""

    def __init__(self, values: Sequence[OrtValue] = ()) -> None:
        self._values = list(values)

    def push_back(self, value: Any, is_bool_tensor: bool = False) -> None:
        """Appends a value, or one over the memory of a DLPack capsule."""
        self._values.append(value if isinstance(value, OrtValue) else OrtValue.from_dlpack(value, is_bool_tensor))

    def push_back_batch(
        self,
        tensors: Sequence[Any],
        data_ptrs: Sequence[int],
        element_types: Sequence[Any],
        shapes: Sequence[Sequence[int]],
        devices: Sequence[OrtDevice],
    ) -> None:
        """Appends a value over each of the given addresses; ``tensors`` are kept alive with them."""
        for tensor, pointer, element_type, shape, device in zip(tensors, data_ptrs, element_types, shapes, devices):
            _check_device(device)
            self._values.append(OrtValue(over_address(pointer, onnx_number(element_type), shape, tensor)))

    def reserve(self, count: int) -> None:
        """Nothing to do."""

    def shrink_to_fit(self) -> None:
        """Nothing to do."""

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> OrtValue:
        return self._values[index]

    def __iter__(self) -> Iterator[OrtValue]:
        return iter(self._values)

    def element_type_at(self, idx: int) -> int:
        """ONNX's number of the elements of one value."""
        return self._values[idx].element_type()

    def bool_tensor_indices(self) -> list[int]:
        """Where there are tensors of bools, which old DLPack cannot tell from bytes."""
        return [i for i, value in enumerate(self._values) if value.data_type() == "tensor(bool)"]

    def dlpack_at(self, index: int) -> Any:
        """A DLPack capsule over one value."""
        return self._values[index].to_dlpack()

    def to_dlpacks(self, to_tensor: Callable[[Any], Any] | None) -> list[Any]:
        """A capsule over each value, handed through ``to_tensor`` if that is given."""
        capsules = [value.to_dlpack() for value in self._values]
        return capsules if to_tensor is None else [to_tensor(capsule) for capsule in capsules]


class _Memory:
    """Somebody's memory as NumPy's array interface, with what keeps it alive."""

    def __init__(self, pointer: int, size: int, owner: Any) -> None:
        self.__array_interface__ = {"data": (pointer, False), "shape": (size,), "typestr": "|u1", "version": 3}
        self._owner = owner


def over_address(pointer: int, number: int, shape: Sequence[int], owner: Any = None) -> tenon.Tensor:
    """A tensor over memory that the caller names by its address and keeps (or ``owner`` does)."""
    if number == STRING or number in BITS:
        raise RuntimeError(f"{type_name(number)} has no plain memory to bind")
    dims = [int(dim) for dim in shape]
    count = int(np.prod(dims, dtype=np.int64))
    size = count * DTYPES[number].itemsize
    if size == 0:
        return tenon.Tensor.create(number, dims)
    return tenon.Tensor.wrap(np.asarray(_Memory(int(pointer), size, owner)), number, dims)


def unwrapped(value: Any) -> Any:
    """The value inside of onnxruntime.OrtValue, or what was given."""
    inner = getattr(value, "_ortvalue", None)
    return inner if isinstance(inner, OrtValue) else value


def copy_tensors(src: Sequence[OrtValue], dst: Sequence[OrtValue], stream: Any = None) -> None:
    """Copies each source's bytes into its destination."""
    if len(src) != len(dst):
        raise RuntimeError(f"{len(src)} sources and {len(dst)} destinations: they go in pairs")
    for one, other in zip(src, dst):
        other.update_inplace(one)


def is_dlpack_uint8_tensor(capsule: Any) -> bool:
    """Whether a DLPack capsule holds bytes, which may be meant as bools. The capsule is used up."""
    return bool(np.from_dlpack(_Capsule(capsule)).dtype == np.uint8)
