// SPDX-License-Identifier: Apache-2.0
#include "core/shape/shape_program.hpp"

#include <gtest/gtest.h>

#include "core/ir/text.hpp"

namespace tenon {
namespace {

class Program {
 public:
  explicit Program(const std::string& graph) {
    auto parsed = model_from_text("tenon-ir 1\n" + graph);
    EXPECT_TRUE(parsed.ok()) << parsed.status().message();
    model_ = std::move(*parsed);
    const Status status = infer_model(model_.get());
    EXPECT_TRUE(status.ok()) << status.message();
    program_ = std::move(*ShapeProgram::build(*model_->graph));
  }
  const ShapeProgram& operator*() const { return *program_; }
  ValueId id(const std::string& name) const {
    for (ValueId id = 0; id < model_->graph->values.size(); ++id) {
      if (model_->graph->values[id].name == name) {
        return id;
      }
    }
    return kNone;
  }
  bool in_slice(const std::string& output) const {
    return program_->in_slice(model_->graph->values[id(output)].producer);
  }
  KnownValue known(const std::string& name, std::vector<int64_t> dims, ConstantPtr contents = nullptr) const {
    return {id(name), std::move(dims), std::move(contents)};
  }
  std::vector<int64_t> dims(const std::string& name) const {
    return result.dims[id(name)].value_or(std::vector<int64_t>{-99});
  }
  std::vector<int64_t> contents(const std::string& name) const {
    std::vector<int64_t> values;
    return result.contents[id(name)] && read_integers(*result.contents[id(name)], &values) ? values
                                                                                           : std::vector<int64_t>{-99};
  }
  ShapeResult result;

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<ShapeProgram> program_;
};

using Dims = std::vector<int64_t>;

TEST(ShapeProgram, PlansAttentionReshapesFromInputDims) {
  Program p(R"(graph "g" (%x: float32[N, S, 768]) {
    %i0 = const int64[1] {0}
    %tail = const int64[3] {-1, 12, 64}
    %s = ai.onnx::Shape@15 (%x)
    %n = ai.onnx::Gather@13 (%s, %i0) axis = 0
    %t = ai.onnx::Concat@13 (%n, %tail) axis = 0
    %y = ai.onnx::Reshape@14 (%x, %t)
    %z = ai.onnx::Transpose@13 (%y) perm = [0, 2, 1, 3]
    return %z
  })");
  const KnownValue inputs[] = {p.known("x", {2, 5, 768})};
  ASSERT_TRUE((*p).run(inputs, &p.result).ok());
  EXPECT_EQ(p.dims("z"), (Dims{2, 12, 5, 64}));
  EXPECT_EQ(p.contents("t"), (Dims{2, -1, 12, 64}));
  EXPECT_TRUE(p.result.open.empty());
  EXPECT_TRUE(p.in_slice("s") && p.in_slice("n") && p.in_slice("t"));
  EXPECT_FALSE(p.in_slice("y") || p.in_slice("z"));
  EXPECT_TRUE((*p).content_inputs().empty());
}

TEST(ShapeProgram, IntegerInputsThatDecideAreAskedFor) {
  Program p(R"(graph "g" (%x: float32[N], %t: int64[2], %free: int64[3]) {
    %one = const int64[] {1}
    %u = ai.onnx::Mul@14 (%t, %one)
    %y = ai.onnx::Reshape@14 (%x, %u)
    %f = ai.onnx::Neg@13 (%free)
    return %y, %f
  })");
  EXPECT_EQ((*p).content_inputs(), std::vector<ValueId>{p.id("t")});
  EXPECT_TRUE(p.in_slice("u"));
  EXPECT_FALSE(p.in_slice("f"));
  const KnownValue inputs[] = {p.known("x", {6}), p.known("t", {2}, make_int64_constant({2}, {2, 3})),
                               p.known("free", {3})};
  ASSERT_TRUE((*p).run(inputs, &p.result).ok());
  EXPECT_EQ(p.dims("y"), (Dims{2, 3}));
  const KnownValue missing[] = {p.known("x", {6}), p.known("t", {2}), p.known("free", {3})};
  EXPECT_EQ((*p).run(missing, &p.result).code(), TENON_INTERNAL);
}

