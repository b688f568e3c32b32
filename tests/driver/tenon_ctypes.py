# SPDX-License-Identifier: Apache-2.0
"""A driver over tenon.h with ctypes and numpy, for checks against other runtimes.

    from tenon_ctypes import Session, TenonError
    session = Session("model.onnx", providers=["cpu"], options={"threads": "1"}, provider_dirs=["build/lib/..."])
    outputs = session.run({"x": np.zeros([1, 4], np.float32)})

The library is $TENON_LIBRARY, else $TENON_BUILD_DIR/lib/libtenon.so, else build/release/lib/libtenon.so.
"""

import contextlib
import ctypes as c
import json
import os

import ml_dtypes
import numpy as np


class _String(c.Structure):
    _fields_ = [("data", c.c_char_p), ("len", c.c_uint64)]

    def text(self):
        return c.string_at(self.data, self.len).decode("utf-8", "replace") if self.len else ""


class _RawString(c.Structure):
    _fields_ = [("data", c.c_void_p), ("len", c.c_uint64)]

    def bytes(self):
        return c.string_at(self.data, self.len) if self.len else b""

    def text(self):
        return self.bytes().decode("utf-8", "replace")


class _Status(c.Structure):
    _fields_ = [("size", c.c_uint32), ("reserved", c.c_uint32), ("code", c.c_int32), ("vendor_code", c.c_int32),
                ("len", c.c_uint32), ("reserved2", c.c_uint32), ("msg", c.c_char * 1000)]


class _Layout(c.Structure):
    _fields_ = [("kind", c.c_uint32), ("axis", c.c_uint32), ("block", c.c_uint32), ("reserved", c.c_uint32),
                ("id", c.c_uint64)]


class _Tensor(c.Structure):
    _fields_ = [("size", c.c_uint32), ("reserved", c.c_uint32), ("dtype", c.c_uint32), ("rank", c.c_uint32),
                ("dims", c.POINTER(c.c_int64)), ("strides", c.POINTER(c.c_int64)), ("layout", _Layout),
                ("memory", c.c_void_p), ("offset", c.c_uint64), ("bytes", c.c_uint64), ("data", c.c_void_p)]


class _ErrorFields(c.Structure):
    _fields_ = [("size", c.c_uint32), ("code", c.c_int32), ("node", _RawString), ("op", _RawString),
                ("value", _RawString), ("provider", _RawString), ("got", _RawString), ("expected", _RawString)]


class _EnvDesc(c.Structure):
    _fields_ = [("size", c.c_uint32), ("threads", c.c_uint32), ("log_level", c.c_uint32), ("reserved", c.c_uint32),
                ("log", c.c_void_p), ("log_user", c.c_void_p), ("provider_dirs", c.POINTER(_String)),
                ("nprovider_dirs", c.c_uint32), ("no_default_dirs", c.c_uint32)]


class _Io(c.Structure):
    _fields_ = [("size", c.c_uint32), ("optional", c.c_uint32), ("name", _RawString), ("type", _RawString),
                ("dtype", c.c_uint32), ("rank", c.c_uint32), ("dims", c.POINTER(c.c_int64)),
                ("symbols", c.POINTER(_RawString))]


_PROGRESS = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_uint64)


class _OptimizeDesc(c.Structure):
    _fields_ = [("size", c.c_uint32), ("opset", c.c_uint32), ("out", _String), ("external_data", c.c_uint32),
                ("dense_constants", c.c_uint32), ("data", c.c_char_p), ("bytes", c.c_uint64), ("run", c.c_void_p),
                ("progress", _PROGRESS), ("progress_user", c.c_void_p)]


# By dtype number; sub-byte types are one element a byte in numpy and are packed on the way.
_DTYPES = {1: np.float32, 2: np.uint8, 3: np.int8, 4: np.uint16, 5: np.int16, 6: np.int32, 7: np.int64, 9: np.bool_,
           10: np.float16, 11: np.float64, 12: np.uint32, 13: np.uint64, 14: np.complex64, 15: np.complex128,
           16: ml_dtypes.bfloat16, 17: ml_dtypes.float8_e4m3fn, 18: ml_dtypes.float8_e4m3fnuz,
           19: ml_dtypes.float8_e5m2, 20: ml_dtypes.float8_e5m2fnuz, 21: ml_dtypes.uint4, 22: ml_dtypes.int4,
           23: ml_dtypes.float4_e2m1fn, 24: ml_dtypes.float8_e8m0fnu, 25: ml_dtypes.uint2, 26: ml_dtypes.int2,
           27: ml_dtypes.float6_e2m3fn, 28: ml_dtypes.float6_e3m2fn}
