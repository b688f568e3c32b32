# SPDX-License-Identifier: Apache-2.0
"""Writes files/*.onnx and list.txt: models that are malformed, hostile or merely wrong, and what each must give.

Run it after adding a case: a function decorated with @case(kind, code, ...) that returns a ModelProto or bytes. Files of
crashes found elsewhere are kept by @case, too (build the bytes that crashed). The file of a case has its function's name.
"""
from pathlib import Path

import numpy as np
import onnx
from builders import CASES, F, I64, case, field, info, model, node, tensor, varint
from onnx import TensorProto, helper

HERE = Path(__file__).resolve().parent


# ---- graphs

@case("cycle", "INVALID_MODEL")
def cycle_of_two():
    return model([node("Add", ("x", "b"), ("a",)), node("Relu", ("a",), ("b",)), node("Relu", ("b",))])


@case("cycle", "INVALID_MODEL")
def cycle_of_itself():
    return model([node("Add", ("x", "y"), ("y",))])


@case("duplicate name", "INVALID_MODEL")
def value_made_twice():
    return model([node("Relu", ("x",), ("y",)), node("Neg", ("x",), ("y",))])


@case("duplicate name", "INVALID_MODEL")
def input_twice():
    return model([node("Relu")], inputs=("x", "x"))


@case("duplicate name", "INVALID_MODEL")
def initializer_twice():
    return model([node("Add", ("x", "w"))], init=[tensor("w", np.float32([1])), tensor("w", np.float32([2]))])


@case("duplicate name", "INVALID_MODEL")
def node_makes_an_input():
    return model([node("Relu", ("x",), ("x",)), node("Neg")])


@case("unknown name", "INVALID_MODEL")
def input_of_nobody():
    return model([node("Add", ("x", "nobody"))])


@case("unknown name", "INVALID_MODEL")
def output_of_nobody():
    return model([node("Relu", ("x",), ("z",))])


@case("unknown name", "INVALID_MODEL")
def branch_captures_nobody():
    branch = helper.make_graph([node("Neg", ("nobody",), ("t",))], "b", [], [info("t")])
    return model([node("If", ("c",), ("y",), then_branch=branch, else_branch=branch)],
                 inputs=(info("c", (), TensorProto.BOOL),))


@case("arity", "INVALID_MODEL")
def too_few_inputs():
    return model([node("Add", ("x",))])


@case("arity", "INVALID_MODEL")
def too_many_inputs():
    return model([node("Relu", ("x", "x", "x"))])


@case("arity", "INVALID_MODEL")
def required_input_absent():
    return model([node("Add", ("x", ""))])


@case("arity", "INVALID_MODEL")
def branch_outputs_differ():
    one = helper.make_graph([node("Neg", ("x",), ("t",))], "b", [], [info("t")])
    two = helper.make_graph([node("Neg", ("x",), ("t",)), node("Abs", ("x",), ("u",))], "b", [], [info("t"), info("u")])
    return model([node("If", ("c",), ("y",), then_branch=one, else_branch=two)],
                 inputs=("x", info("c", (), TensorProto.BOOL)))


@case("missing branch", "INVALID_MODEL")
def if_without_else():
    one = helper.make_graph([node("Neg", ("x",), ("t",))], "b", [], [info("t")])
    return model([node("If", ("c",), ("y",), then_branch=one)], inputs=("x", info("c", (), TensorProto.BOOL)))


@case("no graph", "MALFORMED")
def no_graph():
    return onnx.ModelProto(ir_version=10, opset_import=[helper.make_opsetid("", 20)])


# ---- types and shapes

@case("type lie", "INVALID_MODEL")
def output_says_int64():
    return model([node("Relu")], outputs=(info("y", (2, 3), I64),))


@case("type lie", "OK")  # exporters leave dims of another batch behind: what the operators make counts
def output_says_other_dims():
    return model([node("Relu")], outputs=(info("y", (7, 9)),))


