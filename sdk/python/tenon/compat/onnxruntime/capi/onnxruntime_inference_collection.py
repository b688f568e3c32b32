# SPDX-License-Identifier: Apache-2.0
"""The classes that programs use: InferenceSession, IOBinding, OrtValue, OrtDevice."""

from __future__ import annotations

import enum
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tenon

from .._state import providers as _providers
from .._state.errors import refuse
from .._state.refused import no_sparse_tensors
from . import _pybind_state as C

AdapterFormat = C.AdapterFormat
ModelCompiler = C.ModelCompiler
SparseTensor = C.SparseTensor
GetInitializerLocationFunc = Callable[..., Any]
GetInitializerLocationWrapperFunc = Callable[..., Any]


class OrtDeviceVendorId(enum.IntEnum):
    """PCI numbers of vendors."""

    NONE = 0x0000
    AMD = 0x1002
    NVIDIA = 0x10DE
    ARM = 0x13B5
    MICROSOFT = 0x1414
    HUAWEI = 0x19E5
    QUALCOMM = 0x5143
    INTEL = 0x8086


_DEVICE_TYPES = ("cuda", "cann", "cpu", "dml", "webgpu", "gpu", "npu")
_VENDORS = {
    "cuda": OrtDeviceVendorId.NVIDIA,
    "dml": OrtDeviceVendorId.MICROSOFT,
    "cann": OrtDeviceVendorId.HUAWEI,
    "webgpu": OrtDeviceVendorId.NONE,
}


def get_ort_device_type(device_type: str) -> int:
    """The number of a device type."""
    if device_type not in _DEVICE_TYPES:
        raise Exception(f"Unsupported device type: {device_type}")
    return getattr(C.OrtDevice, device_type)()


def get_vendor_id_for_device_type(device_type: str) -> OrtDeviceVendorId | None:
    """Who makes devices of this type; None where that is open."""
    return _VENDORS.get(device_type)


def check_and_normalize_provider_args(
    providers: Sequence[Any] | None, provider_options: Sequence[Any] | None, available_provider_names: Sequence[str]
) -> tuple[list[str], list[dict[str, str]]]:
    """Names and options of what InferenceSession was given; warns of names that are not available."""
    chosen = _providers.normalize(providers, provider_options)
    for name in chosen:
        if name not in available_provider_names:
            warnings.warn(f"provider '{name}' is not available; there are: {', '.join(available_provider_names)}")
    return list(chosen), list(chosen.values())


def make_get_initializer_location_func_wrapper(get_initializer_location_func: Any) -> Any:
    """Raises: it serves ModelCompiler."""
    raise refuse("ModelCompiler", "Tenon has no compiled models; it plans a model while it loads")


