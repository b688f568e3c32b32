// SPDX-License-Identifier: Apache-2.0
// What import raises comes back as it was; what has no way back is refused by name. The answers are compared on another
// runtime by tests/optimize.
#include "core/onnx/lowering/lowering.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "core/base/file.hpp"
#include "core/onnx/export.hpp"
#include "core/onnx/testing.hpp"

namespace tenon {
namespace {

using namespace onnx_testing;

class Written : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "tenon_export_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern + "/model.onnx";
  }
  void TearDown() override { std::filesystem::remove_all(folder_of(path_)); }

  // Imports at `opset`, writes for `target` and reads the message.
  Result<tenon_onnx::ModelProto> write(std::string_view graph, int opset, uint32_t target = 0) {
    TENON_ASSIGN_OR_RETURN(auto model, import_graph(graph, opset));
    ExportOptions options;
    options.opset = target;
    TENON_RETURN_IF_ERROR(export_model(model.get(), path_, options, &report_));
    TENON_ASSIGN_OR_RETURN(const std::string bytes, read_file(path_));
    tenon_onnx::ModelProto proto;
    EXPECT_TRUE(proto.ParseFromString(bytes));
    EXPECT_EQ(bytes.size(), report_.bytes);
    return proto;
  }

  // "Op/inputs name=value ...", a node a word group, joined by "; ".
  std::string nodes(std::string_view graph, int opset, uint32_t target = 0) {
    const auto proto = write(graph, opset, target);
    if (!proto.ok()) {
      return proto.status().message();
    }
    std::string text;
    for (const auto& node : proto->graph().node()) {
      text += (text.empty() ? "" : "; ") + node.op_type() + "/" + std::to_string(node.input_size());
      for (const auto& attribute : node.attribute()) {
        text += " " + attribute.name() + "=";
        for (const int64_t value : attribute.ints()) {
          text += std::to_string(value) + ",";
        }
        text += attribute.has_i()   ? std::to_string(attribute.i())
                : attribute.has_s() ? attribute.s()
                : attribute.has_f() ? std::to_string(attribute.f())
                                    : std::string();
      }
    }
    return text;
  }

  std::string path_;
  ExportReport report_;
};

