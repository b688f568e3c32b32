// SPDX-License-Identifier: Apache-2.0
#include "core/shape/slice_op.hpp"

#include <gtest/gtest.h>

#include "core/ir/text.hpp"

namespace tenon {
namespace {

struct Case {
  const char* name;
  const char* body;      // statements that define %y
  const char* expected;  // the constant as text, "unknown", or "error: <part of the message>"
};

// Evaluates node by node; a graph input %n[N] has only its dims.
std::string evaluate(const std::string& body) {
  const auto parsed = model_from_text("tenon-ir 1\ngraph \"g\" (%x: float32[N, 3, ?5], %z: float32[2, 3]) {\n" + body +
                                      "\nreturn %y\n}\n");
  if (!parsed.ok()) {
    return parsed.status().message();
  }
  Model& model = **parsed;
  const Graph& graph = *model.graph;
  Algebra algebra(&model);
  std::vector<SliceTensorPtr> contents(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    if (const Constant* constant = graph.constant_of(id)) {
      contents[id] = slice_tensor(*constant);
    }
  }
  for (NodeId id : graph.order) {
    std::vector<SliceInput> inputs;
    for (ValueId value : graph.nodes[id].inputs) {
      SliceInput& input = inputs.emplace_back();
      if (value != kNone) {
        const Shape& shape = graph.values[value].type.shape;
        input = {true, shape ? &*shape : nullptr, contents[value].get()};
      }
    }
    std::vector<SliceTensorPtr> out;
    if (const Status status = evaluate_slice(graph.nodes[id], inputs, algebra, &out); !status.ok()) {
      return "error: " + status.message();
    }
    for (size_t i = 0; i < out.size(); ++i) {
      contents[graph.nodes[id].outputs[i]] = out[i];
    }
  }
  const SliceTensorPtr& y = contents[graph.outputs[0]];
  if (y == nullptr) {
    return "unknown";
  }
  if (y->all_known()) {
    return to_text(*slice_constant(*y), 64);
  }
  std::string text = std::string(dtype_name(y->dtype)) + "(";
  for (const Element& e : y->elements) {
    text += (text.back() == '(' ? "" : ", ") + (e.known    ? std::to_string(e.bits)
                                                : e.symbol ? model.symbols[e.symbol]
                                                           : "?");
  }
  return text + ")";
}

constexpr const char* kVector = "%v = const int64[5] {10, 11, 12, 13, 14}\n";

const Case kCases[] = {
    {"Shape", "%y = ai.onnx::Shape (%z)", "int64[2] {2, 3}"},
    {"ShapeOfSymbols", "%y = ai.onnx::Shape (%x) start = 0", "int64(N, 3, ?5)"},
    {"ShapePart", "%y = ai.onnx::Shape (%x) end = -1, start = -2", "int64[1] {3}"},
    {"Size", "%y = ai.onnx::Size (%z)", "int64[] {6}"},
    {"ConstantInts", "%y = ai.onnx::Constant () value_ints = [1, 2]", "int64[2] {1, 2}"},
    {"ConstantTensor", "%y = ai.onnx::Constant () value = float32[1] {0.5}", "float32[1] {0.5}"},
    {"GatherScalar", "%s = ai.onnx::Shape (%x)\n%i = const int64[] {-2}\n%y = ai.onnx::Gather (%s, %i) axis = 0",
     "int64[] {3}"},
    {"GatherOut", "%s = ai.onnx::Shape (%x)\n%i = const int64[] {3}\n%y = ai.onnx::Gather (%s, %i) axis = 0",
     "error: Gather: index 3"},
    {"GatherRows",
     "%d = const int64[2, 2] {1, 2, 3, 4}\n%i = const int64[1] {1}\n%y = ai.onnx::Gather (%d, %i) axis = 1",
     "int64[2, 1] {2, 4}"},
    {"GatherND", "%d = const int64[2, 2] {1, 2, 3, 4}\n%i = const int64[1, 2] {1, 0}\n%y = ai.onnx::GatherND (%d, %i)",
     "int64[1] {3}"},
    {"ScatterND",
     "%d = const int64[3] {1, 2, 3}\n%i = const int64[1, 1] {1}\n%u = const int64[1] {9}\n%y = ai.onnx::ScatterND (%d, "
     "%i, %u)",
     "int64[3] {1, 9, 3}"},
    {"SliceForward", "%a = const int64[1] {1}\n%b = const int64[1] {-1}\n%y = ai.onnx::Slice (%v, %a, %b)",
     "int64[3] {11, 12, 13}"},
    {"SliceBackward",
     "%a = const int64[1] {-1}\n%b = const int64[1] {-9223372036854775808}\n%x0 = const int64[1] {0}\n%t = const "
     "int64[1] "
     "{-2}\n%y = ai.onnx::Slice (%v, %a, %b, %x0, %t)",
     "int64[3] {14, 12, 10}"},
    {"SliceBeyond",
     "%a = const int64[1] {3}\n%b = const int64[1] {9223372036854775807}\n%y = ai.onnx::Slice (%v, %a, %b)",
     "int64[2] {13, 14}"},
    {"Concat", "%s = ai.onnx::Shape (%x)\n%m = const int64[1] {-1}\n%y = ai.onnx::Concat (%s, %m) axis = 0",
     "int64(N, 3, ?5, -1)"},
    {"ConcatInner",
     "%a = const int64[2, 1] {1, 2}\n%b = const int64[2, 2] {3, 4, 5, 6}\n%y = ai.onnx::Concat (%a, %b) axis = 1",
     "int64[2, 3] {1, 3, 4, 2, 5, 6}"},
    {"ConcatClash", "%b = const int64[1, 1] {3}\n%y = ai.onnx::Concat (%v, %b) axis = 0", "error: Concat: input 1"},
    {"Split", "%q, %y = ai.onnx::Split (%v) axis = 0, num_outputs = 2", "int64[2] {13, 14}"},
    {"Squeeze", "%d = const int64[1, 2] {1, 2}\n%a = const int64[1] {0}\n%y = ai.onnx::Squeeze (%d, %a)",
     "int64[2] {1, 2}"},
    {"Unsqueeze", "%a = const int64[2] {0, -1}\n%y = ai.onnx::Unsqueeze (%v, %a)",
     "int64[1, 5, 1] {10, 11, 12, 13, 14}"},
    {"Transpose", "%d = const int64[2, 3] {1, 2, 3, 4, 5, 6}\n%y = ai.onnx::Transpose (%d) perm = [1, 0]",
     "int64[3, 2] {1, 4, 2, 5, 3, 6}"},
    {"Reshape",
     "%d = const int64[2, 3] {1, 2, 3, 4, 5, 6}\n%t = const int64[2] {0, -1}\n%y = ai.onnx::Reshape (%d, %t)",
     "int64[2, 3] {1, 2, 3, 4, 5, 6}"},
    {"ReshapeClash", "%t = const int64[1] {4}\n%y = ai.onnx::Reshape (%v, %t)", "error: Reshape: its input has 5"},
    {"RankBeyondTheLimit", "%d = const int64[1] {1}\n%t = const int64[65] splat {1}\n%y = ai.onnx::Reshape (%d, %t)",
     "error: Reshape: its result has rank 65"},
    {"Expand", "%d = const int64[2, 1] {1, 2}\n%t = const int64[2] {2, 2}\n%y = ai.onnx::Expand (%d, %t)",
     "int64[2, 2] {1, 1, 2, 2}"},
    {"ExpandBomb", "%t = const int64[2] {100000, 100000}\n%d = const int64[] {1}\n%y = ai.onnx::Expand (%d, %t)",
     "error: Expand: too many"},
    {"Tile", "%d = const int64[2] {1, 2}\n%t = const int64[1] {2}\n%y = ai.onnx::Tile (%d, %t)",
     "int64[4] {1, 2, 1, 2}"},
    {"ConstantOfShape", "%t = const int64[1] {3}\n%y = ai.onnx::ConstantOfShape (%t) value = int64[1] {1}",
     "int64[3] {1, 1, 1}"},
    {"ConstantOfShapeBomb", "%t = const int64[2] {4294967296, 4294967296}\n%y = ai.onnx::ConstantOfShape (%t)",
     "error: ConstantOfShape"},
    {"Range",
     "%a = const int64[] {5}\n%b = const int64[] {-1}\n%d = const int64[] {-2}\n%y = ai.onnx::Range (%a, %b, %d)",
     "int64[3] {5, 3, 1}"},
    {"RangeZeroDelta", "%a = const int64[] {5}\n%d = const int64[] {0}\n%y = ai.onnx::Range (%a, %a, %d)",
     "error: Range: its delta"},
    {"AddSymbols", "%s = ai.onnx::Shape (%x)\n%o = const int64[] {0}\n%y = ai.onnx::Add (%s, %o)", "int64(N, 3, ?5)"},
    {"SubSelf", "%s = ai.onnx::Shape (%x)\n%y = ai.onnx::Sub (%s, %s)", "int64[3] {0, 0, 0}"},
    {"DivTruncates", "%a = const int64[2] {-7, 7}\n%b = const int64[1] {2}\n%y = ai.onnx::Div (%a, %b)",
     "int64[2] {-3, 3}"},
    {"DivByZero", "%b = const int64[1] {0}\n%y = ai.onnx::Div (%v, %b)", "int64(?, ?, ?, ?, ?)"},
    {"DivMinimum", "%a = const int32[1] {-2147483648}\n%b = const int32[1] {-1}\n%y = ai.onnx::Div (%a, %b)",
     "int32[1] {-2147483648}"},
    {"Mod", "%a = const int64[2] {-7, 7}\n%b = const int64[1] {3}\n%y = ai.onnx::Mod (%a, %b)", "int64[2] {2, 1}"},
    {"MaxOfSize", "%s = ai.onnx::Shape (%x)\n%o = const int64[] {0}\n%y = ai.onnx::Max (%s, %o)", "int64(N, 3, ?5)"},
    {"Min", "%o = const int64[] {12}\n%y = ai.onnx::Min (%v, %o)", "int64[5] {10, 11, 12, 12, 12}"},
    {"UInt8Wraps", "%a = const uint8[1] {200}\n%y = ai.onnx::Add (%a, %a)", "uint8[1] {144}"},
    {"CastScaleFloor",
     "%f = ai.onnx::Cast (%v) to = 1\n%h = const float32[] {0.3}\n%m = ai.onnx::Mul (%f, %h)\n%g = ai.onnx::Floor "
     "(%m)\n%y = "
     "ai.onnx::Cast (%g) to = 7",
     "int64[5] {3, 3, 3, 3, 4}"},
    {"EqualMinusOne", "%s = ai.onnx::Shape (%x)\n%o = const int64[] {-1}\n%y = ai.onnx::Equal (%s, %o)",
     "bool[3] {0, 0, 0}"},
    {"WhereIdiom",
     "%s = ai.onnx::Shape (%x)\n%o = const int64[] {-1}\n%c = ai.onnx::Equal (%s, %o)\n%w = const int64[3] {1, 1, "
     "1}\n%y = "
     "ai.onnx::Where (%c, %w, %s)",
     "int64(N, 3, ?5)"},
    {"ReduceProd", "%y = ai.onnx::ReduceProd (%v) keepdims = 0", "int64[] {240240}"},
    {"ReduceMaxAxis",
     "%d = const int64[2, 2] {1, 4, 3, 2}\n%a = const int64[1] {0}\n%y = ai.onnx::ReduceMax (%d, %a) keepdims = 1",
     "int64[1, 2] {3, 4}"},
    {"NotAnd", "%a = const bool[2] {1, 0}\n%n = ai.onnx::Not (%a)\n%y = ai.onnx::Or (%a, %n)", "bool[2] {1, 1}"},
    {"Identity", "%y = ai.onnx::Identity (%v)", "int64[5] {10, 11, 12, 13, 14}"},
    {"OtherOperator", "%y = ai.onnx::NonZero (%v)", "unknown"},
};

TEST(SliceOps, ComputeWhatOnnxSays) {
  for (const Case& c : kCases) {
    const std::string expected = c.expected, got = evaluate(std::string(kVector) + c.body);
    if (expected.starts_with("error")) {
      EXPECT_EQ(got.substr(0, expected.size()), expected) << c.name << ": " << got;
    } else {
      EXPECT_EQ(got, expected) << c.name;
    }
  }
}

TEST(SliceOps, EqualArithmeticOnSymbolsHasOneSymbol) {
  Model model;
  Algebra algebra(&model);
  const Element n = Element::of(Dim{-1, model.symbol("N")}), two = Element::integer(2);
  const Element a = algebra.combine("mul", TENON_INT64, n, two, true);
  EXPECT_EQ(a, algebra.combine("mul", TENON_INT64, two, n, true));
  EXPECT_FALSE(a == algebra.combine("div", TENON_INT64, n, two, false));
  EXPECT_TRUE(algebra.is_size(n.symbol));
  EXPECT_FALSE(algebra.is_size(a.symbol));
}

}  // namespace
}  // namespace tenon
