// SPDX-License-Identifier: Apache-2.0
#include "core/opt/pass_testing.hpp"

namespace tenon {
namespace {

constexpr const char* kClean = ",constant_folding,rounded_folding,dead_code";

TEST(BatchNormIntoWeights, GoesIntoConv) {
  expect_optimised(std::string("none,batch_norm_into_weights") + kClean, R"(graph "g" (%x: float32[1, 1, 4, 4]) {
    %w = const float32[2, 1, 1, 1] {1, 2}
    %b = const float32[2] {0.5, 1}
    %scale = const float32[2] {2, 4}
    %shift = const float32[2] {10, 20}
    %mean = const float32[2] {0.5, 3}
    %var = const float32[2] {4, 16}
    %c = ai.onnx::Conv@1 (%x, %w, %b) auto_pad = "NOTSET", group = 1
    %y = ai.onnx::BatchNormalization@14 (%c, %scale, %shift, %mean, %var) epsilon = f 0, momentum = f 0.9, training_mode = 0
    return %y
  })",
                   R"(graph "g" (%x: float32[1, 1, 4, 4]) {
  %w_scaled = const float32[2, 1, 1, 1] {1, 2}
  %bias = const float32[2] {10, 18}
  %y = ai.onnx::Conv@1 (%x, %w_scaled, %bias) auto_pad = "NOTSET", group = 1
  return %y
}
)");
}

TEST(ScaleIntoWeights, TakesNumbersAndChannels) {
  expect_optimised(std::string("none,scale_into_weights") + kClean, R"(graph "g" (%x: float32[1, 1, 4, 4]) {
    %w = const float32[2, 1, 1, 1] {1, 2}
    %m = const float32[2, 1, 1] {3, 4}
    %a = const float32[1, 2, 1, 1] {5, 6}
    %h = const float32[] {2}
    %c = ai.onnx::Conv@1 (%x, %w) auto_pad = "NOTSET", group = 1
    %d = ai.onnx::Mul@7 (%c, %m)
    %e = ai.onnx::Add@7 (%a, %d)
    %y = ai.onnx::Div@7 (%e, %h)
    return %y
  })",
                   R"(graph "g" (%x: float32[1, 1, 4, 4]) {
  %w_scaled_scaled = const float32[2, 1, 1, 1] {1.5, 4}
  %bias_scaled = const float32[2] {2.5, 3}
  %y = ai.onnx::Conv@1 (%x, %w_scaled_scaled, %bias_scaled) auto_pad = "NOTSET", group = 1
  return %y
}
)");
}

TEST(ScaleIntoWeights, TakesAMatMulsLastAxis) {
  expect_optimised(std::string("none,scale_into_weights") + kClean, R"(graph "g" (%x: float32[N, 2, 1]) {
    %w = const float32[1, 2] {1, 2}
    %m = const float32[2] {3, 4}
    %c = ai.onnx::MatMul@1 (%x, %w)
    %y = ai.onnx::Mul@7 (%c, %m)
    return %y
  })",
                   R"(graph "g" (%x: float32[N, 2, 1]) {
  %w_scaled = const float32[1, 2] {3, 8}
  %y = ai.onnx::MatMul@1 (%x, %w_scaled)
  return %y
}
)");
}

TEST(PadIntoWindow, ZeroGoesIntoConvAndLowestIntoMaxPool) {
  expect_optimised("none,pad_into_window,dead_code", R"(graph "g" (%x: float32[1, 1, 4, 4]) {
    %w = const float32[1, 1, 3, 3] splat {1}
    %p = const int64[8] {0, 0, 1, 2, 0, 0, 1, 2}
    %low = const float32[] {-inf:ff800000}
    %a = ai.onnx::Pad@18 (%x, %p) mode = "constant"
    %c = ai.onnx::Conv@1 (%a, %w) auto_pad = "NOTSET", group = 1, pads = [1, 0, 1, 0]
    %b = ai.onnx::Pad@18 (%c, %p, %low) mode = "constant"
    %y = ai.onnx::MaxPool@12 (%b) auto_pad = "NOTSET", ceil_mode = 0, kernel_shape = [3, 3]
    return %y
  })",
                   R"(graph "g" (%x: float32[1, 1, 4, 4]) {
  %w = const float32[1, 1, 3, 3] splat {1}
  %c = ai.onnx::Conv@1 (%x, %w) auto_pad = "NOTSET", group = 1, pads = [2, 2, 2, 2]
  %y = ai.onnx::MaxPool@12 (%c) auto_pad = "NOTSET", ceil_mode = 0, kernel_shape = [3, 3], pads = [1, 2, 1, 2]
  return %y
}
)");
}

