# SPDX-License-Identifier: Apache-2.0
"""A prepared model."""

from __future__ import annotations

from typing import Any

from onnx.backend.base import BackendRep

from .. import RunOptions

_OPTIONS = frozenset({"log_severity_level", "log_verbosity_level", "logid", "only_execute_path_to_fetches"})


class OnnxRuntimeBackendRep(BackendRep):
    """A session behind ONNX's backend interface."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def run(self, inputs: Any, **kwargs: Any) -> Any:
        """A list of arrays. inputs: a list of arrays in the model's order, or the array of a model with one input."""
        options = RunOptions()
        for name, value in kwargs.items():
            if name in _OPTIONS:
                setattr(options, name, value)
            elif hasattr(options, name):
                raise RuntimeError(f"RunOptions.{name} cannot be set through the backend")
        names = [arg.name for arg in self._session.get_inputs()]
        given = inputs if isinstance(inputs, list) else [inputs]
        if len(given) < len(names):
            raise RuntimeError(f"the model has {len(names)} inputs, {len(given)} are given")
        return self._session.run(None, dict(zip(names, given)), options)
