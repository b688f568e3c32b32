# SPDX-License-Identifier: Apache-2.0
"""Cases about loops, sequences and optionals. hostile.py gives a run a deadline."""
import numpy as np
from builders import F, I64, case, info, model, node, tensor
from onnx import TensorProto, helper

BOOL = TensorProto.BOOL
TRUE = tensor("t", np.bool_(True))


def sequence(name: str, dtype: int = F):
    return helper.make_tensor_sequence_value_info(name, dtype, None)


def body(nodes, inputs=(), outputs=(), condition="go"):
    """Of a loop: `inputs` and `outputs` behind its number and condition."""
    return helper.make_graph(list(nodes), "body", [info("i", (), I64), info("go", (), BOOL), *inputs],
                             [info(condition, (), BOOL), *outputs])


def loop(nodes, inputs, outputs, made="y", number="", init=(TRUE,), before=(), starts="x", more=(), out=None):
    """y = Loop(x) with a body of `nodes`."""
    node_inputs = (number, "t", *starts.split())
    return model([*before, node("Loop", node_inputs, made.split(), body=body(nodes, inputs, outputs)), *more], init=init,
                 outputs=out or made.split())


@case("loop", "DEADLINE")
def loop_without_end():
    return loop([node("Add", ("a", "x"), ("b",))], [info("a", None)], [info("b", None)])


@case("loop", "DEADLINE")
def loop_without_end_and_nodes():
    return loop([], [info("a", None)], [info("a", None)])


@case("loop", "DEADLINE")
def loop_in_a_loop_without_end():
    inner = helper.make_graph([], "inner", [info("j", (), I64), info("on", (), BOOL), info("c", None)],
                              [info("on", (), BOOL), info("c", None)])
    return loop([node("Loop", ("", "go", "a"), ("b",), body=inner)], [info("a", None)], [info("b", None)])


@case("loop", "DEADLINE")
def loop_of_the_most_iterations():
    return loop([node("Add", ("a", "a"), ("b",))], [info("a", None)], [info("b", None)], number="n",
                init=[TRUE, tensor("n", np.int64(2**63 - 1))])


@case("loop", "OK")
def loop_of_fewer_than_no_iterations():
    return loop([node("Add", ("a", "a"), ("b",))], [info("a", None)], [info("b", None)], number="n",
                init=[TRUE, tensor("n", np.int64(-2**63))])


@case("loop", "LIMIT", options="memory_limit=10000000")
def loop_that_doubles_what_it_carries():
    return loop([node("Concat", ("a", "a"), ("b",), axis=0)], [info("a", None)], [info("b", None)])


@case("dims overflow", "LIMIT")
def loop_scans_empty_tensors_of_large_dims():
    before = [node("Slice", ("x", "zero", "zero"), ("none",)), node("Reshape", ("none", "large"), ("e",), allowzero=1)]
    return loop([node("Relu", ("e",), ("s",))], [], [info("s", None)], number="n", before=before, starts="",
                init=(TRUE, tensor("n", np.int64(64)), tensor("zero", np.int64([0])), tensor("large", np.int64([0, 1 << 54]))))


@case("loop", "LIMIT", options="memory_limit=10000000")
def loop_that_scans_without_end():
    return loop([node("Expand", ("a", "dims"), ("s",))], [info("a", None)], [info("a", None), info("s", None)],
                made="y s", init=[TRUE, tensor("dims", np.int64([1000, 2, 3]))])


@case("loop", "LIMIT", options="memory_limit=10000000")
def loop_that_fills_a_sequence_without_end():
    return loop([node("Expand", ("x", "dims"), ("e",)), node("SequenceInsert", ("q", "e"), ("r",))], [sequence("q")],
                [sequence("r")], init=[TRUE, tensor("dims", np.int64([1000, 2, 3]))], made="z", starts="q0",
                before=[node("SequenceEmpty", (), ("q0",))], more=[node("SequenceLength", ("z",), ("y",))],
                out=[info("y", (), I64)])


@case("loop", "RUN")
def loop_scans_other_dims_each_time():
    return loop([node("Concat", ("a", "a"), ("b",), axis=0)], [info("a", None)], [info("b", None), info("b", None)],
                made="y s", number="n", init=[TRUE, tensor("n", np.int64(3))])


@case("loop", "INVALID_MODEL")
def loop_carries_another_type():
    return loop([node("Shape", ("a",), ("b",))], [info("a", None)], [info("b", None, I64)])


