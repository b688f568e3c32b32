# SPDX-License-Identifier: Apache-2.0
"""SessionOptions and RunOptions with onnxruntime's properties, and what they mean for Tenon."""

from __future__ import annotations

import copy
import logging
import operator
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tenon

from . import config, devices, enums, providers
from .errors import Fail, InvalidArgument, make, refuse
from .values import OrtValue, unwrapped

logger = logging.getLogger("tenon.compat")


def _text(value: Any) -> str:
    if isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    raise TypeError(f"a str, not {value!r}")


class _Property:
    """One property: its default, the conversion of what is set, and whether other values than the default count."""

    def __init__(self, default: Any, convert: Any, text: str, ignored: bool = False) -> None:
        self.default, self.convert, self.ignored = default, convert, ignored
        self.__doc__ = text

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else instance._set.get(self.name, self.default)

    def __set__(self, instance: Any, value: Any) -> None:
        try:
            instance._set[self.name] = self.convert(value)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{type(instance).__name__}.{self.name}: {error}") from None


def _without_effect(options: Any) -> list[str]:
    """``"name=value"`` of properties that were set to what has no effect here."""
    rows = vars(type(options)).items()
    return [
        f"{name}={options._set[name]}"
        for name, row in rows
        if isinstance(row, _Property) and row.ignored and options._set.get(name, row.default) != row.default
    ]


