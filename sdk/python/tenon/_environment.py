# SPDX-License-Identifier: Apache-2.0
"""Environments: which providers are there, and what sessions share. Provider packages are found, never imported."""

from __future__ import annotations

import importlib.util
import json
import os
import threading
from pathlib import Path
from typing import Any, Iterable

from . import _tenon
from ._log import logger

GROUP = "tenon.providers"


def provider_folders() -> list[str]:
    """Folders with manifests of the installed provider packages, by the entry points of group ``tenon.providers``.

    An entry point names a package; its folder, or ``lib/tenon/providers.d`` beneath it, holds the manifest. The package
    is not imported. Sorted by name.
    """
    from importlib import metadata  # half of the time of `import tenon`

    folders: list[str] = []
    for point in sorted(metadata.entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        try:
            spec = importlib.util.find_spec(point.value.partition(":")[0])
        except (ImportError, ValueError):
            spec = None
        places = list(spec.submodule_search_locations or []) if spec else []
        if not places:
            logger.warning("provider package '%s' (%s) is not there", point.name, point.value)
        for place in places:
            inner = os.path.join(place, "lib", "tenon", "providers.d")
            folder = inner if os.path.isdir(inner) else place
            if folder not in folders:
                folders.append(folder)
    return folders


class Environment(_tenon.Environment):
    """Providers found, the thread pool, and the weights that sessions share.

    Most programs need none: sessions use :func:`default_environment`.

    Args:
        threads: of the pool, the caller included; 0: ``TENON_NUM_THREADS``, else what affinity and cgroup quota allow.
        log_level: 1 error, 2 warning, 3 info, 4 debug, to the logger ``tenon``; None: ``TENON_LOG``, else warning.
        provider_dirs: folders with manifests, searched before all others.
        no_default_dirs: search ``provider_dirs`` only, no installed package either.
    """

    def __init__(
        self,
        *,
        threads: int = 0,
        log_level: int | None = None,
        provider_dirs: Iterable[str | os.PathLike[str]] = (),
        no_default_dirs: bool = False,
    ) -> None:
        folders = [os.fspath(folder) for folder in provider_dirs]
        if not no_default_dirs:
            folders += _environment_folders() + provider_folders()
        super().__init__(
            threads=threads,
            log_level=log_level or 0,
            provider_dirs=folders,
            no_default_dirs=no_default_dirs,
        )

    def providers(self, load: bool = True) -> list[dict[str, Any]]:
        """What was found: id, version, manifest, library, state and reason; with ``load`` devices and options too."""
        return json.loads(self.providers_json(load))

    def memory(self) -> dict[str, int]:
        """Bytes of host memory: current, peak, weights, packed, cached; allocations so far; threads of the pool."""
        return json.loads(self.memory_json())


def _environment_folders() -> list[str]:
    # TENON_PROVIDER_PATH goes before installed packages, as it goes before everything else in C.
    listed = os.environ.get("TENON_PROVIDER_PATH", "")
    return [folder for folder in listed.split(":") if folder and os.path.exists(folder)]


_lock = threading.Lock()
_default: Environment | None = None


def default_environment() -> Environment:
    """The environment of sessions that name none; made when first asked for."""
    global _default
    if _default is None:
        with _lock:
            if _default is None:
                _default = Environment()
    return _default


def _unlock_after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_unlock_after_fork)


def providers() -> list[dict[str, Any]]:
    """The providers that are found, loaded where they load, and why not where they do not."""
    return default_environment().providers()


def memory() -> dict[str, int]:
    """Memory of the default environment, see :meth:`Environment.memory`."""
    return default_environment().memory()


def trim() -> None:
    """Gives cached memory of the default environment back to the system."""
    default_environment().trim()


def prefix() -> Path:
    """Where C and C++ builds find Tenon: ``include/``, ``lib/``, ``lib/cmake/Tenon``, ``lib/pkgconfig``."""
    return Path(__file__).resolve().parent