class Session:
    """What every session can do; programs make an :class:`InferenceSession`."""

    _sess: C.InferenceSession
    _inputs_meta: list[C.NodeArg]
    _outputs_meta: list[C.NodeArg]
    _output_names: list[str]
    _required: set[str]

    def __init__(self, enable_fallback: bool = True) -> None:
        self._enable_fallback = enable_fallback

    @property
    def ignored_options(self) -> list[str]:
        """Everything that this session was asked for and that has no effect here, as ``"name=value"``."""
        return list(self._sess.ignored_options)

    @property
    def tenon(self) -> tenon.InferenceSession:
        """The session beneath, with ``placement()``, ``profile()``, ``memory()`` and ``trim()``."""
        return self._sess._native

    def get_session_options(self) -> C.SessionOptions:
        """This session's options; changing them has no effect."""
        return self._sess.session_options

    def get_inputs(self) -> list[C.NodeArg]:
        return self._inputs_meta

    def get_outputs(self) -> list[C.NodeArg]:
        return self._outputs_meta

    def get_overridable_initializers(self) -> list[C.NodeArg]:
        """Inputs with a default, which a run may replace."""
        return self._sess.overridable_initializers

    def get_modelmeta(self) -> C.ModelMetadata:
        return self._sess.model_meta

    def get_input_memory_infos(self) -> list[C.OrtMemoryInfo]:
        return self._sess.input_meminfos

    def get_output_memory_infos(self) -> list[C.OrtMemoryInfo]:
        return self._sess.output_meminfos

    def get_input_epdevices(self) -> list[C.OrtEpDevice | None]:
        return self._sess.input_epdevices

    def get_providers(self) -> list[str]:
        """onnxruntime's names of the providers that this session uses, in order of preference."""
        return self._sess.get_providers()

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return self._sess.get_provider_options()

    def get_provider_graph_assignment_info(self) -> list[C.OrtEpAssignedSubgraph]:
        """The nodes of each provider; the key session.record_ep_graph_assignment_info must be 1."""
        return self._sess.get_provider_graph_assignment_info()

    def set_providers(self, providers: Sequence[Any] | None = None, provider_options: Any = None) -> None:
        """Loads the model again on other providers."""
        self._create(providers, provider_options, ())

    def _create(self, providers: Any, provider_options: Any, disabled_optimizers: Any) -> None:
        raise NotImplementedError("a Session by itself has no model; make an InferenceSession")

    def disable_fallback(self) -> None:
        """Nothing ever falls back."""
        self._enable_fallback = False

    def enable_fallback(self) -> None:
        """No effect: a run that fails raises, it does not move to other providers."""
        self._enable_fallback = True

    def _check_names(self, input_feed: dict[str, Any]) -> None:
        if not self._required <= input_feed.keys():
            missing = [arg.name for arg in self._inputs_meta if arg.name in self._required - input_feed.keys()]
            raise ValueError(f"Required inputs ({missing}) are missing from input feed ({list(input_feed)}).")

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, Any], run_options: Any = None) -> list[Any]:
        """Runs once.

        output_names: which outputs, in this order; None or []: all. input_feed: arrays, lists or OrtValues by name.
        Returns a list of arrays. Raises ValueError when an input is missing, InvalidArgument for a name that the model
        does not have and for a wrong type or shape.
        """
        self._check_names(input_feed)
        return self._sess.run(output_names or self._output_names, input_feed, run_options)

    def run_async(
        self,
        output_names: Sequence[str] | None,
        input_feed: dict[str, Any],
        callback: Callable[[list[Any], Any, str], None],
        user_data: Any,
        run_options: Any = None,
    ) -> None:
        """Starts a run on another thread, which calls callback(results, user_data, error); error is "" for success."""
        self._check_names(input_feed)
        self._sess.run_async(output_names or self._output_names, input_feed, callback, user_data, run_options)

    def run_with_ort_values(
        self, output_names: Sequence[str] | None, input_dict_ort_values: dict[str, OrtValue], run_options: Any = None
    ) -> list[OrtValue]:
        """As run, with OrtValues in and out."""
        self._check_names(input_dict_ort_values)
        feed = {name: value._get_c_value() for name, value in input_dict_ort_values.items()}
        names = output_names or self._output_names
        return [OrtValue(value) for value in self._sess.run_with_ort_values(feed, names, run_options)]

    def run_with_iobinding(self, iobinding: IOBinding, run_options: Any = None) -> None:
        """Runs once on what is bound."""
        if iobinding._session is not self._sess:
            raise ValueError("this IOBinding belongs to another session")
        self._sess.run_with_iobinding(iobinding._iobinding, run_options)

    def run_with_ortvaluevector(
        self, run_options: Any, feed_names: Any, feeds: Any, fetch_names: Any, fetches: Any, fetch_devices: Any
    ) -> None:
        """As run, with OrtValueVectors: the results are appended to ``fetches``."""
        self._sess.run_with_ortvaluevector(run_options, feed_names, feeds, fetch_names, fetches, fetch_devices)

    def io_binding(self) -> IOBinding:
        return IOBinding(self)

    def end_profiling(self) -> str:
        """Writes the runs so far as a Chrome trace and returns its path; "" when enable_profiling was off."""
        return self._sess.end_profiling()

    def get_profiling_start_time_ns(self) -> int:
        """When the session was made, in nanoseconds since 1970."""
        return self._sess.get_profiling_start_time_ns

    def create_ortvalue_from_shape_and_type(
        self, shape: Sequence[int], element_type: Any, device_type: str, device_id: int = 0, vendor_id: int = -1
    ) -> OrtValue:
        """A new tensor of zeros in host memory."""
        return OrtValue.ortvalue_from_shape_and_type(shape, element_type, device_type, device_id, vendor_id)

    def release_captured_graph(self, graph_annotation_id: int = 0) -> None:
        """Nothing was captured."""

    def set_ep_dynamic_options(self, options: dict[str, str]) -> None:
        """Known options have no effect here; others raise."""
        self._sess.set_ep_dynamic_options(options)

    def get_tuning_results(self) -> list[Any]:
        """Empty: kernels are chosen by shapes, not by measuring."""
        return self._sess.get_tuning_results()

    def set_tuning_results(self, results: Any, *, error_on_invalid: bool = False) -> None:
        """Raises unless ``results`` is empty."""
        self._sess.set_tuning_results(results, error_on_invalid)