_NUMBERS = {np.dtype(dtype): number for number, dtype in _DTYPES.items()}
_STRING = 8
_BITS = {21: 4, 22: 4, 23: 4, 25: 2, 26: 2, 27: 6, 28: 6}


class TenonError(Exception):
    """A failed call: code (int), name ("INVALID_MODEL"), message, and the fields that apply."""

    def __init__(self, code, name, message, fields):
        super().__init__(f"{name}: {message}")
        self.code, self.name, self.message, self.fields = code, name, message, fields


def library_path():
    """Where the library is, loaded or not."""
    if "TENON_LIBRARY" in os.environ:
        return os.environ["TENON_LIBRARY"]
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    build = os.environ.get("TENON_BUILD_DIR", os.path.join(root, "build", "release"))
    return os.path.join(build, "lib", "libtenon.so")


_library = None


def library():
    """The loaded library, with the result type of each function that does not return a code."""
    global _library
    if _library is None:
        lib = c.CDLL(library_path())
        lib.tenon_version.restype = c.c_char_p
        lib.tenon_code_name.restype = c.c_char_p
        lib.tenon_text_get.restype = _RawString
        lib.tenon_session_placement_line.restype = _RawString
        lib.tenon_value_kind.restype = c.c_uint32
        lib.tenon_value_count.restype = c.c_uint64
        for name in ("tenon_session_input_count", "tenon_session_output_count", "tenon_session_input_index",
                     "tenon_session_output_index", "tenon_session_metadata_count"):
            getattr(lib, name).restype = c.c_uint32
        for name in ("tenon_env_release", "tenon_session_release", "tenon_session_options_release",
                     "tenon_value_release", "tenon_run_options_release", "tenon_run_options_cancel",
                     "tenon_run_options_reset", "tenon_text_release"):
            getattr(lib, name).restype = None
        lib.tenon_run_options_set_timeout.argtypes = [c.c_void_p, c.c_uint64]
        lib.tenon_run_options_set_timeout.restype = None
        lib.tenon_run_options_set_threads.restype = None
        _library = lib
    return _library


def _str(text):
    data = text if isinstance(text, bytes) else str(text).encode()
    return _String(data, len(data))


def _call(name, *args):
    lib = library()
    status = _Status(size=c.sizeof(_Status))
    code = getattr(lib, name)(*args, c.byref(status))
    if code != 0:
        fields = _ErrorFields(size=c.sizeof(_ErrorFields))
        lib.tenon_last_error_fields(c.byref(fields))
        shown = {key: getattr(fields, key).text() for key in ("node", "op", "value", "provider", "got", "expected")}
        raise TenonError(code, lib.tenon_code_name(code).decode(), status.msg.decode("utf-8", "replace"),
                         {key: value for key, value in shown.items() if value})


def _take_text(text):
    lib = library()
    try:
        return lib.tenon_text_get(text).text()
    finally:
        lib.tenon_text_release(text)


def _json(name, *args):
    text = c.c_void_p()
    _call(name, *args, c.byref(text))
    return json.loads(_take_text(text))


def _pack(array, bits):
    """Elements of fewer than 8 bits as one stream of bits, the first in the low bits."""
    codes = array.view(np.uint8).reshape(-1, 1)
    return np.packbits(np.unpackbits(codes, axis=1, bitorder="little")[:, :bits].reshape(-1), bitorder="little")


def _unpack(raw, count, bits, dtype):
    stream = np.unpackbits(raw, bitorder="little")[:count * bits].reshape(count, bits)
    if np.dtype(dtype) in (np.dtype(ml_dtypes.int4), np.dtype(ml_dtypes.int2)):
        signed = np.packbits(stream, axis=1, bitorder="little").reshape(-1).astype(np.int16)
        return np.where(signed >= 1 << (bits - 1), signed - (1 << bits), signed).astype(np.int8).astype(dtype)
    return np.packbits(stream, axis=1, bitorder="little").reshape(-1).view(dtype)