@case("type lie", "OK")  # trained models in use declare ranks that their nodes do not make
def inner_value_says_other_rank():
    return model([node("Relu", ("x",), ("h",)), node("Neg", ("h",))], infos=[info("h", (2, 3, 4))])


@case("type lie", "INVALID_MODEL")
def mixed_dtypes():
    return model([node("Add", ("x", "i"))], inputs=("x", info("i", (2, 3), I64)))


@case("type lie", "INVALID_MODEL")
def initializer_and_input_differ():
    return model([node("Relu", ("w",))], inputs=(info("w", (2, 2)),), init=[tensor("w", np.float32([1, 2, 3]))])


@case("shape clash", "INVALID_MODEL")
def matmul_inner_dims():
    return model([node("MatMul", ("x", "w"))], init=[tensor("w", np.zeros((4, 5), np.float32))])


@case("shape clash", "INVALID_MODEL")
def conv_channels():
    return model([node("Conv", ("x", "w"))], inputs=(info("x", (1, 3, 8, 8)),),
                 init=[tensor("w", np.zeros((4, 7, 3, 3), np.float32))])


@case("shape clash", "INVALID_MODEL")
def conv_weights_of_rank_1():
    # The rank of its input is open at load: a branch for either.
    branches = [helper.make_graph([node("Reshape", ("x", s), ("z",))], "b", [], [info("z", None)]) for s in ("s4", "s3")]
    return model([node("If", ("c",), ("t",), then_branch=branches[0], else_branch=branches[1]), node("Conv", ("t", "w"))],
                 inputs=(info("x", (1, 3, 8, 8)), info("c", (), TensorProto.BOOL)),
                 init=[tensor("w", np.ones(1, np.float32)), tensor("s4", np.int64([1, 3, 8, 8])),
                       tensor("s3", np.int64([1, 3, 64]))])


@case("shape clash", "INVALID_MODEL")
def concat_ranks():
    return model([node("Concat", ("x", "w"), axis=0)], init=[tensor("w", np.zeros((4,), np.float32))])


@case("shape clash", "INVALID_MODEL")
def broadcast_that_does_not():
    return model([node("Add", ("x", "w"))], init=[tensor("w", np.zeros((5,), np.float32))])


@case("shape clash", "INVALID_MODEL")
def reshape_to_other_size():
    return model([node("Reshape", ("x", "s"))], init=[tensor("s", np.int64([7, 5]))])


# ---- tensors

def raw_initializer(dims, data: bytes, dtype: int = F) -> TensorProto:
    return TensorProto(name="w", data_type=dtype, dims=dims, raw_data=data)


@case("dims overflow", "INVALID_MODEL")
def initializer_of_2_to_64():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([1 << 32, 1 << 32], b"\0" * 16)])


@case("dims overflow", "INVALID_MODEL")
def initializer_dims_wrap_to_zero():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([1 << 62, 4], b"")])


@case("dims overflow", "INVALID_MODEL")
def initializer_negative_dim():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([-4], b"\0" * 16)])


@case("weights cut", "INVALID_MODEL")
def weights_too_short():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([1000, 1000], b"\0" * 100)])


@case("weights cut", "INVALID_MODEL")
def weights_too_long():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([2], b"\0" * 100)])


@case("weights cut", "INVALID_MODEL")
def typed_weights_too_short():
    return model([node("Add", ("x", "w"))], init=[TensorProto(name="w", data_type=F, dims=[8], float_data=[1.0, 2.0])])


@case("unknown dtype", "UNSUPPORTED")
def initializer_of_dtype_99():
    return model([node("Add", ("x", "w"))], init=[raw_initializer([2], b"\0" * 8, 99)])


@case("strings in raw_data", "INVALID_MODEL")
def strings_as_raw():
    return model([node("Identity", ("w",))], inputs=(), init=[raw_initializer([2], b"ab", TensorProto.STRING)])