class InferenceSession(Session):
    """A loaded model.

    Args:
        path_or_bytes: path of an .onnx file, or its bytes.
        sess_options: :class:`SessionOptions`.
        providers: names of get_available_providers(), each with options if wanted; None: CPUExecutionProvider. A name
            that is not there raises ValueError, unless CPUExecutionProvider is in the list too: then it warns.
        provider_options: one dict for each of ``providers``.
        kwargs: ``disabled_optimizers``, ``enable_fallback`` and others have no effect and are in ``ignored_options``;
            ``read_config_from_model`` raises.
    """

    def __init__(
        self,
        path_or_bytes: str | bytes | os.PathLike[str],
        sess_options: C.SessionOptions | None = None,
        providers: Sequence[Any] | None = None,
        provider_options: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(enable_fallback=int(kwargs.pop("enable_fallback", 1)) == 1)
        if isinstance(path_or_bytes, (str, os.PathLike)):
            self._model_path, self._model_bytes = os.fspath(path_or_bytes), None
        elif isinstance(path_or_bytes, bytes):
            self._model_path, self._model_bytes = None, path_or_bytes
        else:
            raise TypeError(f"Unable to load from type '{type(path_or_bytes)}'")
        self._sess_options_initial = sess_options
        self._read_config = int(kwargs.pop("read_config_from_model", 0)) == 1
        self._create(providers, provider_options, kwargs.pop("disabled_optimizers", None) or ())
        self._sess.ignored_options += [f"{name}={value}" for name, value in kwargs.items()]

    def _create(self, providers: Any, provider_options: Any, disabled_optimizers: Any) -> None:
        chosen = _providers.normalize(providers, provider_options)
        options = self._sess_options_initial if self._sess_options_initial is not None else C.SessionOptions()
        model = self._model_bytes if self._model_path is None else self._model_path
        assert model is not None
        session = C.InferenceSession(options, model, self._model_path is not None, self._read_config)
        session.initialize_session(list(chosen), list(chosen.values()), set(disabled_optimizers))
        self._sess = session
        self._inputs_meta, self._outputs_meta = session.inputs_meta, session.outputs_meta
        self._output_names = [arg.name for arg in session.outputs_meta]
        self._required = {arg.name for arg in session.inputs_meta if not arg.type.startswith("optional")}


class IOBinding:
    """Inputs and outputs of a session, bound to memory of the caller or left to the session."""

    def __init__(self, session: Session) -> None:
        self._session = session._sess
        self._iobinding = C.SessionIOBinding(session._sess)

    def bind_cpu_input(self, name: str, arr_on_cpu: np.ndarray) -> None:
        """Reads the array where it lies, in each run."""
        self._iobinding.bind_input(name, arr_on_cpu)

    def bind_input(
        self, name: str, device_type: str, device_id: int, element_type: Any, shape: Sequence[int], buffer_ptr: int
    ) -> None:
        """Reads from an address, which must stay valid."""
        self._iobinding.bind_input(
            name, OrtDevice.make(device_type, device_id)._get_c_device(), element_type, shape, buffer_ptr
        )

    def bind_ortvalue_input(self, name: str, ortvalue: OrtValue) -> None:
        self._iobinding.bind_ortvalue_input(name, ortvalue._ortvalue)

    def bind_output(
        self,
        name: str,
        device_type: str = "cpu",
        device_id: int = 0,
        element_type: Any = None,
        shape: Sequence[int] | None = None,
        buffer_ptr: int | None = None,
    ) -> None:
        """Writes to an address, or (without one) into new memory in each run."""
        if buffer_ptr is not None and (element_type is None or shape is None):
            raise ValueError("an address needs its element_type and shape")
        device = OrtDevice.make(device_type, device_id)._get_c_device()
        self._iobinding.bind_output(name, device, element_type, shape, buffer_ptr)

    def bind_ortvalue_output(self, name: str, ortvalue: OrtValue) -> None:
        """Writes into this value."""
        self._iobinding.bind_ortvalue_output(name, ortvalue._ortvalue)

    def synchronize_inputs(self) -> None:
        """Nothing to wait for."""

    def synchronize_outputs(self) -> None:
        """Nothing to wait for."""

    def get_outputs(self) -> list[OrtValue]:
        """Of the last run, in the order of binding."""
        return [OrtValue(value) for value in self._iobinding.get_outputs()]

    def get_outputs_as_ortvaluevector(self) -> C.OrtValueVector:
        return self._iobinding.get_outputs()

    def copy_outputs_to_cpu(self) -> list[Any]:
        """Of the last run as arrays."""
        return self._iobinding.copy_outputs_to_cpu()

    def clear_binding_inputs(self) -> None:
        self._iobinding.clear_binding_inputs()

    def clear_binding_outputs(self) -> None:
        self._iobinding.clear_binding_outputs()


class OrtValue:
    """A value in host memory: a tensor, a sequence, a map, or an optional."""

    def __init__(self, ortvalue: C.OrtValue, numpy_obj: np.ndarray | None = None, session: Any = None) -> None:
        if not isinstance(ortvalue, C.OrtValue):
            raise ValueError("OrtValue is made by its class methods, such as OrtValue.ortvalue_from_numpy")
        self._ortvalue = ortvalue
        self._numpy_obj = numpy_obj

    def _get_c_value(self) -> C.OrtValue:
        return self._ortvalue

    @classmethod
    def ortvalue_from_numpy(
        cls, numpy_obj: np.ndarray, /, device_type: str = "cpu", device_id: int = 0, vendor_id: int = -1
    ) -> OrtValue:
        """Over the array's memory where it is dense. Device types other than cpu raise RuntimeError."""
        device = OrtDevice.make(device_type, device_id, vendor_id)._get_c_device()
        return cls(C.OrtValue.ortvalue_from_numpy(numpy_obj, device), numpy_obj)

    @classmethod
    def ortvalue_from_numpy_with_onnx_type(cls, data: np.ndarray, /, onnx_element_type: int) -> OrtValue:
        """Over the array's memory, read as elements of ONNX's type of the same size."""
        return cls(C.OrtValue.ortvalue_from_numpy_with_onnx_type(data, onnx_element_type), data)

    @classmethod
    def ortvalue_from_shape_and_type(
        cls,
        shape: Sequence[int],
        element_type: Any,
        device_type: str = "cpu",
        device_id: int = 0,
        vendor_id: int = -1,
        memory_info: Any = None,
    ) -> OrtValue:
        """A new tensor of zeros. element_type: NumPy's, or ONNX's number."""
        device = OrtDevice.make(device_type, device_id, vendor_id)._get_c_device()
        if isinstance(element_type, int):
            return cls(C.OrtValue.ortvalue_from_shape_and_onnx_type(shape, element_type, device))
        return cls(C.OrtValue.ortvalue_from_shape_and_type(shape, element_type, device))

    @classmethod
    def ort_value_from_sparse_tensor(cls, sparse_tensor: Any) -> OrtValue:
        """Raises: there are no sparse tensors."""
        raise no_sparse_tensors()

    def as_sparse_tensor(self) -> Any:
        """Raises: there are no sparse tensors."""
        raise no_sparse_tensors()

    def data_ptr(self) -> int:
        """Address of the first element."""
        return self._ortvalue.data_ptr()

    def device_name(self) -> str:
        return self._ortvalue.device_name()

    def shape(self) -> list[int]:
        return self._ortvalue.shape()

    def data_type(self) -> str:
        """``"tensor(int64)"``."""
        return self._ortvalue.data_type()

    def element_type(self) -> int:
        """ONNX's number of the elements."""
        return self._ortvalue.element_type()

    def tensor_size_in_bytes(self) -> int:
        return self._ortvalue.tensor_size_in_bytes()

    def has_value(self) -> bool:
        """False for an optional without a value."""
        return self._ortvalue.has_value()

    def is_tensor(self) -> bool:
        return self._ortvalue.is_tensor()

    def is_sparse_tensor(self) -> bool:
        return self._ortvalue.is_sparse_tensor()

    def is_tensor_sequence(self) -> bool:
        return self._ortvalue.is_tensor_sequence()

    def numpy(self) -> np.ndarray:
        """A NumPy array over the same memory; a copy for strings and types of less than a byte."""
        return self._ortvalue.numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if copy:
            return np.array(array, dtype=dtype)
        return array if dtype is None else array.astype(dtype, copy=False)

    def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
        return self._ortvalue.__dlpack__(stream=stream, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._ortvalue.__dlpack_device__()

    @classmethod
    def from_dlpack(cls, data: Any, /) -> OrtValue:
        """Over the memory of an object with ``__dlpack__``, or of a capsule."""
        source = data._ortvalue if isinstance(data, OrtValue) else data
        return cls(C.OrtValue.from_dlpack(source, False))

    def update_inplace(self, data: Any) -> None:
        """Copies an array (or another value) of the same size into this value's memory."""
        if isinstance(data, OrtValue):
            self._ortvalue.update_inplace(data._ortvalue)
        elif isinstance(data, np.ndarray):
            self._ortvalue.update_inplace(data)
        else:
            raise TypeError(f"a NumPy array or an OrtValue, not {type(data).__name__}")


def copy_tensors(src: Sequence[OrtValue], dst: Sequence[OrtValue], stream: Any = None) -> None:
    """Copies each source's bytes into its destination."""
    C.copy_tensors([value._get_c_value() for value in src], [value._get_c_value() for value in dst], stream)


class OrtDevice:
    """A device by type and number."""

    def __init__(self, c_ort_device: C.OrtDevice) -> None:
        if not isinstance(c_ort_device, C.OrtDevice):
            raise ValueError("OrtDevice is made by OrtDevice.make")
        self._ort_device = c_ort_device

    def _get_c_device(self) -> C.OrtDevice:
        return self._ort_device

    @staticmethod
    def make(ort_device_name: str, device_id: int, vendor_id: int = -1) -> OrtDevice:
        """ort_device_name: cpu, cuda, cann, dml, webgpu, gpu or npu. Raises Exception for others."""
        kind, memory = get_ort_device_type(ort_device_name), C.OrtDevice.default_memory()
        vendor = vendor_id if vendor_id >= 0 else get_vendor_id_for_device_type(ort_device_name) or 0
        return OrtDevice(C.OrtDevice(kind, memory, int(vendor), device_id))

    def device_id(self) -> int:
        return self._ort_device.device_id()

    def device_type(self) -> int:
        return self._ort_device.device_type()

    def device_vendor_id(self) -> int:
        return self._ort_device.vendor_id()

    def device_mem_type(self) -> int:
        return self._ort_device.mem_type()