constexpr const char* kLayerNorm = R"(
    %ax = const int64[1] {-1}
    %two = const float32[] {2}
    %eps = const float32[] {1e-05}
    %scale = const float32[4] {1, 2, 3, 4}
    %bias = const float32[4] {5, 6, 7, 8}
    %mean = ai.onnx::ReduceMean@18 (%x, %ax) keepdims = 1
    %d = ai.onnx::Sub@7 (%x, %mean)
    %sq = ai.onnx::Pow@7 (%d, %two)
    %var = ai.onnx::ReduceMean@18 (%sq, %ax) keepdims = 1
    %ve = ai.onnx::Add@7 (%var, %eps)
    %sd = ai.onnx::Sqrt@6 (%ve)
    %q = ai.onnx::Div@7 (%d, %sd)
    %m = ai.onnx::Mul@7 (%q, %scale)
    %y = ai.onnx::Add@7 (%m, %bias)
)";

TEST(RaiseLayerNormalization, FindsItsParts) {
  expect_optimised("none,raise_layer_normalization,dead_code",
                   std::string("graph \"g\" (%x: float32[N, 3, 4]) {") + kLayerNorm + "return %y\n}",
                   R"(graph "g" (%x: float32[N, 3, 4]) {
  %scale = const float32[4] {1, 2, 3, 4}
  %bias = const float32[4] {5, 6, 7, 8}
  %y = ai.onnx::LayerNormalization@17 (%x, %scale, %bias) axis = 2, epsilon = f 1e-05, stash_type = 1
  return %y
}
)");
}

TEST(RaiseLayerNormalization, LeavesWhatDiffers) {
  const std::string net = kLayerNorm;
  const auto with = [&](const std::string& from, const std::string& to, const std::string& dtype = "float32") {
    std::string text = net;
    for (size_t at; from != to && (at = text.find(from)) != std::string::npos;) {
      text.replace(at, from.size(), to);
    }
    expect_unchanged("none,raise_layer_normalization",
                     "graph \"g\" (%x: " + dtype + "[N, 3, 4]) {" + text + "return %y\n}");
  };
  with("{2}", "{3}");  // another power
  with("%q = ai.onnx::Div@7 (%d, %sd)", "%q = ai.onnx::Div@7 (%x, %sd)");
  with("const int64[1] {-1}", "const int64[1] {-2}");  // not the last axis
  expect_unchanged("none,raise_layer_normalization",
                   "graph \"g\" (%x: float32[N, 3, 4]) {" + net + "return %y, %var\n}");  // a part is an output
}

TEST(RaiseGelu, FindsErfInAnyOrder) {
  const std::string head = R"(graph "g" (%x: float32[N, 4]) {
    %r = const float32[] {1.4142135}
    %one = const float32[] {1}
    %half = const float32[] {0.5}
    %d = ai.onnx::Div@7 (%x, %r)
    %e = ai.onnx::Erf@9 (%d)
    %p = ai.onnx::Add@7 (%e, %one)
)";
  const std::string expected = R"(graph "g" (%x: float32[N, 4]) {
  %y = ai.onnx::Gelu@20 (%x) approximate = "none"
  return %y
}
)";
  expect_optimised("none,raise_gelu,dead_code",
                   head + "%m = ai.onnx::Mul@7 (%x, %p)\n%y = ai.onnx::Mul@7 (%m, %half)\nreturn %y\n}", expected);
  expect_optimised("none,raise_gelu,dead_code",
                   head + "%m = ai.onnx::Mul@7 (%p, %half)\n%y = ai.onnx::Mul@7 (%m, %x)\nreturn %y\n}", expected);
  expect_optimised("none,raise_gelu,dead_code",
                   head + "%m = ai.onnx::Mul@7 (%half, %x)\n%y = ai.onnx::Mul@7 (%m, %p)\nreturn %y\n}", expected);
  expect_unchanged("none,raise_gelu",
                   head + "%m = ai.onnx::Mul@7 (%x, %p)\n%y = ai.onnx::Mul@7 (%m, %one)\nreturn %y\n}");
  expect_unchanged("none,raise_gelu",
                   head + "%m = ai.onnx::Mul@7 (%x, %p)\n%y = ai.onnx::Mul@7 (%m, %half)\nreturn %y, %e\n}");
}