class Optional:
    """An optional that holds `value`, as an input."""

    def __init__(self, value):
        self.value = value


class Value:
    """A tenon_value; as an input it borrows the array's memory, which it keeps."""

    def __init__(self, handle, keep=None):
        self.handle, self._keep = handle, keep

    def __del__(self):
        if self.handle:
            library().tenon_value_release(self.handle)
            self.handle = None

    @classmethod
    def from_numpy(cls, array, strided=False):
        """Wraps an array; strided=True passes its strides instead of making it contiguous."""
        array = np.asarray(array)
        dims = (c.c_int64 * max(array.ndim, 1))(*array.shape)
        out = c.c_void_p()
        if array.dtype.kind in "OUS":
            encoded = [v if isinstance(v, bytes) else str(v).encode() for v in array.reshape(-1).tolist()]
            strings = (_String * max(len(encoded), 1))(*[_String(v, len(v)) for v in encoded])
            _call("tenon_value_create_strings", strings, dims, array.ndim, c.byref(out))
            return cls(out)
        number = _NUMBERS[array.dtype]
        strides = None
        if number in _BITS:
            data = _pack(np.ascontiguousarray(array), _BITS[number])
        elif strided:
            data = array
            strides = (c.c_int64 * max(array.ndim, 1))(*array.strides)
        else:
            data = np.ascontiguousarray(array)
        extent = data.nbytes
        if strides is not None and data.size:
            extent = data.itemsize + sum((n - 1) * s for n, s in zip(data.shape, data.strides) if s > 0)
        tensor = _Tensor(size=c.sizeof(_Tensor), dtype=number, rank=array.ndim, dims=dims, bytes=extent,
                         data=data.ctypes.data)
        if strides is not None:
            tensor.strides = c.cast(strides, c.POINTER(c.c_int64))
        _call("tenon_value_wrap", c.byref(tensor), c.byref(out))
        return cls(out, keep=(data, dims, strides))

    @classmethod
    def make(cls, item, strided=False):
        """Wraps an array; a list makes a sequence, a dict a map, None an absent optional, Optional(x) a present one."""
        out = c.c_void_p()
        if isinstance(item, Optional):
            held = cls.make(item.value, strided)
            _call("tenon_value_create_optional", held.handle, c.byref(out))
            return cls(out, keep=held)
        if item is None:
            _call("tenon_value_create_optional", None, c.byref(out))
            return cls(out)
        if not isinstance(item, (list, dict)):
            return cls.from_numpy(item, strided)
        items = [cls.make(each, strided) for each in (item.values() if isinstance(item, dict) else item)]
        array = (c.c_void_p * max(len(items), 1))(*[each.handle for each in items])
        if isinstance(item, list):
            _call("tenon_value_create_sequence", array, c.c_uint64(len(items)), c.byref(out))
            return cls(out, keep=items)
        keys = cls.from_numpy(np.array(list(item), object if isinstance(next(iter(item), ""), str) else np.int64))
        _call("tenon_value_create_map", keys.handle, array, c.c_uint64(len(items)), c.byref(out))
        return cls(out, keep=(keys, items))

    def item(self, index):
        out = c.c_void_p()
        _call("tenon_value_item", self.handle, c.c_uint64(index), c.byref(out))
        return Value(out)

    def get(self):
        """A copy: an array, a list (sequence), a dict (map), or what an optional holds (None: absent)."""
        kind = library().tenon_value_kind(self.handle)
        if kind == 1:
            return self.numpy()
        items = [self.item(i).get() for i in range(library().tenon_value_count(self.handle))]
        if kind == 2:
            return items
        if kind == 3:
            return items[0] if items else None
        out = c.c_void_p()
        _call("tenon_value_map_keys", self.handle, c.byref(out))
        return dict(zip(Value(out).numpy().tolist(), items, strict=True))

    def numpy(self):
        """A copy as an array; strings become objects of type str (bytes where they are not UTF-8)."""
        tensor = _Tensor(size=c.sizeof(_Tensor))
        _call("tenon_value_tensor", self.handle, c.byref(tensor))
        dims = [tensor.dims[i] for i in range(tensor.rank)]
        count = int(np.prod(dims, dtype=np.int64)) if dims else 1
        if tensor.dtype == _STRING:
            out = np.empty(count, object)
            text = _RawString()
            for i in range(count):
                _call("tenon_value_string", self.handle, c.c_uint64(i), c.byref(text))
                raw = text.bytes()
                try:
                    out[i] = raw.decode()
                except UnicodeDecodeError:
                    out[i] = raw
            return out.reshape(dims)
        dtype = np.dtype(_DTYPES[tensor.dtype])
        bits = _BITS.get(tensor.dtype)
        size = (count * bits + 7) // 8 if bits else count * dtype.itemsize
        raw = np.frombuffer(c.string_at(tensor.data, size) if size else b"", np.uint8).copy()
        array = _unpack(raw, count, bits, dtype) if bits else raw.view(dtype)
        return array.reshape(dims)


