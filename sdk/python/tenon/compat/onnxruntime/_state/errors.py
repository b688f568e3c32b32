# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's exception classes, and which of Tenon's errors becomes which."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .... import errors as tenon_errors


class _OrtError(Exception):
    """``str(error)`` is ``"[ONNXRuntimeError] : 2 : INVALID_ARGUMENT : ..."`` with Tenon's sentence.

    ``__cause__`` is the :class:`tenon.Error`, with its code, node, got and expected.
    """

    number: int
    label: str


class Fail(_OrtError):
    number, label = 1, "FAIL"


class InvalidArgument(_OrtError):
    number, label = 2, "INVALID_ARGUMENT"


class NoSuchFile(_OrtError):
    number, label = 3, "NO_SUCHFILE"


class NoModel(_OrtError):
    number, label = 4, "NO_MODEL"


class EngineError(_OrtError):
    number, label = 5, "ENGINE_ERROR"


class RuntimeException(_OrtError):
    number, label = 6, "RUNTIME_EXCEPTION"


class InvalidProtobuf(_OrtError):
    number, label = 7, "INVALID_PROTOBUF"


class ModelLoaded(_OrtError):
    number, label = 8, "MODEL_LOADED"


class NotImplemented(_OrtError):  # onnxruntime's name for it
    number, label = 9, "NOT_IMPLEMENTED"


class InvalidGraph(_OrtError):
    number, label = 10, "INVALID_GRAPH"


class EPFail(_OrtError):
    number, label = 11, "EP_FAIL"


class ModelLoadCanceled(_OrtError):
    number, label = 12, "MODEL_LOAD_CANCELED"


class ModelRequiresCompilation(_OrtError):
    number, label = 13, "MODEL_REQUIRES_COMPILATION"


class NotFound(_OrtError):
    number, label = 14, "NOT_FOUND"


class DeviceReset(_OrtError):
    number, label = 15, "DEVICE_RESET"


class NotOffered(NotImplemented, NotImplementedError):
    """A part of onnxruntime that Tenon does not have; the message says why or what to do instead."""


_CLASSES = {
    "INVALID_ARGUMENT": InvalidArgument,
    "INVALID_MODEL": InvalidGraph,
    "MALFORMED": InvalidProtobuf,
    "INVALID_TENSOR": InvalidArgument,
    "UNSUPPORTED": NotImplemented,
    "PLACEMENT": NotImplemented,
    "PROVIDER_NOT_FOUND": EPFail,
    "PROVIDER_LOAD": EPFail,
    "OPTION": InvalidArgument,
    "NOT_FOUND": NoSuchFile,
    "DEVICE_LOST": DeviceReset,
    "DECLINED": EPFail,
    "PROVIDER_RULE": EPFail,
}


def message(kind: type[_OrtError], text: str) -> str:
    """``text`` behind the code that programs look for."""
    return f"[ONNXRuntimeError] : {kind.number} : {kind.label} : {text}"


def make(kind: type[_OrtError], text: str) -> _OrtError:
    return kind(message(kind, text))


def translated(error: tenon_errors.Error, running: bool = False) -> _OrtError:
    """The exception that onnxruntime's users expect for one of Tenon's. ``running``: of a run, not of a load."""
    kind = _CLASSES.get(error.code_name, Fail)
    # What shows only when shapes or values are known is no longer said of the model.
    return make(Fail if running and kind is InvalidGraph else kind, str(error))


@contextlib.contextmanager
def as_onnxruntime() -> Iterator[None]:
    """Raises onnxruntime's exception for each of Tenon's."""
    try:
        yield
    except tenon_errors.Error as error:
        raise translated(error) from error


def refuse(name: str, why: str) -> NotOffered:
    """What a part that Tenon does not have raises."""
    return NotOffered(message(NotOffered, f"tenon.compat has no {name}: {why}"))


def refused_function(name: str, why: str):
    """A function that exists, because programs import it, and raises when it is called."""

    def function(*args, **options):
        raise refuse(name, why)

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = f"Raises: {why}."
    return function


def refused_class(name: str, why: str, members: tuple[str, ...] = ()) -> type:
    """A class that exists, because programs import it or test for it, and raises when it is made or used."""

    def __init__(self, *args, **options):
        raise refuse(name, why)

    body = {"__init__": __init__, "__doc__": f"Raises: {why}.", "__slots__": ()}
    for member in members:
        body[member] = staticmethod(refused_function(f"{name}.{member}", why))
    return type(name, (), body)
