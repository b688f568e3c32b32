# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's functions without a session."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

import tenon

from ..._standin import VERSION
from . import providers
from .errors import as_onnxruntime
from .options import SessionOptions

_SEVERITY = {0: logging.DEBUG, 1: logging.INFO, 2: logging.WARNING, 3: logging.ERROR, 4: logging.CRITICAL}


def get_available_providers() -> list[str]:
    """What sessions can be asked for: see _state/providers.py."""
    return providers.available()


def get_all_providers() -> list[str]:
    """Every name that onnxruntime 1.31.1 knows, after those of Tenon's providers that it has no name for."""
    return [name for name in providers.available() if name not in providers.ALL] + list(providers.ALL)


def get_version_string() -> str:
    """The version of onnxruntime whose names these are."""
    return VERSION


def get_build_info() -> str:
    """Says that this is Tenon, and which."""
    return f"Tenon {tenon.__version__}, standing in for onnxruntime {VERSION}"


def has_collective_ops() -> bool:
    return False


def disable_telemetry_events() -> None:
    """There is no telemetry."""


def set_seed(seed: int) -> None:
    """No effect: a node with a seed of its own draws the same each time, others draw anew."""
    int(seed)


def set_default_logger_severity(severity: int) -> None:
    """The level of the logger ``tenon``: 0 verbose, 1 info, 2 warning, 3 error, 4 fatal."""
    if severity not in _SEVERITY:
        raise RuntimeError(f"severity is 0 (verbose) to 4 (fatal), not {severity}")
    logging.getLogger("tenon").setLevel(_SEVERITY[severity])


def set_default_logger_verbosity(verbosity: int) -> None:
    """No effect: level 0 shows everything."""
    int(verbosity)


def set_global_thread_pool_sizes(intra_op_num_threads: int = 0, inter_op_num_threads: int = 0) -> None:
    """A pool of so many threads for the sessions that are made from now on; ``inter_op_num_threads`` has no effect."""
    int(inter_op_num_threads)
    providers.set_threads(int(intra_op_num_threads))


def get_default_session_options() -> SessionOptions:
    return SessionOptions()


def register_execution_provider_library(name: str, path: str) -> None:
    """Adds a Tenon provider by the path of its manifest (.json); its id is the name to ask for.

    Libraries written for onnxruntime do not load.
    """
    with as_onnxruntime():
        providers.add_manifest(name, path)


def unregister_execution_provider_library(name: str) -> None:
    """Raises: code that was loaded stays until the process ends."""
    raise RuntimeError(f"provider '{name}' stays: libraries are not unloaded")


def create_and_register_allocator(memory_info: Any, arena_cfg: Any = None) -> None:
    """No effect, and warns: Tenon plans memory and has no allocators to share."""
    warnings.warn(
        "create_and_register_allocator has no effect: Tenon plans the memory of each set of shapes", stacklevel=2
    )


def create_and_register_allocator_v2(
    provider_type: str, memory_info: Any, options: Mapping[str, str], arena_cfg: Any = None
) -> None:
    """No effect, and warns: Tenon plans memory and has no allocators to share."""
    warnings.warn(
        "create_and_register_allocator has no effect: Tenon plans the memory of each set of shapes", stacklevel=2
    )
