# SPDX-License-Identifier: Apache-2.0
"""Sessions: a loaded model, where its nodes run, and how to run it."""

from __future__ import annotations

import concurrent.futures
import json
import os
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence, Union

import numpy as np

from . import _tenon
from ._dtypes import DTYPES, type_text
from ._environment import Environment, default_environment
from ._options import Provider, SessionOptions
from ._views import Placement, Profile, session_html
from .errors import InvalidArgumentError, NotFoundError

Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]
Dim = Union[int, str, None]


@dataclass(frozen=True)
class NodeArg:
    """An input or output of a model.

    ``type`` is ONNX's text, such as ``"tensor(float)"``; ``shape`` has an int for each fixed dim, the name of a symbolic
    one, or None for one that is not known; ``shape`` itself is empty when the rank is not known. ``dtype`` is NumPy's,
    None for what is not a tensor. ``optional`` says that a run may leave it out.
    """

    name: str
    type: str
    shape: list[Dim]
    dtype: np.dtype[Any] | None = field(compare=False)
    optional: bool = False
    rank_known: bool = True

    def __str__(self) -> str:
        shape = [dim if dim is not None else "?" for dim in self.shape] if self.rank_known else "of any rank"
        return f"{self.name}: {self.type} {shape}"


@dataclass(frozen=True)
class ModelMetadata:
    """What a model says of itself. ``version`` is 0 when it says nothing."""

    producer_name: str
    producer_version: str
    graph_name: str
    domain: str
    description: str
    graph_description: str
    version: int
    custom_metadata_map: dict[str, str]


def _node_arg(record: Mapping[str, Any]) -> NodeArg:
    number = record["dtype_number"]
    shape = record["shape"]
    return NodeArg(
        name=record["name"],
        type=type_text(record["type"]),
        shape=list(shape) if shape is not None else [],
        dtype=DTYPES[number] if number else None,
        optional=record["optional"],
        rank_known=shape is not None,
    )