TEST(RaiseGelu, FindsTanhHoweverTheCubeIsMade) {
  const auto with_cube = [](const std::string& cube) {
    return R"(graph "g" (%x: float32[N, 4]) {
    %two = const float32[] {2}
    %three = const float32[] {3}
    %k = const float32[] {0.044715}
    %s = const float32[] {0.7978846}
    %one = const float32[1, 1] {1}
    %half = const float32[] {0.5}
    )" + cube +
           R"(
    %a = ai.onnx::Add@7 (%x, %kc)
    %sa = ai.onnx::Mul@7 (%a, %s)
    %t = ai.onnx::Tanh@6 (%sa)
    %p = ai.onnx::Add@7 (%t, %one)
    %h = ai.onnx::Mul@7 (%x, %half)
    %y = ai.onnx::Mul@7 (%h, %p)
    return %y
  })";
  };
  for (const char* cube :
       {"%c = ai.onnx::Pow@7 (%x, %three)\n%kc = ai.onnx::Mul@7 (%c, %k)",
        "%q = ai.onnx::Mul@7 (%x, %x)\n%c = ai.onnx::Mul@7 (%q, %x)\n%kc = ai.onnx::Mul@7 (%c, %k)",
        "%q = ai.onnx::Mul@7 (%k, %x)\n%c = ai.onnx::Mul@7 (%x, %q)\n%kc = ai.onnx::Mul@7 (%x, %c)"}) {
    expect_optimised("none,raise_gelu,dead_code", with_cube(cube), R"(graph "g" (%x: float32[N, 4]) {
  %y = ai.onnx::Gelu@20 (%x) approximate = "tanh"
  return %y
}
)");
  }
  expect_unchanged("none,raise_gelu", with_cube("%c = ai.onnx::Pow@7 (%x, %two)\n%kc = ai.onnx::Mul@7 (%c, %k)"));
  expect_unchanged("none,raise_gelu", with_cube("%c = ai.onnx::Pow@7 (%x, %three)\n%kc = ai.onnx::Mul@7 (%c, %s)"));
}

TEST(RaiseSwish, FindsSiluAndHardSwish) {
  expect_optimised("none,raise_swish,dead_code", R"(graph "g" (%x: float32[N, 4]) {
    %three = const float32[] {3}
    %six = const float32[] {6}
    %zero = const float32[] {0}
    %s = ai.onnx::Sigmoid@6 (%x)
    %a = ai.onnx::Mul@7 (%x, %s)
    %h = ai.onnx::HardSigmoid@6 (%a) alpha = f 0.16666667, beta = f 0.5
    %b = ai.onnx::Mul@7 (%h, %a)
    %p = ai.onnx::Add@7 (%b, %three)
    %c = ai.onnx::Clip@11 (%p, %zero, %six)
    %m = ai.onnx::Mul@7 (%b, %c)
    %y = ai.onnx::Div@7 (%m, %six)
    return %y
  })",
                   R"(graph "g" (%x: float32[N, 4]) {
  %a = ai.onnx::Swish@24 (%x) alpha = f 1
  %b = ai.onnx::HardSwish@14 (%a)
  %y = ai.onnx::HardSwish@14 (%b)
  return %y
}
)");
  expect_unchanged("none,raise_swish", R"(graph "g" (%x: float32[N, 4]) {
    %h = ai.onnx::HardSigmoid@6 (%x) alpha = f 0.2, beta = f 0.5
    %y = ai.onnx::Mul@7 (%h, %x)
    return %y
  })");
}

}  // namespace
}  // namespace tenon
