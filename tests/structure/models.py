# SPDX-License-Identifier: Apache-2.0
"""Small models of nodes that core runs itself: each function gives (ModelProto, [inputs by name])."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

F, I64, BOOL, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING
MODELS = []


def model(function):
    MODELS.append(function)
    return function


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def tensor(name, dtype=F, dims=None):
    return helper.make_tensor_value_info(name, dtype, dims)


def sequence(name, dtype=F, dims=None):
    return helper.make_tensor_sequence_value_info(name, dtype, dims)


def optional(name, dtype=F, dims=None):
    held = helper.make_tensor_type_proto(dtype, dims)
    return helper.make_value_info(name, helper.make_optional_type_proto(held))


def constant(name, value):
    return numpy_helper.from_array(np.asarray(value), name)


def graph(nodes, inputs, outputs, init=()):
    return helper.make_graph(nodes, "g", inputs, outputs, list(init))


def whole(*args, opset=19):
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph(*args), opset_imports=opsets, ir_version=9)


def ml(*args, **attributes):
    return node(*args, domain="ai.onnx.ml", **attributes)


def map_of(key, value):
    """Type of a map to scalars."""
    return helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))


def loop_body(nodes, inputs, outputs, init=(), keep_on="cond"):
    """Body of a loop that goes on: `inputs` and `outputs` behind the number i and the condition."""
    nodes = [node("Identity", keep_on, "keep")] + nodes
    return graph(nodes, [tensor("i", I64, []), tensor("cond", BOOL, []), *inputs], [tensor("keep", BOOL, []), *outputs],
                 init)


def x(*dims, start=1):
    return np.arange(start, start + int(np.prod(dims)), dtype=np.float32).reshape(dims)


def trips(*counts, **more):
    return [{"n": np.int64(count), **more} for count in counts]


N = tensor("n", I64, [])
ROW = ("x", F, ["N", 2])


@model
def loop_counts_and_scans():
    body = loop_body([node("Add", "a one", "b"), node("Mul", "b b", "s")], [tensor("a", F, [2])],
                     [tensor("b", F, [2]), tensor("s", F, [2])])
    return whole([node("Loop", "n t x", "y s", body=body)], [N, tensor("x", F, [2])], [tensor("y"), tensor("s")],
                 [constant("one", np.float32(1)), constant("t", True)]), trips(0, 1, 2, 7, 100, x=x(2))


@model
def loop_ends_by_its_condition():
    body = graph([node("Add", "a one", "b"), node("Less", "b most", "go")],
                 [tensor("i", I64, []), tensor("cond", BOOL, []), tensor("a", F, [])],
                 [tensor("go", BOOL, []), tensor("b", F, []), tensor("b", F, [])])
    return whole([helper.make_node("Loop", ["", "t", "x"], ["y", "s"], body=body)],
                 [tensor("x", F, []), tensor("most", F, []), tensor("t", BOOL, [])], [tensor("y"), tensor("s")],
                 [constant("one", np.float32(1))]), [
                     {"x": np.float32(0), "most": np.float32(most), "t": np.bool_(t)}
                     for most, t in ((5, True), (40, True), (5, False))]


@model
def loop_grows_what_it_carries():
    body = loop_body([node("Concat", "a a2", "b", axis=0), node("Shape", "b", "s")], [tensor("a", F, ["M", 2])],
                     [tensor("b", F, ["K", 2]), tensor("s", I64, [2])])
    return whole([node("Add", "x x", "a2"), node("Loop", "n t x", "y s", body=body), node("Add", "y y", "z")],
                 [N, tensor(*ROW)], [tensor("z"), tensor("s", I64)], [constant("t", True)]), \
        trips(0, 1, 2, 20, x=x(3, 2)) + trips(3, x=x(0, 2))


@model
def loop_swaps_and_hands_on():
    body = loop_body([node("Add", "a b", "c")],
                     [tensor("a", F, ["P"]), tensor("b", F, ["Q"]), tensor("d", F, ["R"]), tensor("e", I64, []),
                      tensor("f", BOOL, [])],
                     [tensor("b2", F), tensor("c", F), tensor("d2", F), tensor("i2", I64), tensor("f2", BOOL)])
    body.node.extend([node("Identity", "b", "b2"), node("Identity", "d", "d2"), node("Identity", "i", "i2"),
                      node("Identity", "cond", "f2")])
    return whole([node("Neg", "x", "nx"), node("Loop", "n t x nx x m f", "p q r s u", body=body)],
                 [N, tensor("x", F, ["N"])], [tensor(name) for name in "pqr"] + [tensor("s", I64), tensor("u", BOOL)],
                 [constant("t", True), constant("m", np.int64(-1)), constant("f", False)]), \
        trips(0, 1, 2, 3, 30, x=x(4))


@model
def loop_keeps_or_changes_by_an_if():
    """What a branch only hands on lies where it did two iterations ago."""
    then = graph([node("Add", "a one", "c")], [], [tensor("c", F)])
    other = graph([node("Identity", "a", "d")], [], [tensor("d", F)])
    body = loop_body([node("Mod", "i three", "r"), node("Equal", "r zero", "now"),
                      node("If", "now", "b", then_branch=then, else_branch=other), node("Mul", "z half", "z2")],
                     [tensor("a", F, ["P"]), tensor("z", F, ["P"])],
                     [tensor("b", F), tensor("z2", F), tensor("b", F, [5])])
    return whole([node("Loop", "n t x x", "y z s", body=body)], [N, tensor("x", F, ["N"])],
                 [tensor("y"), tensor("z"), tensor("s")],
                 [constant("one", np.float32(1)), constant("half", np.float32(0.5)), constant("t", True),
                  constant("three", np.int64(3)), constant("zero", np.int64(0))]), trips(1, 5, 40, x=x(5))


@model
def loop_in_a_loop_with_captures():
    inner = helper.make_graph(
        [node("Identity", "ic", "keep2"), node("Add", "v a", "v1"), node("Add", "v1 x", "v2"),
         node("Cast", "j", "jf", to=F), node("Add", "jf total", "t2")], "inner",
        [tensor("j", I64, []), tensor("ic", BOOL, []), tensor("v", F, ["P"])],
        [tensor("keep2", BOOL, []), tensor("v2", F, ["P"]), tensor("t2", F)])
    body = loop_body([node("ReduceSum", "a", "total", keepdims=0), node("Loop", "i t a", "b s", body=inner),
                      node("ReduceSum", "s", "ss", keepdims=0)],
                     [tensor("a", F, ["P"])], [tensor("b", F), tensor("ss", F)])
    return whole([node("Loop", "n t x", "y s", body=body)], [N, tensor("x", F, ["N"])], [tensor("y"), tensor("s")],
                 [constant("t", True)]), trips(0, 1, 2, 6, x=x(3))


@model
def loop_slices_by_its_number():
    body = loop_body([node("Unsqueeze", "i zero", "at"), node("Add", "at two", "to"),
                      node("Slice", "x zero to zero", "head"), node("ReduceSum", "head", "s", keepdims=0),
                      node("Add", "a s", "b")], [tensor("a", F, [])], [tensor("b", F, []), tensor("s", F, [])])
    return whole([node("Loop", "n t o", "y s", body=body)], [N, tensor("x", F, ["N"])], [tensor("y"), tensor("s")],
                 [constant("t", True), constant("zero", np.int64([0])), constant("two", np.int64([2])),
                  constant("o", np.float32(0))]), trips(0, 1, 4, 40, x=x(50))


@model
def loop_hands_out_constants_and_captures():
    body = loop_body([node("Identity", "x", "b"), node("Identity", "k", "c")], [tensor("a", F), tensor("e", F)],
                     [tensor("b", F), tensor("c", F), tensor("b", F), tensor("c", F)])
    return whole([node("Neg", "x", "nx"), node("Loop", "n t nx nx", "y z s u", body=body), node("Add", "y y", "w")],
                 [N, tensor("x", F, [2])], [tensor(name) for name in "ywzsu"],
                 [constant("t", True), constant("k", np.float32([7, 8]))]), trips(1, 4, x=x(2))


@model
def loop_scans_what_has_no_elements():
    body = loop_body([node("Add", "a a", "b")], [tensor("a", F, ["P"])], [tensor("b", F, ["P"]), tensor("a", F, ["P"])])
    return whole([node("Loop", "n t x", "y s", body=body)], [N, tensor("x", F, ["N"])], [tensor("y"), tensor("s")],
                 [constant("t", True)]), trips(1, 3, x=x(0))


@model
def loop_scans_different_dims():
    body = loop_body([node("Concat", "a a", "b", axis=0)], [tensor("a", F)], [tensor("b", F), tensor("b", F)])
    return whole([node("Loop", "n t x", "y s", body=body)], [N, tensor("x", F, ["N"])], [tensor("y"), tensor("s")],
                 [constant("t", True)]), trips(1, 2, x=x(2))


@model
def loop_scans_strings():
    body = loop_body([node("Identity", "a", "b")], [tensor("a", STRING, [2])],
                     [tensor("b", STRING), tensor("b", STRING, [2])])
    return whole([node("Loop", "n t x", "y s", body=body)], [N, tensor("x", STRING, [2])],
                 [tensor("y", STRING), tensor("s", STRING)], [constant("t", True)]), \
        trips(0, 1, x=np.array(["one", "and another"], object))  # onnxruntime 1.31.1 forgets those of later iterations


@model
def loop_fills_a_sequence():
    body = loop_body([node("SequenceInsert", "q a", "q2"), node("Concat", "a x", "b", axis=0)],
                     [sequence("q"), tensor("a", F, ["P"])], [sequence("q2"), tensor("b", F)])
    return whole([node("SequenceEmpty", "", "e"), node("Loop", "n t e x", "q y", body=body),
                  node("SequenceInsert", "q y", "all"), node("ConcatFromSequence", "all", "z", axis=0),
                  node("SequenceLength", "all", "len")],
                 [N, tensor("x", F, ["N"])], [sequence("q"), tensor("y"), tensor("z"), tensor("len", I64)],
                 [constant("t", True)]), trips(0, 1, 2, 30, x=x(2))


@model
def loop_over_a_sequence():
    body = loop_body([node("SequenceAt", "q i", "e"), node("Add", "a e", "b")], [tensor("a", F, [2])],
                     [tensor("b", F), tensor("e", F)])
    return whole([node("SequenceLength", "q", "n"), node("Loop", "n t x", "y s", body=body)],
                 [sequence("q", F, [2]), tensor("x", F, [2])], [tensor("y"), tensor("s")], [constant("t", True)]), \
        [{"q": [x(2, start=k) for k in range(count)], "x": x(2)} for count in (1, 2, 9)]


@model
def loop_reads_beyond_a_sequence():
    body = loop_body([node("SequenceAt", "q i", "e"), node("Add", "a e", "b")], [tensor("a", F, [2])], [tensor("b", F)])
    return whole([node("Loop", "n t x", "y", body=body)],
                 [N, sequence("q", F, [2]), tensor("x", F, [2])], [tensor("y")], [constant("t", True)]), \
        trips(1, 2, 3, q=[x(2), x(2)], x=x(2))


@model
def scan_sums():
    body = graph([node("Add", "a e", "b"), node("Identity", "b", "s")], [tensor("a", F, [2]), tensor("e", F, [2])],
                 [tensor("b", F, [2]), tensor("s", F, [2])])
    return whole([node("Scan", "x v", "y s", body=body, num_scan_inputs=1)],
                 [tensor("x", F, [2]), tensor("v", F, ["N", 2])], [tensor("y"), tensor("s")]), \
        [{"x": x(2), "v": x(n, 2)} for n in (1, 2, 9)]


@model
def scan_along_other_axes_and_backwards():
    body = graph([node("Add", "a e", "b"), node("Mul", "e f", "s"), node("Neg", "f", "r"),
                  node("Unsqueeze", "b zero", "u")],
                 [tensor("a", F, [2]), tensor("e", F, [2]), tensor("f", F, [2])],
                 [tensor("b", F, [2]), tensor("s", F, [2]), tensor("r", F, [2]), tensor("u", F, [1, 2])])
    return whole([node("Scan", "x v w", "y s r u", body=body, num_scan_inputs=2, scan_input_axes=[1, -1],
                       scan_input_directions=[0, 1], scan_output_axes=[0, 1, -2], scan_output_directions=[1, 0, 1])],
                 [tensor("x", F, [2]), tensor("v", F, [2, "N"]), tensor("w", F, [2, "N"])],
                 [tensor(name) for name in "ysru"], [constant("zero", np.int64([0]))]), \
        [{"x": x(2), "v": x(2, n), "w": x(2, n, start=20)} for n in (1, 2, 5)]


@model
def scan_hands_on_its_slices():
    """A state that is the slice before; two states that change places."""
    body = graph([node("Identity", "e", "a2"), node("Identity", "a", "b2"), node("Add", "a b", "s")],
                 [tensor("a", F, [2]), tensor("b", F, [2]), tensor("e", F, [2])],
                 [tensor("a2", F, [2]), tensor("b2", F, [2]), tensor("s", F, [2])])
    return whole([node("Scan", "x x v", "y z s", body=body, num_scan_inputs=1, scan_input_axes=[1])],
                 [tensor("x", F, [2]), tensor("v", F, [2, "N"])], [tensor(name) for name in "yzs"]), \
        [{"x": x(2), "v": x(2, n, start=50)} for n in (1, 2, 3, 8)]


@model
def sequence_map_with_a_tensor_and_captures():
    body = graph([node("Mul", "e k", "m"), node("Add", "m c", "s"), node("Shape", "e", "d")],
                 [tensor("e", F, ["P"]), tensor("k", F, [])], [tensor("s", F), tensor("d", I64)])
    return whole([node("Neg", "x", "c"), node("SequenceMap", "q x", "r d", body=body)],
                 [sequence("q", F, ["P"]), tensor("x", F, [])], [sequence("r"), sequence("d", I64)]), \
        [{"q": [x(k) for k in sizes], "x": np.float32(3)} for sizes in ([1], [2, 1, 5, 2], [4] * 20)]


@model
def sequence_map_over_two_sequences():
    body = graph([node("Concat", "e f", "s", axis=0)], [tensor("e", F, ["P"]), tensor("f", F, ["Q"])], [tensor("s", F)])
    return whole([node("SequenceMap", "q r", "s", body=body), node("ConcatFromSequence", "s", "y", axis=0)],
                 [sequence("q", F, ["P"]), sequence("r", F, ["Q"])], [sequence("s"), tensor("y")]), \
        [{"q": [x(2), x(1)], "r": [x(1), x(3)]}]


@model
def sequences_are_put_together_and_taken_apart():
    nodes = [node("SequenceConstruct", "a b a", "q"), node("SequenceInsert", "q c at", "r"),
             node("SequenceErase", "r at", "s"), node("SequenceErase", "s", "t"), node("SequenceAt", "r at", "e"),
             node("SequenceLength", "t", "len"), node("Add", "e e", "f")]
    return whole(nodes, [tensor(name, F, None) for name in "abc"] + [tensor("at", I64, [])],
                 [sequence(name) for name in "qrst"] + [tensor("e"), tensor("len", I64), tensor("f")]), \
        [{"a": x(2), "b": x(3), "c": x(1, 2), "at": np.int64(at)} for at in (0, 1, 2, -1, -3, 3, 4, -4, 100)]


@model
def tensors_are_split_into_sequences():
    nodes = [node("SplitToSequence", "v", "p"), node("SplitToSequence", "v", "q", axis=1, keepdims=0),
             node("SplitToSequence", "v two", "r", axis=-1), node("SplitToSequence", "v sizes", "s", axis=1),
             node("ConcatFromSequence", "r", "y", axis=1), node("ConcatFromSequence", "q", "z", axis=-1, new_axis=1)]
    return whole(nodes, [tensor("v", F, ["N", 5]), tensor("sizes", I64, ["K"])],
                 [sequence(name) for name in "pqrs"] + [tensor("y"), tensor("z")], [constant("two", np.int64(2))]), \
        [{"v": x(n, 5), "sizes": np.int64(sizes)}
         for n, sizes in ((3, [5]), (2, [1, 3, 1]), (2, [2, 0, 3]), (2, [2, 2]))]


@model
def strings_in_sequences():
    nodes = [node("SplitToSequence", "v", "p", axis=1), node("ConcatFromSequence", "p", "y", axis=0),
             node("SequenceConstruct", "v v", "q"), node("ConcatFromSequence", "q", "z", axis=1, new_axis=1)]
    words = np.array([["a", "bb", ""], ["dddd", "e", "longer than that"]], object)
    return whole(nodes, [tensor("v", STRING, [2, 3])],
                 [sequence("p", STRING), tensor("y", STRING), tensor("z", STRING)]), \
        [{"v": words}]


@model
def elements_feed_what_computes():
    """Dims that only the element tells, between nodes of a provider."""
    nodes = [node("SequenceAt", "q one", "e"), node("MatMul", "e m", "p"), node("Relu", "p", "r"),
             node("SequenceInsert", "q r", "s"), node("SequenceAt", "s last", "back"),
             node("ReduceSum", "back axes", "y"),
             node("Shape", "back", "shape"), node("Expand", "k shape", "z")]
    return whole(nodes, [sequence("q"), tensor("m", F, [2, 3])], [tensor("y"), sequence("s"), tensor("z")],
                 [constant("one", np.int64(1)), constant("last", np.int64(-1)), constant("axes", np.int64([0])),
                  constant("k", np.float32(4))]), \
        [{"q": [x(1, 2), x(n, 2)], "m": x(2, 3)} for n in (1, 4, 2)]


@model
def branches_give_sequences():
    then = graph([node("SequenceInsert", "q x", "r")], [], [sequence("r")])
    other = graph([node("Identity", "q", "s")], [], [sequence("s")])
    return whole([node("SequenceConstruct", "x x", "q"), node("If", "c", "y", then_branch=then, else_branch=other),
                  node("SequenceLength", "y", "len"), node("ConcatFromSequence", "y", "z", axis=0)],
                 [tensor("c", BOOL, []), tensor("x", F, ["N"])], [sequence("y"), tensor("len", I64), tensor("z")]), \
        [{"c": np.bool_(c), "x": x(n)} for c in (True, False) for n in (2, 3)]


@model
def optionals_in_branches():
    then = graph([node("OptionalGetElement", "o", "r")], [], [tensor("r", F)])
    other = graph([node("Identity", "x", "s")], [], [tensor("s", F)])
    return whole([node("OptionalHasElement", "o", "has"), node("If", "has", "y", then_branch=then, else_branch=other),
                  node("Add", "y y", "z")],
                 [optional("o", F, ["N"]), tensor("x", F, ["N"])], [tensor("z"), tensor("has", BOOL)]), \
        [{"o": x(3), "x": x(3, start=9)}, {"o": None, "x": x(3, start=9)}]


@model
def rows_become_maps():
    """What classifiers end with."""
    nodes = [node("Add", "x x", "p"), ml("ZipMap", "p", "y", classlabels_strings=["cat", "dog", "a longer label"]),
             ml("ZipMap", "p", "z", classlabels_int64s=[7, -1, 2**40])]
    outputs = [helper.make_value_info("y", helper.make_sequence_type_proto(map_of(STRING, F))),
               helper.make_value_info("z", helper.make_sequence_type_proto(map_of(I64, F)))]
    return whole(nodes, [tensor("x", F, ["N", 3])], outputs), [{"x": x(n, 3)} for n in (1, 4, 0)]


@model
def maps_become_rows():
    nodes = [ml("DictVectorizer", "x", "y", string_vocabulary=["b", "a", "none"]), node("Add", "y y", "z")]
    return whole(nodes, [helper.make_value_info("x", map_of(STRING, F))], [tensor("y"), tensor("z")]), \
        [{"x": {"a": 1.5, "b": -2.0, "other": 7.0}}, {"x": {"a": 1.5}}]


@model
def maps_by_number_become_rows():
    nodes = [ml("DictVectorizer", "x", "y", int64_vocabulary=[4, -1, 2])]
    return whole(nodes, [helper.make_value_info("x", map_of(I64, F))], [tensor("y")]), [{"x": {2: 2.0, 4: 4.0, 5: 5.0}}]
