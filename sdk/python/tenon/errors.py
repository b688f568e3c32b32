# SPDX-License-Identifier: Apache-2.0
"""One exception class for each code of ``tenon/types.h``, all of them :class:`Error`."""

from __future__ import annotations

from typing import NoReturn


class Error(Exception):
    """What Tenon raises. ``str(error)`` is one line that says what to do.

    Attributes:
        code: number of ``types.h``; ``code_name`` is its name, such as ``"INVALID_MODEL"``.
        node, op, value, provider: what it is about: path of the node in the model, ``"ai.onnx.Conv"``, name of the
            input, tensor, option or file, provider id. Empty where it does not apply.
        got, expected: what was found and what would have been right, or empty.
    """

    code: int = 22
    code_name: str = "INTERNAL"

    def __init__(
        self,
        message: str,
        *,
        node: str = "",
        op: str = "",
        value: str = "",
        provider: str = "",
        got: str = "",
        expected: str = "",
    ) -> None:
        super().__init__(message)
        self.node = node
        self.op = op
        self.value = value
        self.provider = provider
        self.got = got
        self.expected = expected

    def __reduce__(self):  # pickled between processes with all of its fields
        return _remake, (type(self), str(self), self.__dict__.copy())


def _remake(cls: type[Error], message: str, fields: dict) -> Error:
    error = cls(message)
    error.__dict__.update(fields)
    return error


class InvalidArgumentError(Error, ValueError):
    """An argument of the call is wrong: range, unknown name."""

    code, code_name = 1, "INVALID_ARGUMENT"


class InvalidModelError(Error, ValueError):
    """The model breaks a rule of ONNX."""

    code, code_name = 2, "INVALID_MODEL"


class MalformedError(Error, ValueError):
    """Bytes that cannot be read: truncated, or not a model at all."""

    code, code_name = 3, "MALFORMED"


class InvalidTensorError(Error, ValueError):
    """An input's dtype, rank, dims, strides or size is wrong."""

    code, code_name = 4, "INVALID_TENSOR"


class UnsupportedError(Error):
    """Valid, but nothing here can run it; the message says which node and why."""

    code, code_name = 5, "UNSUPPORTED"


class PlacementError(Error):
    """Strict placement: nodes that the named providers cannot take."""

    code, code_name = 6, "PLACEMENT"


class ProviderNotFoundError(Error, LookupError):
    """No provider of that name on the search path."""

    code, code_name = 7, "PROVIDER_NOT_FOUND"


class ProviderLoadError(Error):
    """A provider's library failed to load; the loader's words follow."""

    code, code_name = 8, "PROVIDER_LOAD"


class VersionError(Error):
    """ABI, IR or opset version outside of what this build accepts."""

    code, code_name = 9, "VERSION"


class OptionError(Error, ValueError):
    """Unknown or ill-typed option; the nearest name follows."""

    code, code_name = 10, "OPTION"


class NotFoundError(Error, FileNotFoundError):
    """A file or named thing does not exist."""

    code, code_name = 11, "NOT_FOUND"


class IoError(Error, OSError):
    """Reading or writing a file failed."""

    code, code_name = 12, "IO"


class NotPermittedError(Error, PermissionError):
    """Outside of the allowed folders, or refused by the system."""

    code, code_name = 13, "PERMISSION"


class LimitError(Error):
    """A limit was reached; the message names it."""

    code, code_name = 14, "LIMIT"


class OutOfMemoryError(Error, MemoryError):
    """An allocation failed."""

    code, code_name = 15, "OUT_OF_MEMORY"


class CancelledError(Error):
    """The run was cancelled."""

    code, code_name = 16, "CANCELLED"


class DeadlineError(Error, TimeoutError):
    """The run's deadline has passed."""

    code, code_name = 17, "DEADLINE"


class DeviceLostError(Error):
    """The device failed or was removed; a new session may work."""

    code, code_name = 18, "DEVICE_LOST"


class DeclinedError(Error):
    """A provider took a claim back."""

    code, code_name = 19, "DECLINED"


class BusyError(Error):
    """As many concurrent runs as allowed are under way."""

    code, code_name = 20, "BUSY"


class RunError(Error):
    """An operator met values that it is not defined for."""

    code, code_name = 21, "RUN"


class InternalError(Error):
    """A defect of Tenon or of a provider; please report it."""

    code, code_name = 22, "INTERNAL"


class ProviderRuleError(Error):
    """A provider broke a rule of the ABI; the message names the rule."""

    code, code_name = 23, "PROVIDER_RULE"


_CLASSES = {
    cls.code: cls
    for cls in list(globals().values())
    if isinstance(cls, type) and issubclass(cls, Error) and cls is not Error
}


def raise_code(
    code: int, message: str, node: str, op: str, value: str, provider: str, got: str, expected: str
) -> NoReturn:
    """Raises the class of ``code``; an unknown code raises :class:`Error` itself (a newer library's)."""
    cls = _CLASSES.get(code, Error)
    error = cls(message, node=node, op=op, value=value, provider=provider, got=got, expected=expected)
    error.code = code
    raise error
