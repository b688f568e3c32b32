// SPDX-License-Identifier: Apache-2.0
// What no pass may do (the list stands in pass.hpp), with every pass on.
#include "core/opt/pass_testing.hpp"

namespace tenon {
namespace {

TEST(NoPassMay, DropFloatArithmeticThatShowsWithSpecialValues) {
  expect_unchanged("all", R"(graph "g" (%x: float32[N, 3]) {
  %zero = const float32[] {0}
  %a = ai.onnx::Mul@7 (%x, %zero)
  %b = ai.onnx::Sub@7 (%a, %a)
  %c = ai.onnx::Add@7 (%b, %zero)
  %y = ai.onnx::Relu@6 (%c)
  return %y
})");
  expect_unchanged("all", R"(graph "g" (%x: float32[N, 3]) {
  %zero = const float32[] {-0}
  %c = ai.onnx::Sub@7 (%x, %zero)
  %y = ai.onnx::Relu@6 (%c)
  return %y
})");
}

TEST(NoPassMay, DropAnIdentityThatBroadcasts) {
  expect_unchanged("all", R"(graph "g" (%x: float32[N]) {
  %one = const float32[4, 1] splat {1}
  %c = ai.onnx::Mul@7 (%x, %one)
  %y = ai.onnx::Relu@6 (%c)
  return %y
})");
}

TEST(NoPassMay, MergeCastsThroughANarrowerType) {
  for (const char* pair : {"float32[N]) 10 1", "int64[N]) 1 7", "int32[N]) 9 6", "float32[N]) 7 1", "int16[N]) 2 5",
                           "int8[N]) 1 2", "float16[N]) 16 10"}) {
    const std::string text = pair;
    const size_t first = text.find(' '), second = text.rfind(' ');
    expect_unchanged("all", "graph \"g\" (%x: " + text.substr(0, first) +
                                " {\n  %a = ai.onnx::Cast@6 (%x) to = " + text.substr(first + 1, second - first - 1) +
                                "\n  %y = ai.onnx::Cast@6 (%a) to = " + text.substr(second + 1) + "\n  return %y\n}");
  }
}

TEST(NoPassMay, MergeOrFoldRandomNodes) {
  const Optimised r = optimise("all", R"(graph "g" () {
  %a = ai.onnx::RandomNormal@1 () dtype = 1, mean = f 0, scale = f 1, shape = [2]
  %b = ai.onnx::RandomNormal@1 () dtype = 1, mean = f 0, scale = f 1, shape = [2]
  %y = ai.onnx::Sub@7 (%a, %b)
  return %y
})");
  EXPECT_NE(r.text.find("%a = ai.onnx::RandomNormal"), std::string::npos) << r.text;
  EXPECT_NE(r.text.find("%b = ai.onnx::RandomNormal"), std::string::npos) << r.text;
}

TEST(NoPassMay, TreatAnOverridableInputAsConstant) {
  expect_unchanged("all", R"(graph "g" (%x: float32[N], %k: float32[] default float32[] {1}) {
  %a = ai.onnx::Mul@7 (%x, %k)
  %b = ai.onnx::Neg@6 (%k)
  %y = ai.onnx::Add@7 (%a, %b)
  return %y
})");
}

TEST(NoPassMay, TouchTheInterface) {
  expect_unchanged("all", R"(graph "g" (%x: float32[N], %unused: int64[3]) {
  %y = ai.onnx::Identity@1 (%x)
  return %y
})");
  const Optimised r = optimise("all", R"(graph "g" (%x: float32[N]) {
  %a = ai.onnx::Relu@6 (%x)
  %b = ai.onnx::Relu@6 (%x)
  %c = ai.onnx::Identity@1 (%a)
  return %a, %b, %c, %a
})");
  EXPECT_NE(r.text.find("return %a, %b, %c, %a"), std::string::npos) << r.text;
}

TEST(NoPassMay, FoldIntoAProductThatOthersRead) {
  expect_unchanged("all", R"(graph "g" (%x: float32[1, 1, 4, 4]) {
  %w = const float32[1, 1, 1, 1] {2}
  %m = const float32[] {3}
  %c = ai.onnx::Conv@1 (%x, %w) auto_pad = "NOTSET", group = 1
  %d = ai.onnx::Mul@7 (%c, %m)
  %y = ai.onnx::Add@7 (%c, %d)
  return %y
})");
}

TEST(NoPassMay, MovePaddingWhoseValueIsNotNeutral) {
  const auto unchanged = [](const std::string& value, const std::string& window) {
    expect_unchanged("all", R"(graph "g" (%x: float32[1, 1, 4, 4]) {
  %p = const int64[8] {0, 0, 1, 1, 0, 0, 1, 1}
  %v = const float32[] {)" + value +
                                R"(}
  %w = const float32[1, 1, 3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}
  %a = ai.onnx::Pad@18 (%x, %p, %v) mode = "constant"
  %y = ai.onnx::)" + window + "\n  return %y, %w\n}");
  };
  unchanged("1", "Conv@1 (%a, %w) auto_pad = \"NOTSET\", group = 1");
  unchanged("0", "MaxPool@12 (%a) auto_pad = \"NOTSET\", ceil_mode = 0, kernel_shape = [3, 3]");
  unchanged("0",
            "AveragePool@1 (%a) auto_pad = \"NOTSET\", ceil_mode = 0, count_include_pad = 0, kernel_shape = [3, 3], "
            "pads = [1, 1, 1, 1]");
  unchanged("-inf:ff800000", "MaxPool@12 (%a) auto_pad = \"NOTSET\", ceil_mode = 1, kernel_shape = [3, 3]");
  unchanged("-inf:ff800000", "MaxPool@12 (%a) auto_pad = \"NOTSET\", ceil_mode = 0, kernel_shape = [1, 1]");
}

TEST(NoPassMay, RaiseOutsideOfFloat32) {
  expect_unchanged("none,raise_layer_normalization", R"(graph "g" (%x: float64[N, 4]) {
    %ax = const int64[1] {-1}
    %eps = const float64[] {1e-05}
    %scale = const float64[4] {1, 2, 3, 4}
    %mean = ai.onnx::ReduceMean@18 (%x, %ax) keepdims = 1
    %d = ai.onnx::Sub@7 (%x, %mean)
    %sq = ai.onnx::Mul@7 (%d, %d)
    %var = ai.onnx::ReduceMean@18 (%sq, %ax) keepdims = 1
    %ve = ai.onnx::Add@7 (%var, %eps)
    %sd = ai.onnx::Sqrt@6 (%ve)
    %q = ai.onnx::Div@7 (%d, %sd)
    %y = ai.onnx::Mul@7 (%q, %scale)
    return %y
})");
}

}  // namespace
}  // namespace tenon
