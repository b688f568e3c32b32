# SPDX-License-Identifier: Apache-2.0
"""A host of single nodes over plugin.h: loads one provider's library and runs one node on numpy arrays.

    provider = Provider("build/release/lib/tenon/providers.d/libtenon_provider_reference.so")
    outputs = provider.run(node, arrays, output_dtypes)       # node: onnx.NodeProto of opset 28

No shape inference, no core: an operator can be tried before anything else runs. Every output is left open, so that the
provider settles its dims in prepare or asks for its memory; `given` hands the memory over instead. parallel_for runs in index order, or in reverse.
"""

import ctypes as c
import os
import sys

import numpy as np
import onnx
from onnx import AttributeProto, defs, numpy_helper

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "driver"))
from tenon_ctypes import _BITS, _DTYPES, _NUMBERS, _Status, _Tensor, _pack, _unpack  # noqa: E402

STRING = 8
ABSENT = 0xFFFFFFFF
U32, U64, I32, I64, PTR = c.c_uint32, c.c_uint64, c.c_int32, c.c_int64, c.c_void_p


class ProviderError(Exception):
    """A call that did not return TENON_OK."""


class Refused(Exception):
    """The provider did not claim the node: (reason, sentence)."""


class Str(c.Structure):
    _fields_ = [("data", c.c_char_p), ("len", U64)]


def _record(name, *fields):
    return type(name, (c.Structure,), {"_fields_": list(fields)})


_ATTRIBUTE = _record(
    "Attribute", ("name", Str), ("type", U32), ("count", U32), ("i", I64), ("f", c.c_double), ("s", Str),
    ("ints", c.POINTER(I64)), ("floats", c.POINTER(c.c_float)), ("strings", c.POINTER(Str)),
    ("tensor", c.POINTER(_Tensor)))
_VALUE = _record(
    "GraphValue", ("id", U32), ("origin", U32), ("name", Str), ("dtype", U32), ("rank", U32),
    ("dims", c.POINTER(I64)), ("symbols", PTR), ("const_id", U32), ("flags", U32))
_NODE = _record(
    "Node", ("id", U32), ("origin", U32), ("domain", Str), ("op", Str), ("form", U32), ("reserved", U32),
    ("name", Str), ("inputs", c.POINTER(U32)), ("ninputs", U32), ("noutputs", U32), ("outputs", c.POINTER(U32)),
    ("attributes", c.POINTER(_ATTRIBUTE)), ("nattributes", U32), ("attribute_stride", U32))
_GRAPH = _record(
    "Graph", ("size", U32), ("reserved", U32), ("nodes", c.POINTER(_NODE)), ("nnodes", U32), ("node_stride", U32),
    ("values", c.POINTER(_VALUE)), ("nvalues", U32), ("value_stride", U32), ("inputs", c.POINTER(U32)),
    ("ninputs", U32), ("noutputs", U32), ("outputs", c.POINTER(U32)))
_CLAIM = _record("Claim", ("size", U32), ("device", U32), ("id", U64), ("nodes", c.POINTER(U32)), ("nnodes", U32))
_REFUSAL = _record("Refusal", ("size", U32), ("node", U32), ("reason", U32), ("value", U32), ("text_data", PTR),
                   ("text_len", U64))
_SESSION = _record(
    "SessionDesc", ("size", U32), ("device", U32), ("host_session", PTR), ("options", PTR), ("noptions", U32),
    ("option_stride", U32), ("max_workers", U32), ("flags", U32))
_REGION = _record(
    "Region", ("size", U32), ("device", U32), ("claim", U64), ("graph", c.POINTER(_GRAPH)), ("rules", PTR),
    ("nrules", U32), ("rule_stride", U32))
_EXEC_INFO = _record(
    "ExecInfo", ("size", U32), ("max_concurrent_runs", U32), ("workspace_bytes", U64), ("workspace_align", U64),
    ("aliases", PTR), ("naliases", U32), ("alias_stride", U32), ("packs", PTR), ("npacks", U32), ("pack_stride", U32),
    ("kernel", Str))
_RUN = _record(
    "Run", ("size", U32), ("queue", U32), ("inputs", c.POINTER(_Tensor)), ("outputs", c.POINTER(_Tensor)),
    ("ninputs", U32), ("noutputs", U32), ("tensor_stride", U32), ("nwaits", U32), ("workspace", PTR),
    ("workspace_bytes", U64), ("task", PTR), ("handle", PTR), ("waits", PTR), ("signals", PTR), ("point_stride", U32),
    ("nsignals", U32))