TEST_F(Written, OldFormsComeBack) {
  const struct {
    int opset;
    const char *graph, *nodes;
  } cases[] = {
      {12, "g (float[2,3] x) => (float[2] y) { y = ReduceSum<axes = [1], keepdims = 0>(x) }",
       "ReduceSum/1 keepdims=0 axes=1,"},
      {17, "g (float[2,3] x) => (float[2] y) { y = ReduceMean<axes = [1], keepdims = 0>(x) }",
       "ReduceMean/1 keepdims=0 axes=1,"},
      {11, "g (float[2,1] x) => (float[2] y) { y = Squeeze<axes = [-1]>(x) }", "Squeeze/1 axes=-1,"},
      {10, "g (float[2,1] x) => (float[2] y) { y = Squeeze<axes = [1]>(x) }", "Squeeze/1 axes=1,"},
      {9, "g (float[4,5] x) => (float[2,5] y) { y = Slice<axes = [0], starts = [1], ends = [3]>(x) }",
       "Slice/1 starts=1, ends=3, axes=0,"},
      {12, "g (float[4] x) => (float[1] y, float[3] z) { y, z = Split<axis = 0, split = [1, 3]>(x) }",
       "Split/1 split=1,3,"},
      {13, "g (float[4] x) => (float[2] y, float[2] z) { y, z = Split(x) }", "Split/1"},
      {10, "g (float[2] x) => (float[2] y) { y = Clip<min = 0.0, max = 6.0>(x) }", "Clip/1 min=0.000000 max=6.000000"},
      {10, "g (float[2,3] x) => (float[a,b] y) { y = Pad<pads = [1, 0, 0, 2], value = 1.5>(x) }",
       "Pad/1 pads=1,0,0,2, value=1.500000"},
      {12, "g (float[2,3] x) => (float[2,3] y) { y = Softmax<axis = 1>(x) }", "Softmax/1"},
      {13, "g (float[2,3] x) => (float[2,3] y) { y = Softmax<axis = 0>(x) }", "Softmax/1 axis=0"},
      {11, "g (float[2,3,4] x) => (float[2,3,4] y) { y = LogSoftmax<axis = 0>(x) }", "LogSoftmax/1 axis=0"},
      {9, "g (float[1,1,2,2] x) => (float[a,b,c,d] y) <float[4] s = {1, 1, 2, 2}> { y = Upsample(x, s) }",
       "Upsample/2"},
      {11, "g (float[1,1,2,2] x, float[0] r, float[4] s) => (float[a,b,c,d] y) { y = Resize(x, r, s) }", "Resize/3"},
      {9, "g (float[6] x) => (float[2] y, int64[2] i) { y, i = TopK<k = 2>(x) }", "TopK/1 axis=0 k=2"},
      {10, "g (float[3] x, int64[1] i, float[1] u) => (float[3] y) { y = Scatter(x, i, u) }", "Scatter/3"},
      {15, "g (float[1,1,4,4] x, float[1,4] r, int64[1] b) => (float[1,1,1,1] y) { y = RoiAlign(x, r, b) }",
       "RoiAlign/3"},
      {9,
       "g (float[1,3,2] x, float[3] s, float[3] b, float[3] m, float[3] v) => (float[1,3,2] y) { "
       "y = BatchNormalization(x, s, b, m, v) }",
       "BatchNormalization/5"},
      {6, "g (float[2,3] x, float[3] b) => (float[2,3] y) { y = Add<broadcast = 1>(x, b) }",
       "Add/2 axis=1 broadcast=1"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(nodes(one.graph, one.opset), one.nodes) << one.graph << " of opset " << one.opset;
    EXPECT_EQ(report_.opset, static_cast<uint32_t>(one.opset));
  }
}

TEST_F(Written, NewFormsBecomeOlderOnes) {
  EXPECT_EQ(nodes("g (float[2,3,4] x) => (float[2,3,4] y) { y = Softmax<axis = 1>(x) }", 20, 11),
            "Transpose/1 perm=0,2,1,; Softmax/1 axis=2; Transpose/1 perm=0,2,1,");
  EXPECT_EQ(nodes("g (float[2,3,4] x) => (int64[2] y) { y = Shape<start = 1>(x) }", 20, 13), "Shape/1; Slice/3");
  EXPECT_EQ(nodes("g (float[5] x) => (float[3] y, float[2] z) { y, z = Split<num_outputs = 2>(x) }", 20, 13),
            "Split/2");
  EXPECT_EQ(nodes("g (float[2,3] x) => (float[a,b] y) <int64[2] p = {1, 2}, int64[1] a = {-1}> { y = Pad(x, p, , a) }",
                  20, 11),
            "Pad/2");
  EXPECT_EQ(nodes("g (float[2,3] a, float[3,4] b) => (float[2,4] y) { y = Gemm(a, b) }", 20, 9), "Gemm/3");
  EXPECT_EQ(nodes("g (float[2,3] x) => (float[2,3] y) { y = Clip(x) }", 20, 9), "Clip/1 min=-inf max=inf");
  EXPECT_EQ(report_.ir_version, 8);  // of the model
}

TEST_F(Written, WhatHasNoWayBackIsNamed) {
  const struct {
    uint32_t target;
    const char *graph, *words;
  } cases[] = {
      {13, "g (float[2] x, int64[k] a) => (float[b] y) { y = ReduceMax(x, a) }", "its axes have to be constants"},
      {9, "g (float[4] x, int64[1] s, int64[1] e) => (float[b] y) { y = Slice(x, s, e) }",
       "its starts have to be constants"},
      {18, "g (float[2,2] x, int64[4] p) => (float[a,b] y) { y = Pad<mode = \"wrap\">(x, p) }", "came with opset 19"},
      {13, "g (float[2] x) => (float[2] y) { y = Gelu(x) }", "there is no Gelu in opset 13"},
      {11, "g (int64[2] x) => (int64[2] y) { y = Clip(x) }", "expected one of"},
  };
  for (const auto& one : cases) {
    const auto proto = write(one.graph, 20, one.target);
    ASSERT_FALSE(proto.ok()) << one.graph;
    EXPECT_EQ(proto.status().code(), TENON_UNSUPPORTED);
    EXPECT_NE(proto.status().message().find(one.words), std::string::npos) << proto.status().message();
    EXPECT_TRUE(proto.status().fields().node.starts_with("main/")) << proto.status().fields().node;
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(Written, SeveralNodesAreNamedTogether) {
  const auto proto =
      write("g (float[2] x) => (float[2] y) { a = Gelu(x) b = Gelu(a) c = Gelu(b) d = Gelu(c) y = Gelu(d) }", 20, 13);
  ASSERT_FALSE(proto.ok());
  EXPECT_NE(proto.status().message().find("main/Gelu_0 (ai.onnx.Gelu)"), std::string::npos) << proto.status().message();
  EXPECT_NE(proto.status().message().find("and 2 more nodes"), std::string::npos);
}

TEST_F(Written, WeightsLeaveAFileThatWouldBeTooLarge) {
  auto proto = model_of("g (float[64,64] x) => (float[64,64] y) { h = MatMul(x, w) y = Add(h, b) }", 20);
  for (const auto& [name, count] : {std::pair{"w", 64 * 64}, {"b", 64}}) {
    tenon_onnx::TensorProto* tensor = proto.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(TENON_FLOAT32);
    tensor->add_dims(count / 64);
    tensor->add_dims(64);
    tensor->set_raw_data(std::string(static_cast<size_t>(count) * 4, 'w'));
  }
  ExportOptions options;
  for (const uint64_t most : {uint64_t{20'000}, uint64_t{10'000}, uint64_t{100}}) {
    auto model = import_proto(proto);
    ASSERT_TRUE(model.ok());
    options.most_bytes = most;
    ExportReport report;
    const Status status = export_model(model->get(), path_, options, &report);
    EXPECT_EQ(status.code(), most == 100 ? TENON_LIMIT : TENON_OK) << status.message();
    EXPECT_EQ(report.external_file, most == 10'000 ? "model.onnx.data" : "");
    EXPECT_EQ(std::filesystem::exists(path_ + ".data"), most == 10'000);
    if (most == 10'000) {
      EXPECT_EQ(report.external_bytes, 16384U);
      const auto again = import_file(path_);
      ASSERT_TRUE(again.ok()) << again.status().message();
      EXPECT_EQ((*again)->constants.front()->full_bytes(), 16384U);
    }
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".data");
  }
}

TEST_F(Written, TryingLeavesNothing) {
  auto model = import_graph("g (float[2,3,4] x) => (float[2,3,4] y) { y = Softmax<axis = 1>(x) }", 20);
  ASSERT_TRUE(model.ok());
  Graph& graph = *(*model)->graph;
  const std::string before = to_text(graph, {});
  EXPECT_TRUE(lowering::can_lower(&graph, graph.nodes[graph.order[0]], lowering::make_targets(**model, 11)).ok());
  EXPECT_EQ(to_text(graph, {}), before);
  EXPECT_TRUE(verify(**model).ok());
}

}  // namespace
}  // namespace tenon
