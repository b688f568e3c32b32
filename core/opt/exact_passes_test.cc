// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass_testing.hpp"

namespace tenon {
namespace {

TEST(InlineIf, TakesTheBranchOfAConstantCondition) {
  expect_optimised("none,inline_if,dead_code", R"(graph "g" (%x: float32[2]) {
    %c = const bool[] {1}
    %r = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%x -> %in) {
      %k = const float32[2] {1, 2}
      %o = ai.onnx::Add@7 (%in, %k)
      return %o
    }, else_branch = graph "e" () captures (%x -> %in) {
      return %in
    }
    %y = ai.onnx::Neg@6 (%r)
    return %y
  })",
                   R"(graph "g" (%x: float32[2]) {
  %k = const float32[2] {1, 2}
  %o = ai.onnx::Add@7 (%x, %k)
  %y = ai.onnx::Neg@6 (%o)
  return %y
}
)");
}

TEST(InlineIf, AnOutputThatIsAnInputKeepsItsName) {
  expect_optimised("none,inline_if,dead_code", R"(graph "g" (%x: float32[2]) {
    %c = const bool[] {0}
    %y = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%x -> %in) {
      %o = ai.onnx::Neg@6 (%in)
      return %o
    }, else_branch = graph "e" () captures (%x -> %in) {
      return %in
    }
    return %y
  })",
                   R"(graph "g" (%x: float32[2]) {
  %y = ai.onnx::Identity@1 (%x)
  return %y
}
)");
}

TEST(ShapeSlice, FoldsWhatDimsAndConstantsDetermine) {
  expect_optimised("none,shape_slice,dead_code", R"(graph "g" (%x: float32[N, 4, 6]) {
    %i = const int64[1] {1}
    %m = const int64[1] {-1}
    %s = ai.onnx::Shape@15 (%x) start = 0
    %d = ai.onnx::Gather@1 (%s, %i) axis = 0
    %t = ai.onnx::Concat@4 (%m, %d) axis = 0
    %y = ai.onnx::Reshape@5 (%x, %t) allowzero = 0
    return %y
  })",
                   R"(graph "g" (%x: float32[N, 4, 6]) {
  %t = const int64[2] {-1, 4}
  %y = ai.onnx::Reshape@5 (%x, %t) allowzero = 0
  return %y
}
)");
}

TEST(ShapeSlice, ReachesIntoBodies) {
  const Optimised r = optimise("none,shape_slice,dead_code", R"(graph "g" (%c: bool[], %x: float32[3]) {
    %s = ai.onnx::Shape@15 (%x) start = 0
    %r = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%s -> %in) {
      %o = ai.onnx::Add@7 (%in, %in)
      return %o
    }, else_branch = graph "e" () captures (%s -> %in) {
      return %in
    }
    return %r
  })");
  EXPECT_NE(r.text.find("%o = const int64[1] {6}"), std::string::npos) << r.text;
  EXPECT_EQ(r.text.find("captures"), std::string::npos) << r.text;
}

TEST(ConstantFolding, ComputesThroughTheFolderAndKeepsSplats) {
  expect_optimised("none,constant_folding,dead_code", R"(graph "g" (%x: float32[1000, 1000]) {
    %a = const float32[2] {1, 2}
    %b = const float32[2] {3, 4}
    %d = const int64[2] {1000, 1000}
    %t = const int64[2] {2, 1}
    %s = ai.onnx::Add@7 (%a, %b)
    %v = ai.onnx::Reshape@5 (%s, %t) allowzero = 0
    %f = ai.onnx::ConstantOfShape@9 (%d) value = float32[1] {2}
    %g = ai.onnx::Mul@7 (%f, %f)
    %y = ai.onnx::MatMul@1 (%x, %g)
    return %y, %v
  })",
                   R"(graph "g" (%x: float32[1000, 1000]) {
  %v = const float32[2, 1] {4, 6}
  %g = const float32[1000, 1000] splat {4}
  %y = ai.onnx::MatMul@1 (%x, %g)
  return %y, %v
}
)");
}

TEST(ConstantFolding, LeavesWhatKernelsRoundDifferently) {
  const std::string graph = R"(graph "g" (%x: float32[2]) {
  %a = const float32[2] {1, 4}
  %b = ai.onnx::Reciprocal@6 (%a)
  %c = ai.onnx::Sqrt@6 (%a)
  %d = ai.onnx::Add@7 (%x, %b)
  %y = ai.onnx::Add@7 (%d, %c)
  return %y
})";
  EXPECT_NE(optimise("exact", graph).text.find("Reciprocal"), std::string::npos);
  EXPECT_EQ(optimise("exact", graph).text.find("Sqrt"), std::string::npos);
  EXPECT_EQ(optimise("all", graph).text.find("Reciprocal"), std::string::npos);
}