class InferenceSession(_tenon.Session):
    """A loaded model.

    Args:
        path_or_bytes: path of an ``.onnx`` file, or its bytes. Bytes are not copied.
        sess_options: see :class:`SessionOptions`.
        providers: provider ids in order of preference, each with options if wanted: ``["cpu", ("npu", {"core": 1})]``.
            Naming any makes placement strict: a node that none of them takes, an unknown name and a library that does
            not load raise. None: every provider that is found.
        provider_options: one mapping for each of ``providers``, as onnxruntime takes them.
        environment: None: :func:`default_environment`.
        external_data_folder: where a model from bytes has its external data; None: it must have none.

    Threads: any number of threads may run one session at once. Raises a subclass of :class:`Error`.
    """

    def __init__(
        self,
        path_or_bytes: Source,
        sess_options: SessionOptions | None = None,
        providers: Sequence[Provider] | None = None,
        provider_options: Sequence[Mapping[str, Any]] | None = None,
        *,
        environment: Environment | None = None,
        external_data_folder: str | os.PathLike[str] | None = None,
    ) -> None:
        options = sess_options if sess_options is not None else SessionOptions()
        if isinstance(path_or_bytes, (bytearray, memoryview)):
            path_or_bytes = bytes(path_or_bytes)
        source = path_or_bytes if isinstance(path_or_bytes, bytes) else os.fspath(path_or_bytes)
        if isinstance(source, str) and "\0" in source:
            raise NotFoundError("the model's path holds a zero character", value=source.partition("\0")[0])
        self._environment = environment if environment is not None else default_environment()
        self._source = source if isinstance(source, str) else ""
        self._options = options.copy()
        super().__init__(
            self._environment,
            source,
            options.native(_with_options(providers, provider_options)),
            os.fspath(external_data_folder) if external_data_folder is not None else "",
        )
        self._inputs = [_node_arg(record) for record in self.describe_inputs()]
        self._outputs = [_node_arg(record) for record in self.describe_outputs()]

    def get_inputs(self) -> list[NodeArg]:
        """The inputs that a run must be given, in the model's order."""
        initializers = {arg.name for arg in self.get_overridable_initializers()}
        return [arg for arg in self._inputs if arg.name not in initializers]

    def get_outputs(self) -> list[NodeArg]:
        """The outputs, in the model's order."""
        return list(self._outputs)

    def get_overridable_initializers(self) -> list[NodeArg]:
        """Inputs with a default that a run may replace."""
        return [arg for arg in self._inputs if arg.optional and not arg.type.startswith("optional(")]

    def get_modelmeta(self) -> ModelMetadata:
        """What the model says of itself."""
        about = json.loads(self.inspect_json())
        return ModelMetadata(
            producer_name=about.get("producer", ""),
            producer_version=about.get("producer_version", ""),
            graph_name=about.get("graph", ""),
            domain=about.get("domain", ""),
            description=about.get("description", ""),
            graph_description=about.get("graph_description", ""),
            version=about.get("model_version", 0),
            custom_metadata_map=dict(self.metadata()),
        )

    def get_providers(self) -> list[str]:
        """Ids of the providers that this session asked, in order of preference."""
        return list(json.loads(self.placement_json()).get("providers", []))

    def run_async(
        self,
        output_names: Sequence[str] | None,
        input_feed: Mapping[str, Any],
        callback: Callable[[list[Any] | None, Any, str], None] | None = None,
        user_data: Any = None,
        run_options: _tenon.RunOptions | None = None,
    ) -> AsyncRun:
        """Starts a run on a thread of its own and returns at once.

        The result is a ``concurrent.futures.Future`` that can also be awaited. ``callback(outputs, user_data, error)``
        is called on that thread when the run ends: outputs is None and error a text when it failed.
        The interpreter's exit waits for runs that were started, as it does for all of ``concurrent.futures``.
        """
        options = run_options if run_options is not None else _tenon.RunOptions()
        future = AsyncRun(options)

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            outputs, problem, text = None, None, ""
            try:
                outputs = self.run(output_names, dict(input_feed), options)
            except BaseException as error:  # handed to whoever waits
                problem, text = error, str(error)
            try:
                if callback is not None:
                    callback(outputs, user_data, text)
            finally:
                if problem is not None:
                    future.set_exception(problem)
                else:
                    future.set_result(outputs)

        _threads().submit(work)
        return future

    def io_binding(self) -> IOBinding:
        """A new binding of inputs and outputs, see :class:`IOBinding`."""
        return IOBinding(self)

    def run_with_iobinding(self, iobinding: IOBinding, run_options: _tenon.RunOptions | None = None) -> None:
        """Runs once on what is bound; the results are where they were bound to."""
        iobinding.run(run_options)

    def placement(self) -> Placement:
        """Where every node of the model runs, and why."""
        return Placement(json.loads(self.placement_json()))

    def profile(self) -> Profile:
        """Times of the runs so far, of a session with the option ``profile`` on."""
        if self._options["profile"] != "on":
            raise InvalidArgumentError(
                "this session does not measure: load it with SessionOptions(profile='on')", value="profile"
            )
        return Profile(json.loads(self.profile_json()), self.profile_trace, self.profile_reset)

    def memory(self) -> dict[str, int]:
        """Bytes of this session: weights, packed, arena, arena_peak, outputs; and the sets of shapes that have plans."""
        return json.loads(self.memory_json())

    def report(self, path: str | os.PathLike[str]) -> None:
        """Writes a self-contained page about this session: graph, placement, refusals, times when measured."""
        from ._report import write_report

        write_report(self, path)

    def __repr__(self) -> str:
        name = os.path.basename(self._source) or "bytes"
        return f"<tenon.InferenceSession {name}: {self.placement_line}>"

    def _repr_html_(self) -> str:
        return session_html(self)


def _with_options(
    providers: Sequence[Provider] | None, provider_options: Sequence[Mapping[str, Any]] | None
) -> list[Provider]:
    if isinstance(providers, str):
        raise InvalidArgumentError(f"providers is a list: [{providers!r}]", value="providers", got="str")
    named = list(providers or [])
    if provider_options is None:
        return named
    if len(provider_options) != len(named):
        raise InvalidArgumentError(
            f"{len(named)} providers and {len(provider_options)} provider_options: they go in pairs",
            value="provider_options",
        )
    return [
        (name, options) if isinstance(name, str) else name for name, options in zip(named, provider_options)
    ]


class IOBinding(_tenon.IOBinding):
    """Inputs and outputs bound once and run many times, see :meth:`InferenceSession.io_binding`."""

    def copy_outputs_to_cpu(self) -> list[Any]:
        """The bound outputs as NumPy arrays over the same memory."""
        return [tensor.numpy() if tensor is not None else None for tensor in self.get_outputs()]


class AsyncRun(concurrent.futures.Future):
    """A run under way: a ``concurrent.futures.Future`` that can be awaited, and stopped at any time."""

    def __init__(self, options: _tenon.RunOptions) -> None:
        super().__init__()
        self._options = options

    def cancel(self) -> bool:
        """Stops the run: it raises :class:`CancelledError`. True unless it has ended."""
        if super().cancel():
            return True
        if self.done():
            return False
        self._options.cancel()
        return True

    def __await__(self):
        import asyncio

        return asyncio.wrap_future(self).__await__()


_pool_lock = threading.Lock()
_pool: concurrent.futures.ThreadPoolExecutor | None = None


def _threads() -> concurrent.futures.ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="tenon-run")
        return _pool


def _forget_threads() -> None:
    global _pool, _pool_lock
    _pool, _pool_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget_threads)
