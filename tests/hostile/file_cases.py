# SPDX-License-Identifier: Apache-2.0
"""Cases about the file itself: external data, and bytes that are no model."""
import random

import numpy as np
from builders import F, case, field, model, node, tensor, varint
from onnx import TensorProto

# ---- external data

def external(location: str, offset: str = "", length: str = "", dims=(2, 3)):
    weight = TensorProto(name="w", data_type=F, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        if value:
            weight.external_data.add(key=key, value=value)
    return model([node("Add", ("x", "w"))], init=[weight])


@case("external data", "PERMISSION")
def external_absolute():
    return external("/etc/passwd")


@case("external data", "PERMISSION")
def external_parent():
    return external("../../../../../../etc/passwd")


@case("external data", "PERMISSION")
def external_parent_in_the_middle():
    return external("a/../../w.bin")


@case("external data", "PERMISSION", setup="symlink:w.bin:/etc/passwd")
def external_link_out():
    return external("w.bin")


@case("external data", "PERMISSION", setup="symlink:w.bin:/dev/zero")
def external_link_to_a_device():
    return external("w.bin")


@case("external data", "PERMISSION", setup="fifo:w.bin")
def external_fifo():
    return external("w.bin")


@case("external data", "NOT_FOUND")
def external_missing():
    return external("nowhere.bin")


@case("external data", "INVALID_MODEL")
def external_without_location():
    return external("")


@case("external data", "INVALID_MODEL", setup="file:w.bin:24")
def external_past_the_end():
    return external("w.bin", offset="16")


@case("external data", "INVALID_MODEL", setup="file:w.bin:24")
def external_offset_overflows():
    return external("w.bin", offset="18446744073709551608", length="24")


@case("external data", "INVALID_MODEL", setup="file:w.bin:24")
def external_offset_is_no_number():
    return external("w.bin", offset="-8")


@case("external data", "INVALID_MODEL", setup="file:w.bin:24")
def external_length_differs():
    return external("w.bin", length="8")


@case("cache of links", "OK", setup="cache:../../blobs/weights")
def cache_link_to_a_blob():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../secret")
def cache_link_out_of_blobs():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../blobs/../secret")
def cache_link_through_blobs():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../blobs/to_secret")
def cache_link_to_a_link():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../blobs/to_zeros")
def cache_link_to_a_link_to_a_device():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../blobs/fifo")
def cache_link_to_a_fifo():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:/etc/passwd")
def cache_link_to_an_absolute_path():
    return external("w.bin")


@case("cache of links", "PERMISSION", setup="cache:../../blobs/weights")
def cache_blob_by_its_path():
    return external("../../blobs/weights")


# ---- bytes that are no model

GOOD = model([node("Gemm", ("x", "w"), transB=1)], init=[tensor("w", np.arange(12, dtype=np.float32).reshape(4, 3))])


@case("no protobuf", "MALFORMED")
def empty_file():
    return b""


@case("no protobuf", "MALFORMED")
def random_bytes():
    return random.Random(1).randbytes(4096)


@case("no protobuf", "MALFORMED")
def text_file():
    return b"Dear runtime, please run me.\n" * 10


@case("no protobuf", "MALFORMED")
def overlong_varint():
    return b"\x08" + b"\xff" * 20 + GOOD.SerializeToString()


@case("truncated", "MALFORMED")
def cut_in_the_middle():
    data = GOOD.SerializeToString()
    return data[:len(data) // 2]


@case("truncated", "MALFORMED")
def cut_in_the_weights():
    data = GOOD.SerializeToString()
    return data[:data.index(b"\x4a\x30") + 12]


@case("truncated", "MALFORMED")
def length_past_the_end():
    return varint(1 << 3) + varint(10) + varint(7 << 3 | 2) + varint(1 << 60)


@case("wrong wire type", "MALFORMED")
def node_is_a_varint():
    return varint(1 << 3) + varint(10) + field(7, varint(1 << 3) + varint(3)) + field(8, varint(2 << 3) + varint(20))


@case("bad utf-8", "MALFORMED")
def name_is_not_utf8():
    data = model([node("Relu", ("qqqq",))], inputs=("qqqq",)).SerializeToString()
    return data.replace(b"qqqq", b"\xff\xfe\xc0\x80")
