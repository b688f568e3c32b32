# SPDX-License-Identifier: Apache-2.0
"""The session beneath onnxruntime.InferenceSession, over tenon.InferenceSession."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

import tenon

from . import config, devices, model_edit, providers, trace
from .errors import Fail, ModelLoadCanceled, NoSuchFile, as_onnxruntime, make, refuse, translated
from .options import RunOptions, SessionOptions
from .values import OrtValue, OrtValueVector, onnx_number, over_address, unwrapped


class NodeArg:
    """An input or output: name, type as ``"tensor(float)"``, shape as a list of int, symbol or None."""

    __slots__ = ("name", "type", "shape", "_string")

    def __init__(self, arg: tenon.NodeArg) -> None:
        self.name, self.type, self.shape = arg.name, arg.type, list(arg.shape)
        self._string = arg.type == "tensor(string)"

    def __str__(self) -> str:
        return f"NodeArg(name='{self.name}', type='{self.type}', shape={self.shape})"


class ModelMetadata:
    """What a model says of itself."""

    __slots__ = (
        "producer_name",
        "graph_name",
        "domain",
        "description",
        "graph_description",
        "version",
        "custom_metadata_map",
    )

    def __init__(self, meta: tenon.ModelMetadata) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(meta, name))


def _as_text(value: Any) -> np.ndarray:
    """Strings as onnxruntime takes them: what is no str becomes one."""
    array = np.asarray(value, dtype=object)
    texts = [item.decode() if isinstance(item, bytes) else str(item) for item in array.reshape(-1).tolist()]
    made = np.empty(len(texts), dtype=object)
    made[:] = texts
    return made.reshape(array.shape)


class InferenceSession:
    """A loaded model. Programs use onnxruntime.InferenceSession, which makes one of these."""

    def __init__(
        self, session_options: SessionOptions, model: str | bytes, from_path: bool, read_config_from_model: bool = False
    ) -> None:
        if read_config_from_model:
            raise refuse("read_config_from_model", "options come from the program, not from the model")
        if not isinstance(session_options, SessionOptions):
            raise TypeError(f"sess_options is a SessionOptions, not {type(session_options).__name__}")
        self._options = session_options._copy()
        self._source = model
        self.get_profiling_start_time_ns = time.time_ns()

    def initialize_session(
        self,
        names: Sequence[str] = (),
        provider_options: Sequence[dict[str, str]] = (),
        disabled_optimizers: Collection[str] = (),
    ) -> None:
        """Loads the model on the named providers."""
        self._load(dict(zip(names, provider_options)), disabled_optimizers)

    def _load(self, wanted: dict[str, dict[str, str]], disabled_optimizers: Any) -> None:
        options = self._options
        if options._cancelled:
            raise make(ModelLoadCanceled, "the load cancellation flag of the session's options is set")
        wanted = wanted or options._providers
        behind = options._config.get("session.disable_cpu_ep_fallback") != "1"
        if not behind and providers.CPU in wanted:
            raise make(Fail, f"session.disable_cpu_ep_fallback is 1, but {providers.CPU} is in the list of providers")
        self._choice = providers.Choice(wanted, cpu_behind=behind or not wanted)
        source, folder = self._edited()
        native = options._native()
        with as_onnxruntime():
            self._native = tenon.InferenceSession(
                source,
                native,
                self._choice.native,
                environment=providers.environment(),
                external_data_folder=folder,
            )
        self.ignored_options = options._ignored() + self._choice.ignored
        self.ignored_options += [f"disabled_optimizers={name}" for name in sorted(disabled_optimizers)]
        if options.optimized_model_filepath:
            _export(source, options, native)
        self.inputs_meta = [NodeArg(arg) for arg in self._native.get_inputs()]
        self.outputs_meta = [NodeArg(arg) for arg in self._native.get_outputs()]
        self.overridable_initializers = [NodeArg(arg) for arg in self._native.get_overridable_initializers()]
        self._strings = {arg.name for arg in self.inputs_meta + self.overridable_initializers if arg._string}
        self._output_types = {arg.name: arg.type for arg in self.outputs_meta}
        self._trace_name = ""

    def _edited(self) -> tuple[str | bytes, str | None]:
        """The model as it is loaded, and where its external data is."""
        options, source = self._options, self._source
        folder = options._config.get("session.model_external_initializers_file_folder_path") or None
        if options._config.get("session.load_model_format") == "ORT" or _is_ort_format(source):
            raise refuse("models in ORT format", "load the .onnx file that it was made from")
        if not options._weights and not options._denotations:
            return source, folder if isinstance(source, bytes) else None
        if isinstance(source, str):
            folder = folder or os.path.dirname(os.path.abspath(source))
            source = _read(source)
        if options._weights:
            source = model_edit.with_weights(source, options._weights)
        if options._denotations:
            source = model_edit.with_denoted_dims(source, options._denotations)
        return source, folder

    @property
    def session_options(self) -> SessionOptions:
        return self._options

    @property
    def model_meta(self) -> ModelMetadata:
        return ModelMetadata(self._native.get_modelmeta())

    @property
    def input_meminfos(self) -> list[devices.OrtMemoryInfo]:
        return [devices.host_memory() for _ in self.inputs_meta]

    @property
    def output_meminfos(self) -> list[devices.OrtMemoryInfo]:
        return [devices.host_memory() for _ in self.outputs_meta]

    @property
    def input_epdevices(self) -> list[devices.OrtEpDevice | None]:
        """A device of the first provider for each input, None where it shows none."""
        first = next((d for d in devices.get_ep_devices() if d.ep_name == self._choice.names[0]), None)
        return [first for _ in self.inputs_meta]

    def get_providers(self) -> list[str]:
        return list(self._choice.names)

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {name: dict(options) for name, options in self._choice.options.items()}

    def _prepared(self, feed: Mapping[str, Any]) -> dict[str, Any]:
        changed = None
        for name, value in feed.items():
            kind = type(value)
            if kind is np.ndarray and (not self._strings or name not in self._strings):
                continue
            value = unwrapped(value)
            if isinstance(value, OrtValue):
                value = value._feed()
            elif name in self._strings and value is not None:
                value = _as_text(value)
            if changed is None:
                changed = dict(feed)
            changed[name] = value
        return changed if changed is not None else feed if type(feed) is dict else dict(feed)

    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, Any], run_options: RunOptions | None = None
    ) -> list[Any]:
        """Runs once; arrays by name in, a list of arrays out."""
        if isinstance(output_names, str):
            raise TypeError(f"output names are a list: [{output_names!r}]")
        try:
            results = self._native.run(output_names, self._prepared(input_feed), _control(run_options))
        except tenon.Error as error:
            raise translated(error, running=True) from error
        if run_options is not None and run_options._trims:
            self._native.trim()
        return results

    def run_async(
        self,
        output_names: Sequence[str],
        input_feed: Mapping[str, Any],
        callback: Callable[[list[Any], Any, str], None],
        user_data: Any,
        run_options: RunOptions | None = None,
    ) -> None:
        """Starts a run on another thread; callback(results, user_data, error) is called there."""

        def done(outputs: Any, data: Any, error: str) -> None:
            callback(list(outputs) if outputs is not None else [], data, error)

        feed = self._prepared(input_feed)
        self._native.run_async(list(output_names), feed, done, user_data, _control(run_options))

    def run_with_ort_values(
        self, feed: Mapping[str, OrtValue], output_names: Sequence[str], run_options: RunOptions | None = None
    ) -> OrtValueVector:
        """Runs on values; the results share their memory with the run's."""
        results = self.run(output_names, feed, run_options)
        types = (self._output_types[name] for name in output_names)
        return OrtValueVector([OrtValue._of_result(result, kind) for result, kind in zip(results, types)])

    def run_with_iobinding(self, binding: SessionIOBinding, run_options: RunOptions | None = None) -> None:
        binding._run(run_options)

    def run_with_ortvaluevector(
        self,
        run_options: RunOptions | None,
        feed_names: Sequence[str],
        feeds: OrtValueVector,
        fetch_names: Sequence[str],
        fetches: OrtValueVector,
        fetch_devices: Sequence[Any],
    ) -> None:
        """Runs on lists of values; the results are appended to ``fetches``, or written into what it holds."""
        if len(fetches):
            binding = SessionIOBinding(self)
            for name, value in zip(feed_names, feeds):
                binding.bind_ortvalue_input(name, value)
            for name, value in zip(fetch_names, fetches):
                binding.bind_ortvalue_output(name, value)
            binding._run(run_options)
            return
        for value in self.run_with_ort_values(dict(zip(feed_names, feeds)), fetch_names, run_options):
            fetches.push_back(value)

    def end_profiling(self) -> str:
        """Writes the runs so far as a Chrome trace; its path, or "" when the session does not record."""
        if not self._options.enable_profiling:
            return ""
        if not self._trace_name:
            now = time.time()
            stamp = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(now))
            self._trace_name = f"{self._options.profile_file_prefix}_{stamp}_{int(now * 1000) % 1000:03}.json"
            with open(self._trace_name, "w", encoding="utf-8") as file:
                json.dump(trace.events(self._native.profile().trace()), file, indent=0)
        return self._trace_name

    def get_provider_graph_assignment_info(self) -> list[devices.OrtEpAssignedSubgraph]:
        """The nodes of each provider."""
        if self._options._config.get("session.record_ep_graph_assignment_info") != "1":
            raise make(Fail, "set session.record_ep_graph_assignment_info to 1 to be told where nodes run")
        found: dict[str, list[devices.OrtEpAssignedNode]] = {}
        for node in self._native.placement().nodes:
            name = providers.name_of(node.get("provider") or "null")
            if name is not None:
                domain, op_type = trace.split_operator(node["op"])
                one = devices.OrtEpAssignedNode(trace.short_name(node["path"]), op_type, domain)
                found.setdefault(name, []).append(one)
        return [devices.OrtEpAssignedSubgraph(name, nodes) for name, nodes in found.items()]

    def set_ep_dynamic_options(self, options: Mapping[str, str]) -> None:
        """Known options have no effect here and are listed by ``ignored_options``; others raise."""
        for name, value in options.items():
            config.checked("dynamic", name, value)
            self.ignored_options.append(f"{name}={value}")

    def get_tuning_results(self) -> list[Any]:
        """Empty: kernels are chosen by shapes, not by measuring."""
        return []

    def set_tuning_results(self, results: Sequence[Any], error_on_invalid: bool = False) -> None:
        """Raises unless ``results`` is empty."""
        if results:
            raise refuse("InferenceSession.set_tuning_results", "kernels are chosen by shapes, not by measuring")

    def create_ortvalue_from_shape_and_type(self, shape: Sequence[int], element_type: Any, device: Any) -> OrtValue:
        return OrtValue.ortvalue_from_shape_and_type(shape, element_type, device)

    def create_ortvalue_from_shape_and_onnx_type(
        self, shape: Sequence[int], element_type: int, device: Any
    ) -> OrtValue:
        return OrtValue.ortvalue_from_shape_and_onnx_type(shape, element_type, device)

    def is_webgpu_graph_capture_enabled(self) -> bool:
        return False

    def webgpu_context_id(self) -> int:
        """-1: there is none."""
        return -1

    def release_captured_graph(self, graph_annotation_id: int) -> None:
        """Nothing was captured."""


