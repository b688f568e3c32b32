# SPDX-License-Identifier: Apache-2.0
"""Tenon runs ONNX models and tells where every node runs.

    import numpy as np, tenon

    session = tenon.InferenceSession("model.onnx")
    outputs = session.run(None, {"x": np.zeros((1, 3), np.float32)})
    print(session.placement())

Providers are packages of their own (``tenon-provider-cpu``, ...), found when installed. Everything that fails raises a
subclass of :class:`Error` with a code and what it is about.
"""

import threading as _threading

import numpy as _numpy

from . import _tenon
from ._convert import from_tensor as _from_tensor
from ._convert import to_tensor as _to_tensor
from ._dtypes import DTYPES as _DTYPES
from ._environment import (
    Environment,
    default_environment,
    memory,
    prefix,
    provider_folders,
    providers,
    trim,
)
from ._log import emit as _emit
from ._options import SessionOptions
from ._options import describe as session_options
from ._session import AsyncRun, InferenceSession, IOBinding, ModelMetadata, NodeArg
from ._tenon import RunOptions, Tensor
from ._views import Placement, Profile
from .errors import (
    BusyError,
    CancelledError,
    DeadlineError,
    DeclinedError,
    DeviceLostError,
    Error,
    InternalError,
    InvalidArgumentError,
    InvalidModelError,
    InvalidTensorError,
    IoError,
    LimitError,
    MalformedError,
    NotFoundError,
    NotPermittedError,
    OptionError,
    OutOfMemoryError,
    PlacementError,
    ProviderLoadError,
    ProviderNotFoundError,
    ProviderRuleError,
    RunError,
    UnsupportedError,
    VersionError,
)
from .errors import raise_code as _raise_code

_tenon._connect(
    _numpy.ndarray,
    _DTYPES,
    _to_tensor,
    _from_tensor,
    _raise_code,
    _emit,
    _threading.main_thread().ident or 0,
)

__version__ = _tenon.version()

__all__ = [
    "AsyncRun",
    "BusyError",
    "CancelledError",
    "DeadlineError",
    "DeclinedError",
    "DeviceLostError",
    "Environment",
    "Error",
    "IOBinding",
    "InferenceSession",
    "InternalError",
    "InvalidArgumentError",
    "InvalidModelError",
    "InvalidTensorError",
    "IoError",
    "LimitError",
    "MalformedError",
    "ModelMetadata",
    "NodeArg",
    "NotFoundError",
    "NotPermittedError",
    "OptionError",
    "OutOfMemoryError",
    "Placement",
    "PlacementError",
    "Profile",
    "ProviderLoadError",
    "ProviderNotFoundError",
    "ProviderRuleError",
    "RunError",
    "RunOptions",
    "SessionOptions",
    "Tensor",
    "UnsupportedError",
    "VersionError",
    "__version__",
    "default_environment",
    "memory",
    "prefix",
    "provider_folders",
    "providers",
    "session_options",
    "trim",
]
