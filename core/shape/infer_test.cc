// SPDX-License-Identifier: Apache-2.0
#include "core/shape/infer.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "core/ir/text.hpp"
#include "core/ir/verify.hpp"

namespace tenon {
namespace {

struct Inferred {
  std::unique_ptr<Model> model;
  Status status;
  // "float32[N, 3] !symbolic" of a value of the main graph, or of a body's when `graph` is given.
  std::string type(const std::string& name, const Graph* graph = nullptr) const {
    static constexpr const char* kClasses[] = {"unknown", "fixed", "symbolic", "computed", "data"};
    for (const Value& value : (graph ? graph : model->graph.get())->values) {
      if (value.name == name) {
        return to_text(value.type, *model) + " " + kClasses[static_cast<size_t>(value.shape_class)];
      }
    }
    return "no such value";
  }
};

Inferred infer(const std::string& graph) {
  auto parsed = model_from_text("tenon-ir 1\n" + graph);
  if (!parsed.ok()) {
    return {nullptr, parsed.status()};
  }
  Inferred result{std::move(*parsed), {}};
  result.status = infer_model(result.model.get());
  return result;
}

TEST(Infer, SymbolsReachThroughTheNet) {
  const Inferred r = infer(R"(graph "g" (%x: float32[N, S, 768]) {
    %w = const float32[768, 12] splat {1}
    %m = ai.onnx::MatMul@13 (%x, %w)
    %r = ai.onnx::Relu@14 (%m)
    return %r
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_EQ(r.type("r"), "float32[N, S, 12] symbolic");
  EXPECT_EQ(r.type("w"), "float32[768, 12] fixed");
}

TEST(Infer, ReshapeBySymbolicShapeResolves) {
  const Inferred r = infer(R"(graph "g" (%x: float32[N, S, 768]) {
    %i0 = const int64[] {0}
    %ax = const int64[1] {0}
    %tail = const int64[3] {-1, 12, 64}
    %s = ai.onnx::Shape@15 (%x)
    %n = ai.onnx::Gather@13 (%s, %i0) axis = 0
    %n1 = ai.onnx::Unsqueeze@13 (%n, %ax)
    %t = ai.onnx::Concat@13 (%n1, %tail) axis = 0
    %y = ai.onnx::Reshape@14 (%x, %t)
    %z = ai.onnx::Transpose@13 (%y) perm = [0, 2, 1, 3]
    return %z
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_EQ(r.type("y"), "float32[N, S, 12, 64] symbolic");
  EXPECT_EQ(r.type("z"), "float32[N, 12, S, 64] symbolic");
}

TEST(Infer, UnknownDimsGetFreshSymbolsAndClasses) {
  const Inferred r = infer(R"(graph "g" (%x: float32[?, 4], %k: int64[1]) {
    %a = ai.onnx::NonZero@13 (%x)
    %b, %i = ai.onnx::TopK@11 (%x, %k)
    %c = ai.onnx::Relu@14 (%x)
    return %a
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_NE(r.type("x").find("float32[?"), std::string::npos);
  EXPECT_EQ(r.type("c"), r.type("x"));
  EXPECT_NE(r.type("a").find("data"), std::string::npos) << r.type("a");
  EXPECT_NE(r.type("b").find("computed"), std::string::npos) << r.type("b");
  EXPECT_TRUE(verify(*r.model).ok());
}

TEST(Infer, AxesOfPadOfWhichNothingIsKnown) {
  const Inferred r = infer(R"(graph "g" (%x: float32[5, 1], %axes: int64[*]) {
    %pads = const int64[2] {0, 0}
    %y = ai.onnx::Pad@18 (%x, %pads, _, %axes) mode = "reflect"
    return %y
  })");
  EXPECT_TRUE(r.status.ok()) << r.status.message();
}

TEST(Infer, BodiesSeeCapturedTypes) {
  const Inferred r = infer(R"(graph "g" (%c: bool[], %x: float32[N, 4]) {
    %r = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%x -> %in) {
      %o = ai.onnx::Neg@13 (%in)
      return %o
    }, else_branch = graph "e" () captures (%x -> %in) {
      %o = ai.onnx::Abs@13 (%in)
      return %o
    }
    return %r
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_EQ(r.type("o", r.model->graph->nodes[0].bodies[0].second.get()), "float32[N, 4] symbolic");
  EXPECT_EQ(r.type("r"), "float32[N, 4] symbolic");
}

TEST(Infer, AContradictionNamesTheValue) {
  const Inferred r = infer(R"(graph "g" (%x: float32[2, 3]) {
    %y: float32[2, 4] = ai.onnx::Relu@14 "R" (%x)
    return %y
  })");
  EXPECT_EQ(r.status.code(), TENON_INVALID_MODEL);
  EXPECT_EQ(r.status.fields().value, "y");
  EXPECT_EQ(r.status.fields().got, "float32[2, 4]");
  EXPECT_EQ(r.status.fields().expected, "float32[2, 3]");
  EXPECT_EQ(r.status.fields().node, "main/R");
}

TEST(Infer, DeclaredDimsAreCheckedButNotTrusted) {
  const Inferred r = infer(R"(graph "g" (%x: float32[N]) {
    %y: float32[5] = ai.onnx::Relu@14 (%x)
    return %y
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_EQ(r.type("y"), "float32[N] symbolic");
  EXPECT_EQ(to_text(r.model->graph->declared_outputs.at(0), *r.model), "float32[5]");
}

TEST(Infer, AgainAfterwardsKeepsWhatWasFound) {
  Inferred r = infer(R"(graph "g" (%x: float32[?, 4]) {
    %a = ai.onnx::NonZero@13 (%x)
    return %a
  })");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  const std::string before = to_text(*r.model);
  ASSERT_TRUE(infer_model(r.model.get()).ok());
  EXPECT_EQ(to_text(*r.model), before);
}

TEST(Infer, ContentsOfManyTensorsAreBounded) {
  std::string text = "graph \"g\" (%x: float32[N]) {\n%v0 = const int64[4096] splat {1}\n";
  for (int i = 0; i < 3000; ++i) {
    text += "%v" + std::to_string(i + 1) + " = ai.onnx::Add@7 (%v" + std::to_string(i) + ", %v0)\n";
  }
  const Inferred r = infer(text + "return %v3000\n}");
  ASSERT_TRUE(r.status.ok()) << r.status.message();
  EXPECT_EQ(r.type("v3000"), "int64[4096] fixed");
}

TEST(Infer, FortyThousandNodesTakeLinearTime) {
  const auto seconds = [](uint32_t nodes) {
    std::string text = "graph \"g\" (%v0: float32[N, 16]) {\n";
    for (uint32_t i = 0; i < nodes; ++i) {
      text += "%v" + std::to_string(i + 1) + " = ai.onnx::Relu@14 (%v" + std::to_string(i) + ")\n";
    }
    auto parsed = model_from_text("tenon-ir 1\n" + text + "return %v" + std::to_string(nodes) + "\n}");
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    const std::clock_t start = std::clock();  // of this process: others may be busy
    EXPECT_TRUE(infer_model(parsed->get()).ok());
    return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  };
  const double small = seconds(10000), large = seconds(40000);
  EXPECT_LT(large, 8 * small + 0.5) << small << " s for 10,000 nodes, " << large << " s for 40,000";
}

}  // namespace
}  // namespace tenon