@case("sparse", "INVALID_MODEL")
def sparse_index_out_of_range():
    sparse = onnx.SparseTensorProto(values=tensor("w", np.float32([1.0])), indices=tensor("", np.int64([999])), dims=[4])
    made = model([node("Add", ("x", "w"))])
    made.graph.sparse_initializer.append(sparse)
    return made


@case("sparse", "INVALID_MODEL")
def sparse_bomb():
    sparse = onnx.SparseTensorProto(values=tensor("w", np.float32([1.0])), indices=tensor("", np.int64([0])),
                                    dims=[1 << 40, 1 << 30])
    made = model([node("Add", ("x", "w"))])
    made.graph.sparse_initializer.append(sparse)
    return made


# ---- bombs: small files that ask for much memory

@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_constant_of_shape():
    return model([node("ConstantOfShape", ("s",), ("c",)), node("Exp", ("c",))], inputs=(),
                 init=[tensor("s", np.int64([100000, 100000]))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_expand():
    return model([node("Expand", ("x", "s"))], inputs=(info("x", (1, 1)),), init=[tensor("s", np.int64([1 << 20, 1 << 14]))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_pad():
    return model([node("Pad", ("x", "p"))], init=[tensor("p", np.int64([0, 0, 1 << 20, 1 << 14]))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_resize():
    return model([node("Resize", ("x", "", "", "s"), mode="nearest")], inputs=(info("x", (1, 1, 2, 2)),),
                 init=[tensor("s", np.int64([1, 1, 1 << 17, 1 << 17]))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_conv_transpose():
    return model([node("ConvTranspose", ("x", "w"), strides=[1 << 14, 1 << 14])], inputs=(info("x", (1, 1, 8, 8)),),
                 init=[tensor("w", np.ones((1, 1, 1, 1), np.float32))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_range():
    return model([node("Range", ("a", "b", "c"))], inputs=(), outputs=(info("y", None, I64),),
                 init=[tensor("a", np.int64(0)), tensor("b", np.int64(1 << 40)), tensor("c", np.int64(1))])


# Of tensors without elements: what a kernel makes of the other dims must not overflow either.
@case("dims overflow", "INVALID_MODEL")
def input_of_too_many_elements():
    return model([node("Conv", ("x", "w"))], inputs=(info("x", ("n", 3, 1 << 39, 1 << 39)),),
                 init=[tensor("w", np.ones((4, 3, 1, 1), np.float32))])


@case("dims overflow", "INVALID_MODEL")
def empty_initializer_overflows():
    w = TensorProto(name="w", data_type=F, dims=[0, 1 << 40, 1 << 40], raw_data=b"")
    return model([node("Add", ("x", "w"))], init=[w])


@case("dims overflow", "INVALID_MODEL")
def empty_weights_overflow():
    return model([node("ConstantOfShape", ("s",), ("w",)), node("Conv", ("x", "w"))],
                 inputs=(info("x", (1, 3, 8, 8)),), init=[tensor("s", np.int64([0, 3, 1 << 38, 3 << 32]))])


@case("dims overflow", "INVALID_MODEL")
def empty_reshape_overflows():
    return model([node("Reshape", ("x", "s"), allowzero=1)], inputs=(info("x", (0, 4)),),
                 init=[tensor("s", np.int64([0, 1 << 40, 1 << 40]))])


@case("dims overflow", "LIMIT")
def empty_expand_overflows():
    return model([node("Slice", ("x", "z", "z"), ("t",)), node("Expand", ("t", "s"))], inputs=(info("x", ("n", 1, 1)),),
                 init=[tensor("z", np.int64([0])), tensor("s", np.int64([1, 1 << 40, 1 << 40]))])


@case("bomb", "LIMIT")
def bomb_expand_overflows():
    return model([node("Expand", ("x", "s"))], inputs=(info("x", (1, 1)),), init=[tensor("s", np.int64([1 << 40, 1 << 40]))])


@case("bomb", "LIMIT", "memory_limit=100000000")
def bomb_broadcast():
    return model([node("Add", ("x", "w"))], inputs=(info("x", (200000, 1)),), init=[tensor("w", np.zeros((1, 50000), np.float32))])


# ---- attributes

@case("attribute range", "INVALID_MODEL")
def conv_stride_zero():
    return model([node("Conv", ("x", "w"), strides=[0, 0])], inputs=(info("x", (1, 3, 8, 8)),),
                 init=[tensor("w", np.zeros((4, 3, 3, 3), np.float32))])


@case("attribute range", "INVALID_MODEL")
def conv_dilation_zero():
    return model([node("Conv", ("x", "w"), dilations=[0, 1])], inputs=(info("x", (1, 3, 8, 8)),),
                 init=[tensor("w", np.zeros((4, 3, 3, 3), np.float32))])


@case("attribute range", "INVALID_MODEL")
def conv_group_zero():
    return model([node("Conv", ("x", "w"), group=0)], inputs=(info("x", (1, 3, 8, 8)),),
                 init=[tensor("w", np.zeros((4, 3, 3, 3), np.float32))])


@case("attribute range", "INVALID_MODEL")
def pool_kernel_zero():
    return model([node("MaxPool", kernel_shape=[0, 0])], inputs=(info("x", (1, 3, 8, 8)),))


@case("attribute range", "INVALID_MODEL")
def pool_kernel_missing():
    return model([node("MaxPool")], inputs=(info("x", (1, 3, 8, 8)),))


@case("attribute range", "INVALID_MODEL")
def pool_pads_negative():
    return model([node("AveragePool", kernel_shape=[2, 2], pads=[-9, -9, -9, -9])], inputs=(info("x", (1, 3, 8, 8)),))


@case("attribute range", "INVALID_MODEL")
def softmax_axis_99():
    return model([node("Softmax", axis=99)])


@case("attribute range", "INVALID_MODEL")
def transpose_no_permutation():
    return model([node("Transpose", perm=[0, 0])])


@case("attribute range", "INVALID_MODEL")
def cast_to_nothing():
    return model([node("Cast", to=77)])


@case("attribute range", "INVALID_MODEL")
def split_sum_is_wrong():
    return model([node("Split", ("x", "s"), ("y", "z"), axis=1)], init=[tensor("s", np.int64([1, 1]))])


@case("attribute type", "INVALID_MODEL")
def axis_is_a_string():
    return model([node("Softmax", axis="one")])


@case("attribute type", "INVALID_MODEL")
def attribute_that_is_none_of_them():
    return model([node("Relu", bogus=3)])


@case("attribute type", "INVALID_MODEL")
def reference_outside_of_a_function():
    made = model([node("Softmax", axis=1)])
    attribute = made.graph.node[0].attribute[0]
    attribute.ref_attr_name = "axis"
    attribute.ClearField("i")
    return made


# ---- operators and versions

@case("unknown operator", "UNSUPPORTED")
def operator_of_nobody():
    return model([node("FlyToTheMoon")])


@case("unknown operator", "UNSUPPORTED")
def domain_of_nobody():
    made = model([node("Relu", domain="org.nobody")])
    made.opset_import.append(helper.make_opsetid("org.nobody", 1))
    return made


@case("version", "VERSION")
def opset_999():
    return model([node("Relu")], opset=999)


@case("version", "INVALID_MODEL")
def opset_0():
    return model([node("Relu")], opset=0)


@case("version", "VERSION")
def ir_2():
    return model([node("Relu")], ir=2)


@case("version", "VERSION")
def ir_99():
    return model([node("Relu")], ir=99)


@case("version", "INVALID_MODEL")
def no_opset():
    made = model([node("Relu")])
    del made.opset_import[:]
    return made


# ---- depth and size

@case("nesting", "LIMIT")
def depth_3000_of_branches():
    body = node("Neg", ("x",), ("t",)).SerializeToString()
    output = info("t").SerializeToString()
    for _ in range(3000):
        graph = field(1, body) + field(2, b"b") + field(12, output)
        branch = lambda name: field(5, field(1, name) + field(6, graph) + varint(20 << 3) + varint(5))  # noqa: B023, E731
        body = field(1, b"c") + field(2, b"t") + field(4, b"If") + branch(b"then_branch")
    graph = field(1, body) + field(2, b"g") + field(11, info("x").SerializeToString()) + field(12, output)
    graph += field(11, info("c", (), TensorProto.BOOL).SerializeToString())
    return varint(1 << 3) + varint(10) + field(7, graph) + field(8, varint(2 << 3) + varint(20))


@case("nesting", "LIMIT")
def depth_3000_of_types():
    kind = field(1, varint(1 << 3) + varint(1))
    for _ in range(3000):
        kind = field(4, field(1, kind))
    graph = field(1, node("Identity").SerializeToString()) + field(2, b"g")
    graph += field(11, field(1, b"x") + field(2, kind)) + field(12, info("y").SerializeToString())
    return varint(1 << 3) + varint(10) + field(7, graph) + field(8, varint(2 << 3) + varint(20))


def function(name: str, nodes):
    return helper.make_function("f", name, ["x"], ["y"], nodes, [helper.make_opsetid("", 20), helper.make_opsetid("f", 1)])


@case("recursion", "INVALID_MODEL")
def function_calls_itself():
    return model([node("A", domain="f")], functions=[function("A", [node("A", domain="f")])])


@case("recursion", "INVALID_MODEL")
def functions_call_each_other():
    return model([node("A", domain="f")], functions=[function("A", [node("B", domain="f")]),
                                                     function("B", [node("A", domain="f")])])


@case("inlining", "LIMIT")
def inlining_of_2_to_40():
    twice = lambda k: [node(f"F{k}", ("x",), ("h",), domain="f"), node(f"F{k}", ("h",), ("y",), domain="f")]  # noqa: E731
    functions = [function("F0", [node("Relu")])] + [function(f"F{k}", twice(k - 1)) for k in range(1, 41)]
    return model([node("F40", domain="f")], functions=functions)


@case("limit", "LIMIT", "limit.nodes=10")
def more_nodes_than_allowed():
    names = ["x"] + [f"v{i}" for i in range(20)] + ["y"]
    return model([node("Relu", (a,), (b,)) for a, b in zip(names, names[1:])])


@case("limit", "LIMIT", "limit.model_bytes=50")
def more_bytes_than_allowed():
    return model([node("Add", ("x", "w"))], init=[tensor("w", np.zeros((2, 3), np.float32))])


# ---- wrong only when it runs

@case("run", "RUN")
def gather_past_the_end():
    return model([node("Gather", ("x", "i"))], inputs=("x",), init=[tensor("i", np.int64([0, 99]))])


@case("run", "RUN")
def integer_division_by_zero():
    return model([node("Div", ("x", "z"))], inputs=(info("x", (3,), I64),), outputs=(info("y", None, I64),), init=[tensor("z", np.int64([1, 0, 1]))])


@case("run", "OK")
def integer_division_overflows():
    return model([node("Div", ("a", "z"))], inputs=(info("x", (1,), I64),), outputs=(info("y", None, I64),),
                 init=[tensor("a", np.int64([-2**63])), tensor("z", np.int64([-1]))])


def main() -> None:
    import file_cases  # noqa: F401  its cases follow ours in the list
    import structure_cases  # noqa: F401

    folder = HERE / "files"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.onnx"):
        old.unlink()
    lines = ["# file | kind | expected code | options | beside it   (written by make_hostile.py)"]
    for name, kind, code, options, setup, make in CASES:
        made = make()
        data = made if isinstance(made, bytes) else made.SerializeToString()
        (folder / f"{name}.onnx").write_bytes(data)
        lines.append(" | ".join((f"{name}.onnx", kind, code, options or "-", setup or "-")))
    (HERE / "list.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(CASES)} files of {len({kind for _, kind, *_ in CASES})} kinds")


if __name__ == "__main__":
    main()