class Env:
    """An environment: which providers there are, and the thread pool."""

    def __init__(self, provider_dirs=None, threads=0, log_level=0, only_dirs=False):
        dirs = [_str(folder) for folder in (provider_dirs or [])]
        array = (_String * max(len(dirs), 1))(*dirs)
        desc = _EnvDesc(size=c.sizeof(_EnvDesc), threads=threads, log_level=log_level, provider_dirs=array,
                        nprovider_dirs=len(dirs), no_default_dirs=1 if only_dirs else 0)
        self.handle = c.c_void_p()
        _call("tenon_env_create", c.byref(desc), c.byref(self.handle))

    def __del__(self):
        if getattr(self, "handle", None):
            library().tenon_env_release(self.handle)
            self.handle = None

    def add_provider(self, manifest):
        _call("tenon_env_add_provider", self.handle, _str(manifest))

    def providers(self, load=True):
        return _json("tenon_env_providers_json", self.handle, 1 if load else 0)

    def memory(self):
        return _json("tenon_env_memory_json", self.handle)

    def trim(self):
        _call("tenon_env_trim", self.handle)


_environments = {}


def default_env(provider_dirs=None):
    """One environment for each list of folders, made on first use."""
    key = tuple(str(folder) for folder in (provider_dirs or []))
    if key not in _environments:
        _environments[key] = Env(list(key))
    return _environments[key]


class RunOptions:
    """Cancel, timeout and threads of runs."""

    def __init__(self, timeout_ns=0, threads=0):
        self.handle = c.c_void_p()
        _call("tenon_run_options_create", c.byref(self.handle))
        library().tenon_run_options_set_timeout(self.handle, timeout_ns)
        library().tenon_run_options_set_threads(self.handle, threads)

    def __del__(self):
        if getattr(self, "handle", None):
            library().tenon_run_options_release(self.handle)
            self.handle = None

    def cancel(self):
        library().tenon_run_options_cancel(self.handle)

    def reset(self):
        library().tenon_run_options_reset(self.handle)


@contextlib.contextmanager
def _settings(providers, options, dims):
    """Session options as a handle."""
    settings = c.c_void_p()
    _call("tenon_session_options_create", c.byref(settings))
    try:
        for provider in providers or []:
            name, chosen = provider if isinstance(provider, tuple) else (provider, {})
            names = (_String * max(len(chosen), 1))(*[_str(key) for key in chosen])
            values = (_String * max(len(chosen), 1))(*[_str(value) for value in chosen.values()])
            _call("tenon_session_options_add_provider", settings, _str(name), names, values, len(chosen))
        for key, value in (options or {}).items():
            _call("tenon_session_options_set", settings, _str(key), _str(value))
        for key, value in (dims or {}).items():
            _call("tenon_session_options_set_dim", settings, _str(key), c.c_int64(value))
        yield settings
    finally:
        library().tenon_session_options_release(settings)


def optimize(model, out, opset=0, providers=None, options=None, dims=None, env=None, external_data=False,
             dense_constants=False, run=None, progress=None):
    """Writes the optimised graph of a model (a path, or its bytes) to `out`; the report. run: RunOptions."""
    env = env or default_env()
    data = bytes(model) if isinstance(model, (bytes, bytearray, memoryview)) else None
    desc = _OptimizeDesc(size=c.sizeof(_OptimizeDesc), opset=opset, out=_str(os.fspath(out)),
                         external_data=int(external_data), dense_constants=int(dense_constants), data=data,
                         bytes=len(data) if data is not None else 0, run=run.handle if run else None,
                         progress=_PROGRESS(lambda _, done, total: progress(done, total)) if progress else _PROGRESS())
    path = _str("" if data is not None else os.fspath(model))
    with _settings(providers, options, dims) as settings:
        return _json("tenon_env_optimize", env.handle, path, settings, c.byref(desc))


