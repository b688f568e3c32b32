# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's execution providers and Tenon's.

``CPUExecutionProvider`` is Tenon's ``cpu`` with ``reference`` behind it. A provider of Tenon that onnxruntime has no
name for goes by its own id (``providers=["acme"]``). Tenon never falls back silently: a name that is not there raises,
unless ``CPUExecutionProvider`` is in the list too; then a warning says what runs where.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import tenon

from .errors import InvalidArgument, make

CPU = "CPUExecutionProvider"
# onnxruntime's name: Tenon's ids, in order of preference.
_IDS = {CPU: ("cpu", "reference"), "CUDAExecutionProvider": ("cuda",)}
_USABLE = ("found", "available", "loaded")
_SKELETONS = ("null",)  # takes no node: for authors of providers to copy

# Every name that onnxruntime 1.31.1 knows, in its order of preference.
ALL = (
    "NvTensorRTRTXExecutionProvider",
    "TensorrtExecutionProvider",
    "CUDAExecutionProvider",
    "MIGraphXExecutionProvider",
    "OpenVINOExecutionProvider",
    "DnnlExecutionProvider",
    "VitisAIExecutionProvider",
    "QNNExecutionProvider",
    "NnapiExecutionProvider",
    "VSINPUExecutionProvider",
    "JsExecutionProvider",
    "CoreMLExecutionProvider",
    "ACLExecutionProvider",
    "DmlExecutionProvider",
    "RknpuExecutionProvider",
    "WebNNExecutionProvider",
    "WebGpuExecutionProvider",
    "XnnpackExecutionProvider",
    "CANNExecutionProvider",
    "AzureExecutionProvider",
    CPU,
)

_lock = threading.Lock()
_environment: tenon.Environment | None = None
_extra_manifests: dict[str, str] = {}


def environment() -> tenon.Environment:
    """What the sessions of this package share: Tenon's default environment, unless set_threads() made another."""
    return _environment if _environment is not None else tenon.default_environment()


def set_threads(count: int) -> None:
    """A pool of so many threads (0: Tenon's choice) for the sessions that are made from now on."""
    global _environment
    with _lock:
        _environment = tenon.Environment(threads=max(0, count))
        for manifest in _extra_manifests.values():
            _environment.add_provider(manifest)


def add_manifest(name: str, path: str) -> None:
    """Makes the provider of a manifest known under its id."""
    environment().add_provider(path)
    _extra_manifests[name] = path


def installed() -> list[str]:
    """Ids of Tenon's providers that are found and not known to be broken."""
    return [p["id"] for p in environment().providers(load=False) if p["state"] in _USABLE]


def available() -> list[str]:
    """What sessions can be asked for, under onnxruntime's names, the preferred first."""
    ids = [provider for provider in installed() if provider not in _SKELETONS]
    named = [name for name in ALL if any(i in ids for i in _IDS.get(name, ()))]
    taken = {i for name in named for i in _IDS[name]}
    return [i for i in ids if i not in taken] + named


def normalize(providers: Sequence[Any] | None, provider_options: Sequence[Any] | None) -> dict[str, dict[str, str]]:
    """Name to options, in order; ValueError for what is neither a name nor a pair of name and options."""
    if providers is None:
        return {}
    if isinstance(providers, str) or not isinstance(providers, Sequence):
        raise ValueError(f"providers is a list of names or (name, options) pairs, not {providers!r}")
    pairs: list[tuple[Any, Any]]
    if provider_options is not None:
        if not isinstance(provider_options, Sequence) or len(provider_options) != len(providers):
            raise ValueError("provider_options is a list with one dict for each of providers")
        if not all(isinstance(name, str) for name in providers):
            raise ValueError("providers holds names only when provider_options is given")
        pairs = list(zip(providers, provider_options))
    else:
        pairs = [(item, {}) if isinstance(item, str) else item for item in providers]
    chosen: dict[str, dict[str, str]] = {}
    for pair in pairs:
        if not (
            isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], Mapping)
        ):
            raise ValueError(f"a provider is a name or a pair of name and options, not {pair!r}")
        name, options = pair
        if name in chosen:
            warnings.warn(f"provider '{name}' is named twice: the first counts", stacklevel=4)
            continue
        chosen[name] = {str(key): str(value) for key, value in options.items()}
    return chosen


class Choice:
    """What a session asks Tenon for.

    Attributes:
        native: Tenon's ids with the options that they know, in order.
        names: onnxruntime's names of those that are there, CPUExecutionProvider last as always.
        options: the options of each name as given.
        ignored: ``"CPUExecutionProvider.arena_extend_strategy=..."`` for each option without a meaning here.
    """

    def __init__(self, wanted: dict[str, dict[str, str]], cpu_behind: bool = True) -> None:
        there = installed()
        self.native: list[tuple[str, dict[str, str]]] = []
        self.names: list[str] = []
        self.options: dict[str, dict[str, str]] = {}
        self.ignored: list[str] = []
        # Azure's provider calls services on the network; onnxruntime's package lists it everywhere, so programs hand
        # it back without meaning it.
        missing = [
            name for name in wanted if not any(i in there for i in _ids(name)) and name != "AzureExecutionProvider"
        ]
        if missing:
            text = f"there is no provider for {', '.join(missing)}; there are: {', '.join(available())}"
            if CPU not in wanted:
                raise ValueError(f"{text}. Add '{CPU}' to the list if its nodes may run there")
            warnings.warn(f"{text}. All nodes run on {CPU}" if len(missing) == len(wanted) - 1 else text, stacklevel=6)
        names = [name for name in wanted if name not in missing and name != "AzureExecutionProvider"]
        if CPU not in names and cpu_behind:
            names.append(CPU)
        for name in names:
            self._add(name, wanted.get(name, {}), there)
        if not self.native:
            raise make(InvalidArgument, f"no provider is installed for {CPU}: pip install tenon-provider-cpu")

    def _add(self, name: str, options: dict[str, str], there: list[str]) -> None:
        taken = [i for i, _ in self.native]
        ids = [i for i in _ids(name) if i in there and i not in taken]
        known: dict[str, dict[str, str]] = {i: {} for i in ids}
        if options:
            described = {p["id"]: {o["name"] for o in p.get("options", [])} for p in environment().providers()}
            for key, value in options.items():
                owner = next((i for i in ids if key in described.get(i, ())), None)
                if owner is not None:
                    known[owner][key] = value
                elif name in _IDS or not ids:
                    self.ignored.append(f"{name}.{key}={value}")
                else:
                    known[ids[0]][key] = value  # Tenon's own provider: it says itself what is wrong with it
        self.native += [(i, known[i]) for i in ids]
        if ids:
            self.names.append(name)
            self.options[name] = dict(options)


def _ids(name: str) -> tuple[str, ...]:
    return _IDS.get(name, (name,))


def name_of(provider: str) -> str | None:
    """onnxruntime's name of one of Tenon's providers, else its own id; None for what nobody asks for."""
    if provider in _SKELETONS:
        return None
    return next((name for name, ids in _IDS.items() if provider in ids), provider)