TEST(Identities, AreRemoved) {
  expect_optimised("none,identities,dead_code", R"(graph "g" (%x: float32[N, 3]) {
    %one = const float32[] {1}
    %none = const float32[1] {-0}
    %zero = const float32[] {0}
    %p = const int64[4] {0, 0, 0, 0}
    %a = ai.onnx::Identity@1 (%x)
    %b = ai.onnx::Dropout@12 (%a) seed = 0
    %c = ai.onnx::Mul@7 (%one, %b)
    %d = ai.onnx::Add@7 (%c, %none)
    %e = ai.onnx::Sub@7 (%d, %zero)
    %f = ai.onnx::Div@7 (%e, %one)
    %g = ai.onnx::Concat@4 (%f) axis = 0
    %h = ai.onnx::Pad@18 (%g, %p) mode = "constant"
    %i = ai.onnx::Neg@6 (%h)
    %j = ai.onnx::Neg@6 (%i)
    %y = ai.onnx::Relu@6 (%j)
    return %y
  })",
                   R"(graph "g" (%x: float32[N, 3]) {
  %y = ai.onnx::Relu@6 (%x)
  return %y
}
)");
}

TEST(Identities, ReshapeOfReshapeIsOne) {
  expect_optimised("none,identities,dead_code", R"(graph "g" (%x: float32[4, 6]) {
    %a = const int64[1] {24}
    %b = const int64[2] {-1, 8}
    %u = ai.onnx::Reshape@5 (%x, %a) allowzero = 0
    %y = ai.onnx::Reshape@5 (%u, %b) allowzero = 0
    return %y
  })",
                   R"(graph "g" (%x: float32[4, 6]) {
  %b = const int64[2] {-1, 8}
  %y = ai.onnx::Reshape@5 (%x, %b) allowzero = 0
  return %y
}
)");
}

TEST(Casts, AreCleaned) {
  expect_optimised("none,casts,dead_code", R"(graph "g" (%x: float16[N], %i: int32[N]) {
    %a = ai.onnx::Cast@6 (%x) to = 1
    %b = ai.onnx::Cast@6 (%a) to = 10
    %y = ai.onnx::Relu@6 (%b)
    %c = ai.onnx::Cast@6 (%i) to = 7
    %z = ai.onnx::Cast@6 (%c) to = 1
    return %y, %z
  })",
                   R"(graph "g" (%x: float16[N], %i: int32[N]) {
  %y = ai.onnx::Relu@6 (%x)
  %z = ai.onnx::Cast@6 (%i) to = 1
  return %y, %z
}
)");
}

TEST(Transposes, CancelMergeAndSink) {
  expect_optimised("none,transposes,dead_code", R"(graph "g" (%x: float32[2, 3, 4]) {
    %s = const float32[] {2}
    %a = ai.onnx::Transpose@1 (%x) perm = [1, 2, 0]
    %b = ai.onnx::Relu@6 (%a)
    %c = ai.onnx::Mul@7 (%b, %s)
    %d = ai.onnx::Transpose@1 (%c) perm = [2, 0, 1]
    %e = ai.onnx::Transpose@1 (%d) perm = [0, 2, 1]
    %y = ai.onnx::Transpose@1 (%e) perm = [1, 0, 2]
    return %y
  })",
                   R"(graph "g" (%x: float32[2, 3, 4]) {
  %s = const float32[] {2}
  %b = ai.onnx::Relu@6 (%x)
  %c = ai.onnx::Mul@7 (%b, %s)
  %y = ai.onnx::Transpose@1 (%c) perm = [2, 0, 1]
  return %y
}
)");
}

TEST(CommonSubexpressions, KeepOneOfEqualNodesAndConstants) {
  expect_optimised("none,common_subexpressions,dead_code", R"(graph "g" (%x: float32[N]) {
    %k = const float32[] {2}
    %l = const float32[] {2}
    %a = ai.onnx::Mul@7 (%x, %k)
    %b = ai.onnx::Mul@7 (%x, %l)
    %c = ai.onnx::LeakyRelu@6 (%b) alpha = f 0.5
    %d = ai.onnx::LeakyRelu@6 (%a) alpha = f 0.25
    %y = ai.onnx::Add@7 (%c, %d)
    return %y
  })",
                   R"(graph "g" (%x: float32[N]) {
  %k = const float32[] {2}
  %a = ai.onnx::Mul@7 (%x, %k)
  %c = ai.onnx::LeakyRelu@6 (%a) alpha = f 0.5
  %d = ai.onnx::LeakyRelu@6 (%a) alpha = f 0.25
  %y = ai.onnx::Add@7 (%c, %d)
  return %y
}
)");
}

TEST(DeadCode, GoesWithItsConstantsAndOutputs) {
  expect_optimised("none,dead_code", R"(graph "g" (%x: float32[1, 3, 4, 4]) {
    %k = const float32[] {2}
    %a = ai.onnx::Mul@7 (%x, %k)
    %b = ai.onnx::Relu@6 (%a)
    %y, %i = ai.onnx::MaxPool@12 (%x) kernel_shape = [2, 2]
    return %y
  })",
                   R"(graph "g" (%x: float32[1, 3, 4, 4]) {
  %y = ai.onnx::MaxPool@12 (%x) kernel_shape = [2, 2]
  return %y
}
)");
}

}  // namespace
}  // namespace tenon
