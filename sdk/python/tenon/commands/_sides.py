# SPDX-License-Identifier: Apache-2.0
"""The runtimes that ``tenon compare`` sets against each other: Tenon on chosen providers, and onnxruntime."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Mapping, Sequence

import tenon

ONNXRUNTIME = "onnxruntime"
# dtypes whose arrays onnxruntime does not hand out to NumPy
_WITHOUT_ARRAYS = ("bfloat16", "float8", "float4", "int4", "int2")


class UsageError(Exception):
    """What was asked for cannot be; the text says what to do."""


@dataclass(frozen=True)
class Loading:
    """How both sides load a model."""

    passes: str
    settings: Mapping[str, str]
    threads: int
    folder: str


class TenonSide:
    """Tenon on providers in order of preference, strictly: ``cpu``, ``cpu+reference``, ``npu:core=1+reference``."""

    errors: tuple[type[Exception], ...] = (tenon.Error,)

    def __init__(self, name: str, environment: tenon.Environment) -> None:
        self.name = name
        self._environment = environment
        self._providers = [_provider(part) for part in name.split("+")]
        self._session: tenon.InferenceSession | None = None

    def load(self, source: str | bytes, how: Loading) -> None:
        self.close()
        options = tenon.SessionOptions(passes=how.passes, fusion="off" if how.passes == "none" else "on")
        for key, value in how.settings.items():
            options[key] = value
        folder = how.folder if isinstance(source, bytes) else None
        self._session = tenon.InferenceSession(
            source, options, self._providers, environment=self._environment, external_data_folder=folder
        )

    def close(self) -> None:
        self._session = None

    def inputs(self) -> list[Any]:
        return self._loaded().get_inputs()

    def runnable(self, names: Sequence[str]) -> list[str]:
        return list(names)

    def run(self, names: Sequence[str], feed: Mapping[str, Any]) -> list[Any]:
        return self._loaded().run(list(names), dict(feed))

    def places(self) -> dict[str, dict[str, Any]]:
        """The placement's record of each node, by the path behind ``main/``."""
        return {node["path"].removeprefix("main/"): node for node in self._loaded().placement().nodes}

    def _loaded(self) -> tenon.InferenceSession:
        if self._session is None:
            raise RuntimeError("no model is loaded")
        return self._session


class OnnxruntimeSide:
    """onnxruntime on its execution providers: ``onnxruntime``, ``onnxruntime:CUDAExecutionProvider+...``."""

    errors: tuple[type[Exception], ...] = (Exception,)  # its own classes have no other base in common

    def __init__(self, name: str) -> None:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        try:
            import onnxruntime  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UsageError(f"'{name}' asks for onnxruntime, which is not installed: pip install onnxruntime ({error})") from None
        self.name = name
        self._ort: Any = onnxruntime
        self._providers = name.partition(":")[2].split("+") if ":" in name else ["CPUExecutionProvider"]
        self._session: Any = None

    def load(self, source: str | bytes, how: Loading) -> None:
        self.close()
        options = self._ort.SessionOptions()
        levels = self._ort.GraphOptimizationLevel
        # onnxruntime has no level that keeps every bit; its basic one is the nearest to `exact`.
        options.graph_optimization_level = {"none": levels.ORT_DISABLE_ALL, "exact": levels.ORT_ENABLE_BASIC}.get(
            how.passes, levels.ORT_ENABLE_ALL
        )
        options.log_severity_level = 3
        options.intra_op_num_threads = how.threads
        if isinstance(source, bytes):
            options.add_session_config_entry("session.model_external_initializers_file_folder_path", how.folder)
        self._session = self._ort.InferenceSession(source, options, providers=self._providers)

    def close(self) -> None:
        self._session = None

    def inputs(self) -> list[Any]:
        return self._session.get_inputs()

    def runnable(self, names: Sequence[str]) -> list[str]:
        types = {output.name: output.type for output in self._session.get_outputs()}
        return [name for name in names if not any(text in types[name] for text in _WITHOUT_ARRAYS)]

    def run(self, names: Sequence[str], feed: Mapping[str, Any]) -> list[Any]:
        return self._session.run(list(names), dict(feed))

    def places(self) -> dict[str, dict[str, Any]]:
        return {}


Side = TenonSide | OnnxruntimeSide


def open_side(name: str, environment: tenon.Environment) -> Side:
    """The side that a command line names."""
    if name.partition(":")[0] == ONNXRUNTIME:
        return OnnxruntimeSide(name)
    return TenonSide(name, environment)


def _provider(text: str) -> tuple[str, dict[str, str]]:
    name, _, rest = text.partition(":")
    settings = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"'{part}' of '{text}' is not a provider option NAME=VALUE")
        settings[key] = value
    if not name:
        raise UsageError(f"'{text}' names no provider; `tenon providers` lists them")
    return name, settings