TEST(ShapeProgram, DataValuesCutAndResume) {
  Program p(R"(graph "g" (%x: float32[N, 4]) {
    %i = const int64[1] {1}
    %nz = ai.onnx::NonZero@13 (%x)
    %s = ai.onnx::Shape@15 (%nz)
    %k = ai.onnx::Gather@13 (%s, %i) axis = 0
    %z = ai.onnx::ConstantOfShape@9 (%k)
    %r = ai.onnx::Relu@14 (%x)
    return %z, %r
  })");
  const KnownValue inputs[] = {p.known("x", {3, 4})};
  ASSERT_TRUE((*p).run(inputs, &p.result).ok());
  EXPECT_EQ(p.dims("r"), (Dims{3, 4}));
  ASSERT_EQ(p.result.open.size(), 4u);
  const KnownValue more[] = {p.known("nz", {2, 7})};
  ASSERT_TRUE((*p).resume(more, &p.result).ok());
  EXPECT_TRUE(p.result.open.empty());
  EXPECT_EQ(p.contents("k"), Dims{7});
  EXPECT_EQ(p.dims("z"), Dims{7});
}

TEST(ShapeProgram, ContentsThatOnlyDataTellAreAskedFor) {
  Program p(R"(graph "g" (%x: float32[N]) {
    %k = ai.onnx::ArgMax@13 (%x) axis = 0, keepdims = 1
    %z = ai.onnx::ConstantOfShape@9 (%k)
    return %z
  })");
  EXPECT_TRUE((*p).wants_contents(p.id("k")));
  const KnownValue inputs[] = {p.known("x", {3})};
  ASSERT_TRUE((*p).run(inputs, &p.result).ok());
  EXPECT_EQ(p.result.open.size(), 1u);
  const KnownValue more[] = {p.known("k", {1}, make_int64_constant({1}, {2}))};
  ASSERT_TRUE((*p).resume(more, &p.result).ok());
  EXPECT_EQ(p.dims("z"), Dims{2});
}

TEST(ShapeProgram, WrongInputsAreNamed) {
  Program p(R"(graph "g" (%x: float32[N, 4], %y: float32[N]) {
    %r = ai.onnx::Relu@14 (%x)
    %q = ai.onnx::Relu@14 (%y)
    return %r, %q
  })");
  const KnownValue rank[] = {p.known("x", {3})};
  EXPECT_EQ((*p).run(rank, &p.result).code(), TENON_INVALID_TENSOR);
  const KnownValue size[] = {p.known("x", {3, 5})};
  EXPECT_EQ((*p).run(size, &p.result).fields().value, "x");
  const KnownValue symbol[] = {p.known("x", {3, 4}), p.known("y", {2})};
  const Status status = (*p).run(symbol, &p.result);
  EXPECT_EQ(status.code(), TENON_INVALID_TENSOR);
  EXPECT_NE(status.message().find("'N'"), std::string::npos) << status.message();
}

TEST(ShapeProgram, ShapesThatClashNameTheNode) {
  Program p(R"(graph "g" (%x: float32[A], %y: float32[B]) {
    %r = ai.onnx::Add@14 "Sum" (%x, %y)
    return %r
  })");
  const KnownValue inputs[] = {p.known("x", {3}), p.known("y", {2})};
  const Status status = (*p).run(inputs, &p.result);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.fields().node, "main/Sum");
}

TEST(ShapeProgram, ABombInTheSliceIsALimit) {
  Program p(R"(graph "g" (%x: float32[N]) {
    %s = ai.onnx::Shape@15 (%x)
    %big = ai.onnx::ConstantOfShape@9 (%s) value = int64[1] {1}
    %y = ai.onnx::Expand@13 (%x, %big)
    return %y
  })");
  const KnownValue inputs[] = {p.known("x", {1 << 22})};
  EXPECT_EQ((*p).run(inputs, &p.result).code(), TENON_LIMIT);
}

TEST(ShapeProgram, AnIfWithEqualBranchesIsPlannedByItsSymbols) {
  Program p(R"(graph "g" (%c: bool[], %x: float32[N, 4]) {
    %r = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%x -> %in) {
      %o = ai.onnx::Neg@13 (%in)
      return %o
    }, else_branch = graph "e" () captures (%x -> %in) {
      %o = ai.onnx::Abs@13 (%in)
      return %o
    }
    return %r
  })");
  const KnownValue inputs[] = {p.known("c", {}), p.known("x", {3, 4})};
  ASSERT_TRUE((*p).run(inputs, &p.result).ok());
  EXPECT_EQ(p.dims("r"), (Dims{3, 4}));
}

}  // namespace
}  // namespace tenon