class SessionOptions:
    """How a session is loaded. Properties and keys without effect here are listed by ``session.ignored_options``."""

    __slots__ = (
        "_set",
        "_config",
        "_dims",
        "_denotations",
        "_weights",
        "_folders",
        "_providers",
        "_devices",
        "_cancelled",
    )

    enable_cpu_mem_arena = _Property(True, bool, "No effect: Tenon plans the memory of each set of shapes.", True)
    enable_mem_pattern = _Property(True, bool, "No effect: memory is always planned.", True)
    enable_mem_reuse = _Property(True, bool, "No effect: memory is always planned.", True)
    enable_profiling = _Property(False, bool, "Records runs; end_profiling() writes them as a Chrome trace.")
    execution_mode = _Property(
        enums.ExecutionMode.ORT_SEQUENTIAL, enums.ExecutionMode, "No effect: nodes run one after another.", True
    )
    execution_order = _Property(
        enums.ExecutionOrder.DEFAULT, enums.ExecutionOrder, "No effect: one order, planned for memory.", True
    )
    graph_optimization_level = _Property(
        enums.GraphOptimizationLevel.ORT_ENABLE_ALL,
        enums.GraphOptimizationLevel,
        "ORT_DISABLE_ALL: no passes and no fusion; ORT_ENABLE_BASIC: exact passes, whose results have the same bits;\n"
        "others: all passes.",
    )
    inter_op_num_threads = _Property(0, operator.index, "No effect: nodes run one after another.", True)
    intra_op_num_threads = _Property(0, operator.index, "Threads of one run, the caller included; 0: the pool's.")
    log_severity_level = _Property(
        -1, operator.index, "No effect: the logger `tenon` of Python's logging has the level.", True
    )
    log_verbosity_level = _Property(0, operator.index, "No effect, see log_severity_level.", True)
    logid = _Property("", _text, "No effect: messages name the model.", True)
    optimized_model_filepath = _Property("", _text, "Where the optimized graph is written as .onnx.")
    profile_file_prefix = _Property("onnxruntime_profile_", _text, "The trace's file is <prefix>_<time>.json.")
    use_deterministic_compute = _Property(False, bool, "Always so: the same bits at every thread count.")
    use_per_session_threads = _Property(True, bool, "Sessions always share one pool.", True)

    def __init__(self) -> None:
        self._set: dict[str, Any] = {}
        self._config: dict[str, str] = {}
        self._dims: dict[str, int] = {}
        self._denotations: dict[str, int] = {}
        self._weights: dict[str, OrtValue] = {}
        self._folders: dict[str, bytes] = {}
        self._providers: dict[str, dict[str, str]] = {}
        self._devices: list[Any] = []
        self._cancelled = False

    def _copy(self) -> SessionOptions:
        other = SessionOptions()
        for name in self.__slots__:
            setattr(other, name, copy.copy(getattr(self, name)))
        return other

    def add_session_config_entry(self, key: str, value: str) -> None:
        """Sets a configuration key. One that onnxruntime does not have raises InvalidArgument."""
        config.checked("session", key, value)
        self._config[key] = value

    def get_session_config_entry(self, key: str) -> str:
        """The value of a key that was set; RuntimeError when it was not."""
        if key not in self._config:
            raise RuntimeError(f"SessionOptions does not have configuration with key: {key}")
        return self._config[key]

    def add_free_dimension_override_by_name(self, name: str, size: int) -> None:
        """Fixes the size of a symbolic dim of the inputs."""
        self._dims[_text(name)] = operator.index(size)

    def add_free_dimension_override_by_denotation(self, denotation: str, size: int) -> None:
        """Fixes the size of all input dims that carry this denotation."""
        self._denotations[_text(denotation)] = operator.index(size)

    def add_initializer(self, name: str, value: Any) -> None:
        """Uses ``value`` (an OrtValue) in place of the model's initializer ``name``."""
        if not isinstance(unwrapped(value), OrtValue):
            raise RuntimeError(f"initializer '{name}' is an OrtValue, not {type(value).__name__}")
        self._weights[_text(name)] = unwrapped(value)

    def add_external_initializers(self, names: Sequence[str], values: Sequence[Any]) -> None:
        """The same for several initializers, whose data the model keeps in other files."""
        if len(names) != len(values):
            raise RuntimeError(f"{len(names)} names and {len(values)} values: they go in pairs")
        for name, value in zip(names, values):
            self.add_initializer(name, value)

    def add_external_initializers_from_files_in_memory(
        self, names: Sequence[str], buffers: Sequence[Any], lengths: Sequence[int]
    ) -> None:
        """Raises: external data is read from files."""
        raise refuse(
            "SessionOptions.add_external_initializers_from_files_in_memory",
            "external data is read from files; add_external_initializers takes tensors",
        )

    def add_provider(self, name: str, options: Mapping[str, str]) -> None:
        """As one entry of InferenceSession's ``providers``, which take precedence."""
        if name not in providers.available():
            raise ValueError(f"there is no provider '{name}'; there are: {', '.join(providers.available())}")
        self._providers[name] = {str(key): str(value) for key, value in options.items()}

    def add_provider_for_devices(self, ep_devices: Sequence[Any], options: Mapping[str, str]) -> None:
        """The same for devices of get_ep_devices(), all of one provider."""
        names = {device.ep_name for device in ep_devices}
        if len(names) != 1:
            raise make(InvalidArgument, f"devices of one provider, not of {sorted(names) or 'none'}")
        self.add_provider(names.pop(), options)

    def has_providers(self) -> bool:
        """Whether a provider was added here."""
        return bool(self._providers)

    def set_provider_selection_policy(self, policy: Any) -> None:
        """CPU and DEFAULT are what Tenon does; others raise unless such a device is there."""
        policy = enums.OrtExecutionProviderDevicePolicy(policy)
        wanted = {
            enums.OrtExecutionProviderDevicePolicy.PREFER_NPU: enums.OrtHardwareDeviceType.NPU,
            enums.OrtExecutionProviderDevicePolicy.PREFER_GPU: enums.OrtHardwareDeviceType.GPU,
        }.get(policy)
        if wanted is None:
            return
        found = [device for device in devices.get_ep_devices() if device.device.type == wanted]
        if not found:
            raise make(Fail, f"{policy}: no provider has such a device; there are: {', '.join(providers.available())}")
        self.add_provider(found[0].ep_name, {})

    def set_provider_selection_policy_delegate(self, delegate: Any) -> None:
        """Raises: a call per load chooses nothing that the list of providers cannot say."""
        raise refuse(
            "SessionOptions.set_provider_selection_policy_delegate", "name the providers in order of preference instead"
        )

    def register_custom_ops_library(self, path: str) -> None:
        """Raises: such a library is written for onnxruntime's C API."""
        raise refuse(
            "SessionOptions.register_custom_ops_library",
            f"{path} is written for onnxruntime's C API; custom operators come with a Tenon provider",
        )

    def set_load_cancellation_flag(self, cancel: bool) -> None:
        """True: sessions made with these options raise ModelLoadCanceled. A load under way goes on."""
        self._cancelled = bool(cancel)

    def set_ep_context_data_read_func(self, read_func: Any) -> None:
        """Raises: there are no compiled models."""
        raise refuse("SessionOptions.set_ep_context_data_read_func", "Tenon has no compiled models")

    def clear_ep_context_data_read_func(self) -> None:
        """Nothing was set."""

    def _native(self) -> tenon.SessionOptions:
        """What Tenon is asked for."""
        native = tenon.SessionOptions(dims=self._dims)
        level = self.graph_optimization_level
        if level == enums.GraphOptimizationLevel.ORT_DISABLE_ALL:
            native.passes, native.fusion = "none", False
        elif level == enums.GraphOptimizationLevel.ORT_ENABLE_BASIC:
            native.passes = "exact"
        native.threads = max(0, self.intra_op_num_threads)
        native.profile = self.enable_profiling
        for key, option in _NATIVE_KEYS.items():
            if key in self._config:
                native[option] = self._config[key]
        return native

    def _ignored(self) -> list[str]:
        keys = config.keys("session") if self._config else {}
        return _without_effect(self) + [
            f"{name}={value}" for name, value in self._config.items() if keys[name].kind == "ignored"
        ]