_SHAPE = _record(
    "Shape", ("dtype", U32), ("rank", U32), ("dims", c.POINTER(I64)), ("value", c.POINTER(_Tensor)))
_SHAPES = _record(
    "Shapes", ("size", U32), ("reserved", U32), ("inputs", c.POINTER(_SHAPE)), ("ninputs", U32), ("input_stride", U32),
    ("outputs", c.POINTER(_SHAPE)), ("noutputs", U32), ("output_stride", U32))
_PREPARED_INFO = _record("PreparedInfo", ("size", U32), ("reserved", U32), ("workspace_bytes", U64))
_RANGE = _record(
    "HostRange", ("size", U32), ("reserved", U32), ("generation", U32), ("min_minor", U32), ("max_minor", U32),
    ("reserved2", U32), ("features", U64))
_STATUS = c.POINTER(_Status)
_FN = c.CFUNCTYPE(None, PTR, U64, U32)
_HOST = _record(
    "Host", ("size", U32), ("reserved", U32), ("ctx", PTR), ("log", c.CFUNCTYPE(None, PTR, U32, Str)),
    ("alloc", c.CFUNCTYPE(PTR, PTR, U64, U64)), ("free", c.CFUNCTYPE(None, PTR, PTR)),
    ("parallel_for", c.CFUNCTYPE(I32, PTR, U64, _FN, PTR)), ("max_workers", c.CFUNCTYPE(U32, PTR)),
    ("should_stop", c.CFUNCTYPE(I32, PTR)), ("claim", c.CFUNCTYPE(I32, PTR, c.POINTER(_CLAIM))),
    ("refuse", c.CFUNCTYPE(I32, PTR, c.POINTER(_REFUSAL))), ("weight_get", PTR),
    ("alloc_output", c.CFUNCTYPE(I32, PTR, U32, c.POINTER(I64), U32, U64, c.POINTER(_Tensor), _STATUS)),
    ("get_extension", PTR))
_PROVIDER = _record(
    "Table", ("size", U32), ("reserved", U32), ("self_", PTR), ("info", PTR), ("devices", PTR), ("options", PTR),
    ("schemas", PTR), ("infer", PTR),
    ("session_create", c.CFUNCTYPE(I32, PTR, c.POINTER(_SESSION), c.POINTER(PTR), _STATUS)),
    ("session_destroy", c.CFUNCTYPE(None, PTR)), ("query", c.CFUNCTYPE(I32, PTR, c.POINTER(_GRAPH), PTR, _STATUS)),
    ("compile", c.CFUNCTYPE(I32, PTR, c.POINTER(_REGION), PTR, c.POINTER(PTR), c.POINTER(_EXEC_INFO), _STATUS)),
    ("prepack", PTR), ("bind_packed", PTR),
    ("prepare", c.CFUNCTYPE(I32, PTR, c.POINTER(_SHAPES), c.POINTER(PTR), c.POINTER(_PREPARED_INFO), _STATUS)),
    ("prepared_destroy", c.CFUNCTYPE(None, PTR)),
    ("execute", c.CFUNCTYPE(I32, PTR, PTR, c.POINTER(_RUN), _STATUS)), ("exec_destroy", c.CFUNCTYPE(None, PTR)),
    *[(name, PTR) for name in ("mem_alloc", "mem_free", "mem_map", "mem_unmap", "layout_bytes", "copy", "copy_cost",
                               "sync_create", "sync_wait", "sync_signal", "sync_destroy")],
    ("get_extension", c.CFUNCTYPE(PTR, PTR, Str)))


def dtype_of(array):
    return STRING if array.dtype.kind in "OUS" else _NUMBERS[array.dtype]


def to_bytes(array):
    """The tensor's bytes as the ABI lays them out."""
    dtype = dtype_of(array)
    if dtype == STRING:
        items = [v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1).tolist()]
        return np.cumsum([0] + [len(v) for v in items]).astype(np.int64).tobytes() + b"".join(items)
    array = np.ascontiguousarray(array)
    return (_pack(array, _BITS[dtype]) if dtype in _BITS else array).tobytes()


