# SPDX-License-Identifier: Apache-2.0
"""The backend: prepares a model and runs it."""

from __future__ import annotations

from typing import Any

import onnx
from onnx.backend.base import Backend

from .. import InferenceSession, SessionOptions, get_available_providers, get_device
from .backend_rep import OnnxRuntimeBackendRep

# What a backend may be asked for by keyword: options that write no file.
_OPTIONS = frozenset(
    {
        "enable_cpu_mem_arena",
        "enable_mem_pattern",
        "enable_mem_reuse",
        "execution_mode",
        "execution_order",
        "graph_optimization_level",
        "inter_op_num_threads",
        "intra_op_num_threads",
        "log_severity_level",
        "log_verbosity_level",
        "logid",
        "use_deterministic_compute",
        "use_per_session_threads",
    }
)


class OnnxRuntimeBackend(Backend):
    """ONNX's backend interface over :class:`InferenceSession`."""

    allowReleasedOpsetsOnly = False

    @classmethod
    def is_compatible(cls, model: Any, device: str | None = None, **kwargs: Any) -> bool:
        """Whether the device is there; the model is not looked at."""
        return cls.supports_device(device if device is not None else get_device())

    @classmethod
    def is_opset_supported(cls, model: Any) -> tuple[bool, str]:
        """True: a model that can't be loaded says so itself."""
        return True, ""

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return {"CUDA": "GPU"}.get(device, device) in get_device().split("-") or device == "CPU"

    @classmethod
    def prepare(cls, model: Any, device: str | None = None, **kwargs: Any) -> OnnxRuntimeBackendRep:
        """model: a path, bytes, a ModelProto, a session, or what this method has made."""
        if isinstance(model, OnnxRuntimeBackendRep):
            return model
        if isinstance(model, InferenceSession):
            return OnnxRuntimeBackendRep(model)
        if device is not None and not cls.supports_device(device):
            raise RuntimeError(f"device '{device}' is not there, '{get_device()}' is")
        if isinstance(model, onnx.ModelProto):
            model = model.SerializeToString()
        options = SessionOptions()
        for name, value in kwargs.items():
            if name in _OPTIONS:
                setattr(options, name, value)
            elif hasattr(options, name):
                raise RuntimeError(f"SessionOptions.{name} cannot be set through the backend")
        return OnnxRuntimeBackendRep(InferenceSession(model, options, get_available_providers()))

    @classmethod
    def run_model(cls, model: Any, inputs: Any, device: str | None = None, **kwargs: Any) -> Any:
        """Prepares the model and runs it once."""
        return cls.prepare(model, device, **kwargs).run(inputs, **kwargs)

    @classmethod
    def run_node(
        cls, node: Any, inputs: Any, device: str | None = None, outputs_info: Any = None, **kwargs: Any
    ) -> Any:
        """Raises NotImplementedError, as onnxruntime's does."""
        raise NotImplementedError("a node is run as a model of one node")


is_compatible = OnnxRuntimeBackend.is_compatible
prepare = OnnxRuntimeBackend.prepare
run = OnnxRuntimeBackend.run_model
supports_device = OnnxRuntimeBackend.supports_device
