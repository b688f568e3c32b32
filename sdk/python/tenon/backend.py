# SPDX-License-Identifier: Apache-2.0
"""Tenon as a backend of ONNX's own test runner and of what else takes an ``onnx.backend.base.Backend``.

    import onnx, tenon.backend

    outputs = tenon.backend.prepare(onnx.load("model.onnx"), "CPU").run([x])

    # a test module: ONNX's own cases on Tenon
    globals().update(onnx.backend.test.BackendTest(tenon.backend, __name__).test_cases)

Needs the package ``onnx``: ``pip install tenon[onnx]``; nothing else of Tenon imports it.

A device is ``"CPU"`` (every provider whose device is a CPU, the fastest first), another kind that ``tenon.providers()``
lists (``"GPU"``, ``"NPU"``), or a provider's id in any case (``"reference"``, ``"CUDA"``), with ``:0`` behind it if
wanted. Nothing but what a device names runs a node.
"""

from __future__ import annotations

import os
from typing import Any, Mapping, Sequence, Union

import numpy as np

try:
    import onnx
    from onnx import helper
    from onnx.backend.base import Backend, BackendRep, namedtupledict
except ImportError as error:
    raise ImportError("tenon.backend needs the package onnx: pip install tenon[onnx]") from error

import tenon

Model = Union["onnx.ModelProto", bytes, str, "os.PathLike[str]"]
# What onnx's runner hands to prepare beside a backend's own arguments.
_OF_THE_RUNNER = ("rtol", "atol")


class TenonBackendRep(BackendRep):
    """A loaded model. ``session`` is its :class:`tenon.InferenceSession`."""

    def __init__(self, session: tenon.InferenceSession) -> None:
        self.session = session
        self._required = [arg.name for arg in session.get_inputs()]
        self._all = self._required + [arg.name for arg in session.get_overridable_initializers()]
        self._outputs = namedtupledict("Outputs", [arg.name for arg in session.get_outputs()])

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Runs once. Any number of threads may.

        Args:
            inputs: arrays in the model's order, a mapping of them by name, or the one array of a model with one input.
                Behind the inputs that a run must be given may come those that override initializers.
            kwargs: of :class:`tenon.RunOptions`, such as ``timeout`` in seconds.

        Returns:
            The outputs as a named tuple that also takes a name as index.
        """
        if isinstance(inputs, Mapping):
            feed = dict(inputs)
        else:
            given = [inputs] if isinstance(inputs, (np.ndarray, np.generic)) else list(inputs)
            if not len(self._required) <= len(given) <= len(self._all):
                raise tenon.InvalidArgumentError(
                    f"the model has {len(self._required)} inputs ({', '.join(self._required)}), {len(given)} were given",
                    got=str(len(given)),
                    expected=str(len(self._required)),
                )
            feed = dict(zip(self._all, given))
        options = tenon.RunOptions(**kwargs) if kwargs else None
        return self._outputs(*self.session.run(None, feed, options))


class TenonBackend(Backend):
    """``onnx.backend.base.Backend`` on Tenon. Raises subclasses of :class:`tenon.Error`."""

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether a provider that is installed here serves ``device``."""
        return bool(_providers(device))

    @classmethod
    def is_compatible(cls, model: Model, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether ``model`` loads for ``device``: it is valid, and each of its nodes has a provider there."""
        try:
            cls.prepare(model, device, **kwargs)
        except tenon.Error:
            return False
        return True

    @classmethod
    def prepare(cls, model: Model, device: str = "CPU", **kwargs: Any) -> TenonBackendRep:
        """Loads a model.

        Args:
            model: a ModelProto, its bytes, or the path of a file.
            device: see the module.
            kwargs: session options, see :func:`tenon.session_options`.
        """
        providers = _providers(device)
        if not providers:
            raise tenon.ProviderNotFoundError(f"no provider here serves the device '{device}'", value=device)
        given = {name: value for name, value in kwargs.items() if name not in _OF_THE_RUNNER}
        source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else model
        return TenonBackendRep(tenon.InferenceSession(source, tenon.SessionOptions(**given), providers))

    @classmethod
    def run_model(cls, model: Model, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        """Loads ``model``, with ``kwargs`` as in :meth:`prepare`, and runs it once."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[tuple[np.dtype[Any], tuple[int, ...]]] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Runs one operator.

        Args:
            node: its inputs without a name are left out of ``inputs``.
            inputs: arrays (lists of them are sequences) in the node's order, or by name.
            outputs_info: dtype and shape of each output, where they cannot be inferred.
            kwargs: ``opset_version`` of the node's domain (default: the newest of the onnx that is installed); others
                as in :meth:`prepare`.
        """
        version = kwargs.pop("opset_version", None) or onnx.defs.onnx_opset_version()
        return cls.run_model(_node_model(node, inputs, outputs_info, version), inputs, device, **kwargs)


def _providers(device: str) -> list[str]:
    """Ids of the providers that serve a device, in order of preference; none where nothing does."""
    name, _, index = device.partition(":")
    if index not in ("", "0"):
        return []
    loaded = [provider for provider in tenon.providers() if provider["state"] == "loaded"]
    by_id = [provider["id"] for provider in loaded if provider["id"] == name.lower()]
    # A provider named like a kind of device is one of that kind, with the others of it behind.
    kind = [p for p in loaded if name.isupper() and any(each["kind"] == name.lower() for each in p["devices"])]
    kind.sort(key=lambda provider: "last-resort" in provider["roles"])
    return [provider["id"] for provider in kind] or by_id


def _node_model(
    node: onnx.NodeProto,
    inputs: Any,
    outputs_info: Sequence[tuple[np.dtype[Any], tuple[int, ...]]] | None,
    version: int,
) -> onnx.ModelProto:
    names = list(dict.fromkeys(name for name in node.input if name))
    given = [inputs[name] for name in names] if isinstance(inputs, Mapping) else list(inputs)
    if len(given) != len(names):
        raise tenon.InvalidArgumentError(
            f"{node.op_type} has {len(names)} inputs ({', '.join(names)}), {len(given)} were given", op=node.op_type
        )
    outputs = [name for name in node.output if name]
    if outputs_info:
        results = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
            for name, (dtype, shape) in zip(outputs, outputs_info)
        ]
    else:
        results = [onnx.ValueInfoProto(name=name) for name in outputs]
    graph = helper.make_graph([node], "node", [_value_info(*pair) for pair in zip(names, given)], results)
    opset = helper.make_opsetid(node.domain, version)
    others = [] if node.domain in ("", "ai.onnx") else [helper.make_opsetid("", onnx.defs.onnx_opset_version())]
    return helper.make_model(graph, opset_imports=[opset, *others])


def _value_info(name: str, value: Any) -> onnx.ValueInfoProto:
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], np.ndarray):
        return helper.make_tensor_sequence_value_info(name, helper.np_dtype_to_tensor_dtype(value[0].dtype), None)
    array = np.asarray(value)
    texts = array.dtype.kind in "OUS"
    dtype = onnx.TensorProto.STRING if texts else helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor_value_info(name, dtype, array.shape)


# onnx's scoreboard and runner take a module as well as a class.
supports_device = TenonBackend.supports_device
is_compatible = TenonBackend.is_compatible
prepare = TenonBackend.prepare
run = run_model = TenonBackend.run_model
run_node = TenonBackend.run_node