@case("loop", "INVALID_MODEL")
def loop_body_makes_too_little():
    return loop([], [info("a", None)], [])


@case("loop", "INVALID_MODEL")
def loop_body_takes_too_much():
    return loop([], [info("a", None), info("b", None)], [info("a", None)])


@case("loop", "INVALID_MODEL")
def loop_condition_is_a_float():
    return model([node("Loop", ("", "x", "x"), body=body([], [info("a", None)], [info("a", None)]))])


@case("loop", "INVALID_MODEL")
def loop_body_condition_is_an_integer():
    return model([node("Loop", ("", "t", "x"), body=helper.make_graph(
        [], "b", [info("i", (), I64), info("go", (), BOOL), info("a", None)], [info("i", (), I64), info("a", None)]))],
                 init=[TRUE])


def scan(count, inputs=("x",), **attributes):
    inner = helper.make_graph([node("Add", ("a", "a"), ("b",))], "b", [info("a", None)], [info("b", None)])
    return model([node("Scan", inputs, body=inner, num_scan_inputs=count, **attributes)])


@case("scan", "INVALID_MODEL")
def scan_of_nothing():
    return scan(0)


@case("scan", "INVALID_MODEL")
def scan_of_fewer_than_nothing():
    return scan(-1)


@case("scan", "INVALID_MODEL")
def scan_of_more_than_there_is():
    return scan(2**62)


@case("scan", "INVALID_MODEL")
def scan_axis_beyond():
    return scan(1, scan_input_axes=[7])


@case("scan", "INVALID_MODEL")
def scan_axes_with_too_many_entries():
    return scan(1, scan_input_axes=[0, 0])


def at(position, count=2):
    return model([node("SequenceConstruct", ("x",) * count, ("q",)), node("SequenceAt", ("q", "at"))],
                 init=[tensor("at", np.int64(position))])


@case("sequence", "RUN")
def sequence_at_beyond():
    return at(2)


@case("sequence", "RUN")
def sequence_at_far_before():
    return at(-2**63)


@case("sequence", "RUN")
def sequence_at_of_an_empty_one():
    return model([node("SequenceEmpty", (), ("q",)), node("SequenceAt", ("q", "at"))], init=[tensor("at", np.int64(0))])


@case("sequence", "RUN")
def sequence_erase_of_an_empty_one():
    return model([node("SequenceEmpty", (), ("q",)), node("SequenceErase", ("q",), ("r",)),
                  node("SequenceLength", ("r",))], outputs=(info("y", (), I64),))


@case("sequence", "INVALID_MODEL")
def sequence_says_int64():
    return model([node("SequenceConstruct", ("x",))], outputs=(sequence("y", I64),))


@case("sequence", "INVALID_MODEL")
def sequence_of_two_types():
    return model([node("SequenceConstruct", ("x", "n"))], outputs=(sequence("y"),), init=[tensor("n", np.int64(1))])


@case("sequence", "INVALID_MODEL")
def sequence_gets_another_type():
    return model([node("SequenceEmpty", (), ("q",), dtype=I64), node("SequenceInsert", ("q", "x"))],
                 outputs=(sequence("y"),))


@case("sequence", "RUN")
def sequence_joined_with_other_dims():
    return model([node("SequenceConstruct", ("x", "w"), ("q",)), node("ConcatFromSequence", ("q",), axis=0)],
                 init=[tensor("w", np.float32([[1, 2]]))])


@case("sequence", "RUN")
def sequence_joined_of_nothing():
    return model([node("SequenceEmpty", (), ("q",)), node("ConcatFromSequence", ("q",), axis=0)])


@case("sequence", "RUN")
def sequence_split_by_a_negative_size():
    return model([node("SplitToSequence", ("x", "n"), ("q",), axis=0), node("SequenceLength", ("q",))],
                 outputs=(info("y", (), I64),), init=[tensor("n", np.int64([-1, 3]))])


@case("optional", "RUN")
def optional_absent_is_read():
    held = helper.make_tensor_type_proto(F, [2, 3])
    return model([node("Optional", (), ("o",), type=held), node("OptionalGetElement", ("o",))])


@case("optional", "INVALID_MODEL")
def optional_is_added():
    return model([node("Optional", ("x",), ("o",)), node("Add", ("o", "o"))])
