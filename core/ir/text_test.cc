// SPDX-License-Identifier: Apache-2.0
#include "core/ir/text.hpp"

#include <gtest/gtest.h>

namespace tenon {
namespace {

void expect_round_trip(const std::string& text, const TextOptions& options = {}, const ConstantLookup& lookup = {}) {
  const auto model = model_from_text(text, lookup);
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_EQ(to_text(**model, options), text);
}

TEST(Text, PrintsWhatItParsed) {
  expect_round_trip(R"(tenon-ir 1
ir_version 8
producer "pyto\"rch" "2.1"
opset ai.onnx 17
opset com.microsoft 1
metadata "character" "a\x0ab"
graph "g" (%x: float32[N, 3], %k: int64[] default int64[] {3}) {
  %w: float32[4] = const float32[4] {1, -0, nan:7fc00001, -inf:ff800000}
  %"a:0": float32[2, 2] = const float32[2, 2] splat {0.5}
  %s: string[2] = const string[2] {"ab", ""}
  %h: float16[2] = const float16[2] {raw 003c0040}
  %q: int4[3] = const int4[3] {raw 2101}
  %y: float32[N, ?7], _, %z = ai.onnx::Add@7 "Add_0" (%x, _, %w) alpha = f 0.1, axes = [1, -2], axis = -1, e = [], fs = f[1e+30], mode = "x", ss = s["a", "b"], t = type seq(float32[*]), v = int64[1] {4}
  %u: optional(seq(int64[?])), %m: map(int64, float32[]), %p: sparse(float64[2]) = my.domain::Op "n/1" (%"a:0", %s, %h, %q, %y, %k)
  return %y, %y, %w
}
)");
}

TEST(Text, BodiesAndCapturesRoundTrip) {
  expect_round_trip(R"(tenon-ir 1
graph "" (%c: bool[], %x: float32[4]) {
  %r: float32[4] = ai.onnx::If@25 "If_0" (%c) then_branch = graph "t" () captures (%x -> %x: float32[4]) {
    %o: float32[4] = ai.onnx::Neg@13 "Neg" (%x)
    return %o
  }, else_branch = graph "e" () captures (%x -> %outer: float32[4]) {
    return %outer
  }
  return %r
}
)");
}

TEST(Text, OriginsAndShapeClassesRoundTrip) {
  TextOptions options;
  options.origins = true;
  options.shape_classes = true;
  expect_round_trip(R"(tenon-ir 1
origin "main/a" ai.onnx::Relu@13 replaced "cse" "b"
origin "main/b" ai.onnx::Relu@13 runs "" ""
graph "g" (%x: float32[N] !symbolic) {
  %y: float32[N] !symbolic = ai.onnx::Relu@14 "b" (%x) from [0, 1]
  return %y
}
)",
                    options);
}

TEST(Text, LargeConstantsStandByTheirHash) {
  std::vector<int64_t> values(100, 3);
  values[5] = 4;
  const ConstantPtr big = make_int64_constant({100}, values);
  const std::string text =
      "tenon-ir 1\ngraph \"g\" () {\n  %w: int64[100] = const " + to_text(*big) + "\n  return %w\n}\n";
  EXPECT_NE(text.find("hash "), std::string::npos);
  expect_round_trip(text, {}, [&](const Hash128& hash, Dtype dtype, const std::vector<int64_t>& dims) {
    return hash == hash_bytes(big->data, big->bytes) && dtype == TENON_INT64 && dims == big->dims ? big : nullptr;
  });
  EXPECT_EQ(model_from_text(text).status().code(), TENON_INVALID_ARGUMENT);
}

TEST(Text, ErrorsNameTheLine) {
  const auto bad = [](const std::string& body) {
    return model_from_text("tenon-ir 1\ngraph \"g\" (%x: float32[2]) {\n" + body + "\n}\n").status();
  };
  for (const char* body :
       {"return %nothing", "%y = Add(%x)", "%x = ai.onnx::Neg (%x)\nreturn %x", "%w = const float32[2] {1}\nreturn %w",
        "%w = const floaty[2] {1, 2}\nreturn %w", "%y = ai.onnx::A (%x) b = \nreturn %y",
        "%w = const string[2] {\"a\"}\nreturn %w", "%w = const float16[1] {1}\nreturn %w", "return %x } graph"}) {
    const Status status = bad(body);
    EXPECT_EQ(status.code(), TENON_INVALID_ARGUMENT) << body;
    EXPECT_NE(status.message().find("line "), std::string::npos) << status.message();
  }
}

}  // namespace
}  // namespace tenon
