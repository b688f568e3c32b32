# SPDX-License-Identifier: Apache-2.0
"""tenon.Tensor: one memory seen by the buffer protocol, DLPack and NumPy."""

import gc
import sys
import weakref

import ml_dtypes
import numpy as np
import pytest
import small

import tenon

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_shares_memory_with_what_it_is_made_of():
    source = X.copy()
    tensor = tenon.Tensor(source)
    assert (tensor.shape, tensor.dtype, tensor.nbytes, len(tensor)) == ((2, 3), np.float32, 24, 2)
    assert tensor.address == source.ctypes.data
    for view in (tensor.numpy(), np.asarray(tensor), np.from_dlpack(tensor), np.asarray(memoryview(tensor))):
        assert np.shares_memory(view, source) and view.tolist() == source.tolist()
    source[0, 0] = 42
    assert tensor.numpy()[0, 0] == 42
    tensor.numpy()[0, 1] = 43
    assert source[0, 1] == 43


def test_strided_sources():
    base = np.arange(24, dtype=np.int32).reshape(4, 6)
    for source in (base[::2, ::3], base[::-1], base.T, base[:, 1:2], base[1:1], np.broadcast_to(base[0], (3, 6))):
        tensor = tenon.Tensor(source)
        assert tensor.shape == source.shape
        assert tensor.numpy().tolist() == source.tolist() and np.asarray(tensor).tolist() == source.tolist()
        assert np.array(tensor, copy=True).tolist() == source.tolist()


@pytest.mark.parametrize("name", [n for n, _ in tenon._dtypes.NAMES.values() if not n.startswith("float6")])
def test_every_dtype(name):
    if name == "object":
        tensor = tenon.Tensor(["a", "ü"])
        assert tensor.numpy().tolist() == ["a", "ü"] == tensor.string_list() and tensor.dtype == object
        with pytest.raises(BufferError):
            memoryview(tensor)
        with pytest.raises((BufferError, TypeError)):
            tensor.__dlpack__()
        return
    dtype = np.dtype(getattr(ml_dtypes, name)) if hasattr(ml_dtypes, name) else np.dtype(name)
    source = np.array([[0, 1, 1], [1, 0, 1]]).astype(np.float32).astype(dtype)
    tensor = tenon.Tensor(source)
    got = tensor.numpy()
    assert got.dtype == dtype and got.tobytes() == source.tobytes() and tensor.shape == (2, 3)
    assert np.asarray(tensor).dtype == dtype
    assert repr(tensor) == f"<tenon.Tensor {dtype} (2, 3)>"


def test_dlpack_out():
    source = X.copy()
    tensor = tenon.Tensor(source)
    assert tensor.__dlpack_device__() == (1, 0)
    view = np.from_dlpack(tensor)
    del tensor
    gc.collect()
    source[0, 0] = 7
    assert view[0, 0] == 7  # alive by itself; NumPy 1 only lets it be read
    locked = X.copy()
    locked.flags.writeable = False
    with pytest.raises(BufferError):
        np.from_dlpack(tenon.Tensor(locked))
    assert tenon.Tensor(X).__dlpack__(copy=True) is not None
    assert tenon.Tensor(X).__dlpack__(max_version=(1, 0)) is not None


def test_dlpack_in():
    class Producer:
        """Has no buffer, only DLPack."""

        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **how):
            return self.array.__dlpack__(**{k: v for k, v in how.items() if k == "stream"})

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    for source in (X.copy(), X.copy()[:, ::2], X.copy().T, np.empty((0, 3), np.int64), np.array(5, np.uint8)):
        tensor = tenon.Tensor(Producer(source))
        assert tensor.shape == source.shape and tensor.numpy().tolist() == source.tolist()
        assert source.size == 0 or np.shares_memory(tensor.numpy(), source)
    session = tenon.InferenceSession(small.one("Neg"))
    assert session.run(None, {"x": Producer(X.copy())})[0].tolist() == (-X).tolist()


def test_dlpack_between_tensors_and_bfloat16():
    source = np.array([1, 2, 3], ml_dtypes.bfloat16)
    other = tenon.Tensor(tenon.Tensor(source))
    assert other.dtype == source.dtype and other.numpy().tobytes() == source.tobytes()


def test_lifetime():
    source = X.copy()
    gone = weakref.ref(source)
    tensor = tenon.Tensor(source)
    del source
    gc.collect()
    assert gone() is not None and tensor.numpy().tolist() == X.tolist()
    view = tensor.numpy()
    del tensor
    gc.collect()
    assert gone() is not None and view.tolist() == X.tolist()
    del view
    gc.collect()
    assert gone() is None
    before = sys.getrefcount(X)
    for _ in range(100):
        tenon.Tensor(X).numpy()
        memoryview(tenon.Tensor(X))
        np.from_dlpack(tenon.Tensor(X))
    gc.collect()
    assert sys.getrefcount(X) == before


def test_array_protocol():
    tensor = tenon.Tensor(X.copy())
    assert np.asarray(tensor, np.float64).dtype == np.float64
    assert not np.shares_memory(np.array(tensor), tensor.numpy())
    assert np.array(tensor, dtype=np.int32).tolist() == X.astype(int).tolist()
    if int(np.__version__.split(".")[0]) >= 2:
        assert np.shares_memory(np.asarray(tensor, copy=False), tensor.numpy())
        with pytest.raises(ValueError):
            np.asarray(tensor, np.float64, copy=False)
        with pytest.raises(ValueError):
            np.asarray(tenon.Tensor(["a"]), copy=False)
    assert (np.add(tensor, 1) == X + 1).all()


def test_read_only():
    locked = X.copy()
    locked.flags.writeable = False
    tensor = tenon.Tensor(locked)
    assert not tensor.numpy().flags.writeable and memoryview(tensor).readonly
    with pytest.raises(ValueError):
        tensor.numpy()[0, 0] = 1
    data = tenon.Tensor(b"\x01\x02")
    assert data.numpy().tolist() == [1, 2] and not data.numpy().flags.writeable
    assert not tenon.Tensor(data).numpy().flags.writeable
    assert not tenon.Tensor.wrap(b"1234", 1, [1]).numpy().flags.writeable


def test_made_of_numbers():
    tensor = tenon.Tensor.create(1, [2, 2])
    assert tensor.numpy().tolist() == [[0, 0], [0, 0]]
    assert tenon.Tensor([1, 2, 3], dtype=6).dtype == np.int32
    assert tenon.Tensor(3.5, dtype=1).shape == ()
    with pytest.raises(TypeError):
        len(tenon.Tensor(3.5, dtype=1))
    assert tenon.Tensor(np.zeros((0, 4), np.float16)).shape == (0, 4)
    with pytest.raises(tenon.InvalidTensorError):
        tenon.Tensor(object())
    for dims in ([-1], [2**62, 8], [2**40]):
        with pytest.raises(tenon.Error):
            tenon.Tensor.create(1, dims)
    for dtype in (0, 99):
        with pytest.raises(tenon.Error):
            tenon.Tensor.create(dtype, [1])
    with pytest.raises(tenon.Error):
        tenon.Tensor.wrap(b"1234", 1, [2])  # too few bytes


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-p", "no:cacheprovider"]))
