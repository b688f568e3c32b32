# SPDX-License-Identifier: Apache-2.0
"""Options of a session: those that the library itself describes, as attributes and as a mapping."""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from typing import Any, Iterator, Mapping, Sequence, Union

from . import _tenon
from .errors import InvalidArgumentError, OptionError

Provider = Union[str, tuple[str, Mapping[str, Any]]]


@lru_cache(maxsize=1)
def describe() -> dict[str, dict[str, Any]]:
    """Every option of a session by name: type, default, choices and text."""
    return {option["name"]: option for option in json.loads(_tenon.NativeOptions.describe_json())}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


class SessionOptions:
    """How a model is loaded and run. Every option has a default; an unknown name raises :class:`OptionError`.

    Options whose names have no dot are attributes, all are items::

        options = tenon.SessionOptions(profile="on", threads=2)
        options.policy = "strict"
        options["limit.nodes"] = 10_000
        options.dims["batch"] = 1

    :func:`tenon.session_options` lists names, types, defaults and texts.
    """

    __slots__ = ("_values", "dims")

    _values: dict[str, str]
    dims: dict[str, int]

    def __init__(self, dims: Mapping[str, int] | None = None, **options: Any) -> None:
        object.__setattr__(self, "_values", {})
        object.__setattr__(self, "dims", dict(dims or {}))
        for name, value in options.items():
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        self._values[_known(name)] = _text(value)

    def __getitem__(self, name: str) -> str:
        """The value as text: what was set, else the default."""
        _known(name)
        return self._values.get(name, _text(describe()[name]["default"]))

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "dims":
            object.__setattr__(self, "dims", dict(value))
        else:
            self[name] = value

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except OptionError as error:
            raise AttributeError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        """Names of the options that were set."""
        return iter(self._values)

    def __repr__(self) -> str:
        items = [f"{name}={value!r}" for name, value in self._values.items()]
        return f"SessionOptions({', '.join(items + ([f'dims={self.dims}'] if self.dims else []))})"

    def __getstate__(self) -> dict[str, Any]:
        return {"values": dict(self._values), "dims": dict(self.dims)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        object.__setattr__(self, "_values", dict(state["values"]))
        object.__setattr__(self, "dims", dict(state["dims"]))

    def copy(self) -> SessionOptions:
        """Another one with the same values."""
        other = SessionOptions(self.dims)
        other._values.update(self._values)
        return other

    def native(self, providers: Sequence[Provider] = ()) -> _tenon.NativeOptions:
        """What a load takes, with ``providers`` in order of preference."""
        options = _tenon.NativeOptions()
        for name, value in self._values.items():
            options.set(name, value)
        for symbol, size in self.dims.items():
            options.dim(symbol, size)
        for name, values in map(_split, providers):
            options.provider(name, [(key, _text(value)) for key, value in values.items()])
        return options


def _split(provider: Provider) -> tuple[str, Mapping[str, Any]]:
    if isinstance(provider, str):
        return provider, {}
    try:
        name, options = provider
        if isinstance(name, str) and isinstance(options, Mapping):
            return name, options
    except (TypeError, ValueError):
        pass
    raise InvalidArgumentError(
        f"a provider is an id or a pair of id and options, not a {type(provider).__name__}",
        value="providers",
        got=type(provider).__name__,
    )


def _known(name: str) -> str:
    if not isinstance(name, str) or name not in describe():
        near = difflib.get_close_matches(str(name), describe(), n=1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; there are: {', '.join(describe())}"
        raise OptionError(f"no session option '{name}'{hint}", value=str(name))
    return name