_NATIVE_KEYS = {
    "optimization.constant_folding_max_output_size_in_bytes": "limit.fold_bytes",
    "session.function_expansion_node_limit": "limit.nodes",
}


class RunOptions:
    """How one run goes. ``ignored_options`` lists what has no effect here."""

    __slots__ = ("_set", "_config", "_native")

    log_severity_level = _Property(-1, operator.index, "No effect, see SessionOptions.", True)
    log_verbosity_level = _Property(0, operator.index, "No effect, see SessionOptions.", True)
    logid = _Property("", _text, "No effect, see SessionOptions.", True)
    only_execute_path_to_fetches = _Property(False, bool, "No effect: all nodes run, whose results are dropped.", True)

    def __init__(self) -> None:
        self._set: dict[str, Any] = {}
        self._config: dict[str, str] = {}
        self._native = tenon.RunOptions()

    @property
    def terminate(self) -> bool:
        """True ends every run under way with these options, and every later one, from any thread."""
        return self._native.terminate

    @terminate.setter
    def terminate(self, value: bool) -> None:
        self._native.terminate = bool(value)

    def add_run_config_entry(self, key: str, value: str) -> None:
        """Sets a configuration key. One that onnxruntime does not have raises InvalidArgument."""
        config.checked("run", key, value)
        self._config[key] = value

    def get_run_config_entry(self, key: str) -> str:
        """The value of a key that was set; RuntimeError when it was not."""
        if key not in self._config:
            raise RuntimeError(f"RunOptions does not have configuration with key: {key}")
        return self._config[key]

    def add_active_adapter(self, adapter: Any) -> None:
        """Raises: there are no LoRA adapters."""
        raise refuse("RunOptions.add_active_adapter", "Tenon has no LoRA adapters")

    @property
    def ignored_options(self) -> list[str]:
        """``"name=value"`` of everything set here that has no effect."""
        keys = config.keys("run") if self._config else {}
        return _without_effect(self) + [
            f"{name}={value}" for name, value in self._config.items() if keys[name].kind == "ignored"
        ]

    @property
    def _trims(self) -> bool:
        return bool(self._config.get("memory.enable_memory_arena_shrinkage"))


__all__ = ["RunOptions", "SessionOptions"]