class Session:
    """A loaded model: a path (str or os.PathLike) or the bytes of one.

    providers: names in order of preference, each "id" or ("id", {option: value}); None: all that are found.
    options: of the session, by name; dims: sizes of named dims.
    """

    def __init__(self, model, providers=None, options=None, provider_dirs=None, env=None, dims=None):
        self.env = env or default_env(provider_dirs)
        self.handle = c.c_void_p()
        with _settings(providers, options, dims) as settings:
            if isinstance(model, (bytes, bytearray, memoryview)):
                data = bytes(model)
                _call("tenon_session_create_from_bytes", self.env.handle, c.c_char_p(data), c.c_uint64(len(data)), 0,
                      _str(""), settings, c.byref(self.handle))
            else:
                _call("tenon_session_create", self.env.handle, _str(os.fspath(model)), settings, c.byref(self.handle))
        self.inputs = [self._io("input", i) for i in range(library().tenon_session_input_count(self.handle))]
        self.outputs = [self._io("output", i) for i in range(library().tenon_session_output_count(self.handle))]

    def __del__(self):
        if getattr(self, "handle", None):
            library().tenon_session_release(self.handle)
            self.handle = None

    def _io(self, kind, index):
        io = _Io(size=c.sizeof(_Io))
        getattr(library(), f"tenon_session_{kind}")(self.handle, index, c.byref(io))
        known = io.rank != 0xFFFFFFFF
        return {"name": io.name.text(), "type": io.type.text(), "dtype": io.dtype, "optional": bool(io.optional),
                "dims": [io.dims[i] for i in range(io.rank)] if known else None,
                "symbols": [io.symbols[i].text() for i in range(io.rank)] if known else None}

    def run_values(self, inputs, outputs=None, options=None):
        """inputs: list of Value or None; outputs: list of Value (written in place) or None. Returns a list of Value."""
        count = len(self.outputs)
        given = (c.c_void_p * max(len(inputs), 1))(*[value.handle if value else None for value in inputs])
        made = (c.c_void_p * max(count, 1))(*[value.handle if value else None for value in (outputs or [None] * count)])
        _call("tenon_session_run", self.handle, options.handle if options else None, given, len(inputs), made, count,
              None)
        return [outputs[i] if outputs and outputs[i] else Value(c.c_void_p(made[i])) for i in range(count)]

    def run(self, inputs, options=None, strided=False):
        """inputs: by name, or a list in the model's order: arrays, lists (sequences), dicts (maps), Optional(x); None: the
        default, or an absent optional. Returns a list of the same kinds."""
        if isinstance(inputs, dict):
            names = [io["name"] for io in self.inputs]
            unknown = [name for name in inputs if name not in names]
            if unknown:
                raise KeyError(f"no input is named {unknown[0]!r}; there are {names}")
            inputs = [inputs.get(name) for name in names]
        values = [None if item is None else Value.make(item, strided) for item in inputs]
        return [value.get() for value in self.run_values(values, options=options)]

    def placement(self):
        return _json("tenon_session_placement_json", self.handle)

    def placement_line(self):
        return library().tenon_session_placement_line(self.handle).text()

    def metadata(self):
        out = {}
        for i in range(library().tenon_session_metadata_count(self.handle)):
            key, value = _RawString(), _RawString()
            library().tenon_session_metadata(self.handle, i, c.byref(key), c.byref(value))
            out[key.text()] = value.text()
        return out

    def inspect(self):
        return _json("tenon_session_inspect_json", self.handle)

    def memory(self):
        return _json("tenon_session_memory_json", self.handle)

    def ir_text(self, stage="optimized"):
        text = c.c_void_p()
        _call("tenon_session_ir_text", self.handle, _str(stage), c.byref(text))
        return _take_text(text)

    def profile(self):
        return _json("tenon_session_profile_json", self.handle)

    def trace(self):
        return _json("tenon_session_profile_trace", self.handle)

    def trim(self):
        _call("tenon_session_trim", self.handle)