class SessionIOBinding:
    """Inputs and outputs of a session, bound to values."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._inputs: dict[str, Any] = {}
        self._outputs: dict[str, OrtValue | None] = {}
        self._results: dict[str, OrtValue] = {}
        self._known = {arg.name for arg in session.inputs_meta + session.overridable_initializers}

    def bind_input(self, name: str, *value: Any) -> None:
        """bind_input(name, array) or bind_input(name, device, element_type, shape, address)."""
        if name not in self._known:
            raise RuntimeError(f"the model has no input '{name}'; it has: {', '.join(sorted(self._known))}")
        if len(value) == 1:
            if not isinstance(value[0], np.ndarray):
                raise RuntimeError(f"input '{name}': a NumPy array, not {type(value[0]).__name__}")
            self._inputs[name] = self._session._prepared({name: value[0]})[name]
        else:
            device, element_type, shape, address = value
            _host_only(device)
            self._inputs[name] = over_address(address, onnx_number(element_type), shape)

    def bind_ortvalue_input(self, name: str, value: OrtValue) -> None:
        if name not in self._known:
            raise RuntimeError(f"the model has no input '{name}'; it has: {', '.join(sorted(self._known))}")
        self._inputs[name] = value._feed()

    def bind_output(
        self, name: str, device: Any, element_type: Any = None, shape: Any = None, address: Any = None
    ) -> None:
        """bind_output(name, device), into new memory, or with element type, shape and address, into that memory."""
        _host_only(device)
        self._outputs[name] = (
            None if address is None else OrtValue(over_address(address, onnx_number(element_type), shape))
        )

    def bind_ortvalue_output(self, name: str, value: OrtValue) -> None:
        self._outputs[name] = value

    def synchronize_inputs(self) -> None:
        """Nothing to wait for."""

    def synchronize_outputs(self) -> None:
        """Nothing to wait for."""

    def clear_binding_inputs(self) -> None:
        self._inputs.clear()

    def clear_binding_outputs(self) -> None:
        self._outputs.clear()
        self._results.clear()

    def _run(self, run_options: RunOptions | None) -> None:
        session = self._session
        if not self._outputs:
            raise RuntimeError("no output is bound")
        into = {name: value._feed() for name, value in self._outputs.items() if value is not None}
        try:
            made = session._native.run(list(self._outputs), self._inputs, _control(run_options), into or None)
        except tenon.Error as error:
            raise RuntimeError(f"Error in execution: {error}") from error
        for (name, given), result in zip(self._outputs.items(), made):
            self._results[name] = (
                given if given is not None else OrtValue._of_result(result, session._output_types[name])
            )
        if run_options is not None and run_options._trims:
            session._native.trim()

    def get_outputs(self) -> OrtValueVector:
        """Of the last run, in the order of binding."""
        return OrtValueVector([self._results[name] for name in self._outputs if name in self._results])

    def copy_outputs_to_cpu(self) -> list[Any]:
        """The same as arrays."""
        return [value.numpy() if value.is_tensor() else value._feed() for value in self.get_outputs()]


def _control(run_options: RunOptions | None) -> tenon.RunOptions | None:
    if run_options is None:
        return None
    if not isinstance(run_options, RunOptions):
        raise TypeError(f"run_options is a RunOptions, not {type(run_options).__name__}")
    return run_options._native


def _host_only(device: devices.OrtDevice) -> None:
    if device.device_type() != devices.OrtDevice.cpu():
        raise RuntimeError("inputs and outputs are bound in host memory: device type 'cpu'")


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise make(NoSuchFile, f"there is no file '{path}'") from error
    except OSError as error:
        raise make(Fail, f"cannot read '{path}': {error.strerror}") from error


def _is_ort_format(source: str | bytes) -> bool:
    if isinstance(source, bytes):
        return source[4:8] == b"ORTM"
    return source.endswith(".ort")


def _export(source: str | bytes, options: SessionOptions, native: tenon.SessionOptions) -> None:
    """Writes the optimized graph where the options ask for it."""
    if options._config.get("session.save_model_format") == "ORT" or options.optimized_model_filepath.endswith(".ort"):
        raise refuse("models in ORT format", "optimized_model_filepath names an .onnx file")
    with as_onnxruntime(), tempfile.TemporaryDirectory() as folder:
        if isinstance(source, bytes):
            path = os.path.join(folder, "model.onnx")
            with open(path, "wb") as file:
                file.write(source)
            source = path
        providers.environment().optimize(source, options.optimized_model_filepath, native.native())


__all__ = ["InferenceSession", "ModelMetadata", "NodeArg", "SessionIOBinding"]