def from_bytes(dtype, dims, data):
    count = int(np.prod(dims, dtype=np.int64)) if dims else 1
    if dtype == STRING:
        out = np.empty(count, object)
        offsets = np.frombuffer(data[:8 * (count + 1)], np.int64)
        for i in range(count):
            out[i] = data[8 * (count + 1):][offsets[i]:offsets[i + 1]].decode()
        return out.reshape(dims)
    raw = np.frombuffer(data, np.uint8).copy()
    if dtype in _BITS:
        return _unpack(raw, count, _BITS[dtype], _DTYPES[dtype]).reshape(dims)
    return raw.view(_DTYPES[dtype]).reshape(dims)


def byte_size(dtype, count, string_bytes=0):
    if dtype == STRING:
        return 8 * (count + 1) + string_bytes
    return -(-count * _BITS[dtype] // 8) if dtype in _BITS else count * np.dtype(_DTYPES[dtype]).itemsize


class Provider:
    """One provider, opened; `forms` holds the form that it lists for each (domain, operator)."""

    def __init__(self, path):
        self._keep, self._answer, self.reverse = [], None, False
        self._host = self._make_host()
        table, status = c.POINTER(_PROVIDER)(), _Status(size=c.sizeof(_Status))
        entry = c.CDLL(path).tenon_provider_entry_v0
        self._check(entry(c.byref(self._host), c.byref(_RANGE(size=c.sizeof(_RANGE))), c.byref(table),
                          c.byref(status)), status)
        self._table = table.contents
        self._session = PTR()
        self._check(self._table.session_create(self._table.self_, c.byref(_SESSION(size=c.sizeof(_SESSION), max_workers=1)),
                                               c.byref(self._session), c.byref(status)), status)
        lines = [line.split() for line in self.listing().splitlines()]
        self.forms = {(domain, op): int(form) for domain, op, form, *_ in lines}

    def listing(self):
        """The text behind the extension tenon_x_operators, "" without it."""
        if not self._table.get_extension:
            return ""
        text = self._table.get_extension(self._table.self_, Str(b"tenon_x_operators", 17))
        return c.string_at(text).decode() if text else ""

    @staticmethod
    def _check(code, status):
        if code != 0:
            raise ProviderError(f"code {code}: {status.msg.decode('utf-8', 'replace')}")

    def _make_host(self):
        kinds = dict(_HOST._fields_)

        def parallel_for(_task, n, fn, arg):
            for i in range(n - 1, -1, -1) if self.reverse else range(n):
                fn(arg, i, 0)
            return 0

        def claim(_sink, _claim):
            self._answer = ()
            return 0

        def refuse(_sink, refusal):
            text = c.string_at(refusal.contents.text_data, refusal.contents.text_len).decode()
            self._answer = (refusal.contents.reason, text)
            return 0

        def alloc_output(_run, index, dims, rank, string_bytes, out, _status):
            self._allocate(index, [dims[i] for i in range(rank)], string_bytes, out.contents)
            return 0

        return _HOST(size=c.sizeof(_HOST), log=kinds["log"](lambda *_: None), alloc=kinds["alloc"](lambda *_: None),
                     free=kinds["free"](lambda *_: None), parallel_for=kinds["parallel_for"](parallel_for),
                     max_workers=kinds["max_workers"](lambda _: 1), should_stop=kinds["should_stop"](lambda _: 0),
                     claim=kinds["claim"](claim), refuse=kinds["refuse"](refuse),
                     alloc_output=kinds["alloc_output"](alloc_output))

    def _allocate(self, index, dims, string_bytes, out):
        dtype = self._dtypes[index]
        size = byte_size(dtype, int(np.prod(dims, dtype=np.int64)) if dims else 1, string_bytes)
        buffer, array = c.create_string_buffer(size + 16), (I64 * max(1, len(dims)))(*dims)
        address = (c.addressof(buffer) + 15) // 16 * 16
        out.size, out.dtype, out.rank, out.dims = c.sizeof(_Tensor), dtype, len(dims), c.cast(array, c.POINTER(I64))
        out.bytes, out.data = size, address
        self._made[index] = (dims, address, size, buffer, array)

    def _hold(self, thing):
        self._keep.append(thing)
        return thing

    def _str(self, text):
        data = self._hold(text if isinstance(text, bytes) else text.encode())
        return Str(data, len(data))

    def _array(self, kind, items):
        return self._hold((kind * max(1, len(items)))(*items))

    def _tensor(self, array):
        data = to_bytes(array)
        buffer = self._hold(c.create_string_buffer(len(data) + 16))
        address = (c.addressof(buffer) + 15) // 16 * 16
        c.memmove(address, data, len(data))
        dims = self._array(I64, array.shape)
        return _Tensor(size=c.sizeof(_Tensor), dtype=dtype_of(array), rank=array.ndim,
                       dims=c.cast(dims, c.POINTER(I64)), bytes=len(data), data=address)

    def _attribute(self, proto):
        out = _ATTRIBUTE(name=self._str(proto.name), type=proto.type, count=1)
        if proto.type == AttributeProto.FLOAT:
            out.f = proto.f
        elif proto.type == AttributeProto.INT:
            out.i = proto.i
        elif proto.type == AttributeProto.STRING:
            out.s = self._str(proto.s)
        elif proto.type == AttributeProto.INTS:
            out.ints, out.count = c.cast(self._array(I64, proto.ints), c.POINTER(I64)), len(proto.ints)
        elif proto.type == AttributeProto.FLOATS:
            out.floats, out.count = c.cast(self._array(c.c_float, proto.floats), c.POINTER(c.c_float)), len(proto.floats)
        elif proto.type == AttributeProto.STRINGS:
            texts = self._array(Str, [self._str(text) for text in proto.strings])
            out.strings, out.count = c.cast(texts, c.POINTER(Str)), len(proto.strings)
        elif proto.type == AttributeProto.TENSOR:
            out.tensor = c.pointer(self._hold(self._tensor(array_of(proto.t))))
        else:
            raise ProviderError(f"attribute '{proto.name}' of type {proto.type} does not cross the ABI")
        return out

    def _attributes(self, node, opset):
        protos = list(node.attribute)
        named = {proto.name for proto in protos}
        schema = defs.get_schema(node.op_type, opset, node.domain)
        protos += [a.default_value for n, a in schema.attributes.items() if n not in named and a.default_value.name]
        return [self._attribute(proto) for proto in protos]

    def _graph(self, node, arrays, dtypes, opset):
        """The one-node graph, the arrays of its inputs (each value once) and the ids of all of its outputs."""
        values, inputs, ids = [], [], []
        seen = {}
        for name, array in zip(node.input, arrays):
            if name and name not in seen:
                seen[name] = len(values)
                dims = c.cast(self._array(I64, array.shape), c.POINTER(I64))
                values.append(dict(name=self._str(name), dtype=dtype_of(array), rank=array.ndim, dims=dims))
                inputs.append(array)
            ids.append(seen[name] if name else ABSENT)
        outputs = []
        for name, dtype in zip(node.output, dtypes):
            outputs.append(len(values) if name else ABSENT)
            if name:
                values.append(dict(name=self._str(name), dtype=dtype, rank=ABSENT))
        attributes = self._attributes(node, opset)
        domain = node.domain or "ai.onnx"
        made = _NODE(domain=self._str(domain), op=self._str(node.op_type), name=self._str(node.name or "node"),
                     form=self.forms.get((domain, node.op_type), 0), inputs=self._array(U32, ids), ninputs=len(ids),
                     outputs=self._array(U32, outputs), noutputs=len(outputs),
                     attributes=self._array(_ATTRIBUTE, attributes), nattributes=len(attributes),
                     attribute_stride=c.sizeof(_ATTRIBUTE))
        records = [_VALUE(id=i, origin=i, const_id=ABSENT, **value) for i, value in enumerate(values)]
        present = [i for i in outputs if i != ABSENT]
        graph = _GRAPH(size=c.sizeof(_GRAPH), nodes=c.pointer(self._hold(made)), nnodes=1,
                       node_stride=c.sizeof(_NODE), values=self._array(_VALUE, records), nvalues=len(records),
                       value_stride=c.sizeof(_VALUE), inputs=self._array(U32, range(len(inputs))),
                       ninputs=len(inputs), outputs=self._array(U32, present), noutputs=len(present))
        self._dtypes = [records[i].dtype for i in present]
        return self._hold(graph), inputs, outputs

    def run(self, node, arrays, dtypes, given=None, opset=28):
        """Runs a NodeProto. arrays: one for each input (None where absent); dtypes: of its outputs; given: dims of each
        present output, to be handed over with memory. Returns an array for each output, None where absent."""
        self._keep, self._answer, self._made = [], None, {}
        graph, inputs, outputs = self._graph(node, arrays, dtypes, opset)
        status = _Status(size=c.sizeof(_Status))
        self._check(self._table.query(self._session, c.byref(graph), None, c.byref(status)), status)
        if self._answer != ():
            raise Refused(self._answer)
        region, handle, info = _REGION(size=c.sizeof(_REGION), graph=c.pointer(graph)), PTR(), _EXEC_INFO(
            size=c.sizeof(_EXEC_INFO))
        self._check(self._table.compile(self._session, c.byref(region), None, c.byref(handle), c.byref(info),
                                        c.byref(status)), status)
        try:
            tensors = [_Tensor(size=c.sizeof(_Tensor), dtype=dtype, rank=ABSENT) for dtype in self._dtypes]
            prepared, workspace, settled = self._prepare(handle, inputs, given)
            for i, dims in enumerate(settled):
                if dims is not None and self._dtypes[i] != STRING:
                    self._allocate(i, list(dims), 0, tensors[i])
            targets = self._array(_Tensor, tensors)
            run = _RUN(size=c.sizeof(_RUN), inputs=self._array(_Tensor, [self._tensor(a) for a in inputs]),
                       ninputs=len(inputs), outputs=targets, noutputs=len(tensors), tensor_stride=c.sizeof(_Tensor),
                       workspace=workspace, workspace_bytes=0 if workspace is None else self._workspace_bytes)
            try:
                self._check(self._table.execute(handle, prepared, c.byref(run), c.byref(status)), status)
            finally:
                if prepared:
                    self._table.prepared_destroy(prepared)
            return self._results(outputs)
        finally:
            self._table.exec_destroy(handle)

    def _prepare(self, handle, inputs, given):
        """(prepared, workspace address, dims of each present output or None where they stay open)."""
        if not self._table.prepare:
            return None, None, given or []

        def shape(dtype, dims):
            array = self._array(I64, list(dims or []) + [-1] * (64 - len(dims or [])))
            return _SHAPE(dtype=dtype, rank=ABSENT if dims is None else len(dims), dims=c.cast(array, c.POINTER(I64)))

        shapes_in = self._array(_SHAPE, [shape(dtype_of(a), a.shape) for a in inputs])
        wanted = [list(dims) for dims in given] if given else [None] * len(self._dtypes)
        shapes_out = self._array(_SHAPE, [shape(d, dims) for d, dims in zip(self._dtypes, wanted)])
        shapes = _SHAPES(size=c.sizeof(_SHAPES), inputs=shapes_in, ninputs=len(inputs), input_stride=c.sizeof(_SHAPE),
                         outputs=shapes_out, noutputs=len(self._dtypes), output_stride=c.sizeof(_SHAPE))
        prepared, status, info = PTR(), _Status(size=c.sizeof(_Status)), _PREPARED_INFO(size=c.sizeof(_PREPARED_INFO))
        self._check(self._table.prepare(handle, c.byref(shapes), c.byref(prepared), c.byref(info), c.byref(status)),
                    status)
        self._workspace_bytes = info.workspace_bytes
        buffer = self._hold(c.create_string_buffer(info.workspace_bytes + 64)) if info.workspace_bytes else None
        workspace = (c.addressof(buffer) + 63) // 64 * 64 if buffer else None
        settled = []
        for i in range(len(self._dtypes)):
            dims = None if shapes_out[i].rank == ABSENT else [shapes_out[i].dims[k] for k in range(shapes_out[i].rank)]
            settled.append(None if dims is not None and any(d < 0 for d in dims) else dims)
        return prepared, workspace, settled

    def _results(self, outputs):
        present = iter(range(len(self._dtypes)))
        results = []
        for output in outputs:
            if output == ABSENT:
                results.append(None)
                continue
            index = next(present)
            dims, address, size, *_ = self._made[index]
            results.append(from_bytes(self._dtypes[index], dims, c.string_at(address, size)))
        return results


def array_of(tensor):
    """A TensorProto as an array; strings are str objects."""
    array = numpy_helper.to_array(tensor)
    if tensor.data_type != onnx.TensorProto.STRING:
        return array
    items = [v.decode() if isinstance(v, bytes) else str(v) for v in array.reshape(-1).tolist()]
    return np.array(items, object).reshape(array.shape)
