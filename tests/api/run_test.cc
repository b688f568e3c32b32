// SPDX-License-Identifier: Apache-2.0
// tenon_session_run: memory of inputs and outputs, views, branches, shapes, cancel and deadline.
#include <cstdint>
#include <string>
#include <vector>

#include "tests/api/api.hpp"

namespace api_test {
namespace {

using model_builder::Graph;
using model_builder::graph_attribute;
using model_builder::initializer;
using model_builder::model;
using model_builder::node;
using Floats = std::vector<float>;

// y = Relu(x) + x, z = y as a row.
std::string residual() {
  Graph graph;
  graph.nodes = {node("Relu", {"x"}, {"a"}), node("Add", {"a", "x"}, {"y"}), node("Reshape", {"y", "row"}, {"z"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"n", "2"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"n", "2"}}, {"z", TENON_FLOAT32, {"m"}}};
  graph.initializers = {initializer<int64_t>("row", TENON_INT64, {1}, {-1})};
  return model(graph);
}

class RunTest : public ApiTest {};

TEST_F(RunTest, MakesOutputsAndFollowsShapes) {
  load(residual());
  Floats two = {1, -2, 3, -4};
  Floats three = {1, -1, 2, -2, 3, -3};
  EXPECT_EQ(answer({floats(&two, {2, 2}).get()}, 2), (Floats{2, -2, 6, -4}));
  EXPECT_EQ(answer({floats(&three, {3, 2}).get()}, 2), (Floats{2, -1, 4, -2, 6, -3}));
  EXPECT_EQ(answer({floats(&two, {2, 2}).get()}, 2), (Floats{2, -2, 6, -4}));
}

TEST_F(RunTest, WritesGivenMemoryInPlace) {
  load(residual());
  Floats x = {1, -2};
  Floats y(2), z(2);
  const auto in = floats(&x, {1, 2});
  const auto first = floats(&y, {1, 2});
  const auto second = floats(&z, {2});
  std::vector<tenon_value*> outputs = {first.get(), second.get()};
  ASSERT_EQ(run({in.get()}, &outputs), TENON_OK) << status_.msg;
  EXPECT_EQ(outputs[0], first.get());
  EXPECT_EQ(y, (Floats{2, -2}));
  EXPECT_EQ(z, (Floats{2, -2}));
}

TEST_F(RunTest, OutputOverItsInputIsRightAllTheSame) {
  load(residual());
  Floats x = {1, -2};
  const auto in = floats(&x, {1, 2});
  const auto out = floats(&x, {1, 2});
  std::vector<tenon_value*> outputs = {out.get(), nullptr};
  ASSERT_EQ(run({in.get()}, &outputs), TENON_OK) << status_.msg;
  EXPECT_EQ(x, (Floats{2, -2}));
  tenon_value_release(outputs[1]);
}

TEST_F(RunTest, UnwantedOutputsAreNotMade) {
  load(residual());
  Floats x = {1, -2};
  const auto in = floats(&x, {1, 2});
  std::vector<tenon_value*> outputs = {nullptr, nullptr};
  const uint8_t wanted[] = {0, 1};
  ASSERT_EQ(run({in.get()}, &outputs, nullptr, wanted), TENON_OK) << status_.msg;
  EXPECT_EQ(outputs[0], nullptr);
  EXPECT_EQ(read(outputs[1]), (Floats{2, -2}));
  tenon_value_release(outputs[1]);
}

TEST_F(RunTest, StridedInputsAreReadAsTheyLie) {
  load(residual());
  Floats columns = {1, 10, -2, 20};  // the transpose of what the model gets
  const auto in = floats(&columns, {2, 2}, {4, 8});
  EXPECT_EQ(answer({in.get()}, 2), (Floats{2, -2, 20, 40}));
  Floats backwards = {4, 3, 2, 1};
  const auto reversed = floats(&backwards, {2, 2}, {-8, -4}, 3);
  EXPECT_EQ(answer({reversed.get()}, 2), (Floats{2, 4, 6, 8}));
}

TEST_F(RunTest, EmptyTensorsRun) {
  load(residual());
  Floats none;
  EXPECT_EQ(answer({floats(&none, {0, 2}).get()}, 2), Floats{});
}

TEST_F(RunTest, WrongInputsNameThemselves) {
  load(residual());
  Floats x = {1, 2, 3};
  std::vector<tenon_value*> outputs(2, nullptr);
  EXPECT_EQ(run({floats(&x, {1, 3}).get()}, &outputs), TENON_INVALID_TENSOR);
  EXPECT_EQ(fields_value(), "x");
  EXPECT_EQ(run({nullptr}, &outputs), TENON_INVALID_TENSOR);
  EXPECT_EQ(fields_value(), "x");
  const int64_t dims[] = {1, 2};
  tenon_value* wrong = nullptr;
  ASSERT_EQ(tenon_value_create(TENON_FLOAT64, dims, 2, &wrong, nullptr), TENON_OK);
  EXPECT_EQ(run({wrong}, &outputs), TENON_INVALID_TENSOR);
  EXPECT_NE(std::string(status_.msg).find("float64"), std::string::npos) << status_.msg;
  tenon_value_release(wrong);
  EXPECT_EQ(run({}, &outputs), TENON_INVALID_ARGUMENT);
}

TEST_F(RunTest, GivenOutputOfOtherDimsIsRefused) {
  load(residual());
  Floats x = {1, 2};
  Floats y(4);
  const auto in = floats(&x, {1, 2});
  const auto out = floats(&y, {2, 2});
  std::vector<tenon_value*> outputs = {out.get(), nullptr};
  EXPECT_EQ(run({in.get()}, &outputs), TENON_INVALID_TENSOR);
  EXPECT_EQ(outputs[1], nullptr);
  EXPECT_EQ(fields_value(), "y");
}

// Outputs that are an input, a constant, and one value twice.
TEST_F(RunTest, OutputsThatNothingComputes) {
  Graph graph;
  graph.nodes = {node("Identity", {"x"}, {"same"}), node("Neg", {"x"}, {"n"}), node("Identity", {"n"}, {"m"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"2"}}};
  graph.outputs = {{"same", TENON_FLOAT32, {"2"}},
                   {"c", TENON_FLOAT32, {"1"}},
                   {"n", TENON_FLOAT32, {"2"}},
                   {"m", TENON_FLOAT32, {"2"}}};
  graph.initializers = {initializer<float>("c", TENON_FLOAT32, {1}, {7})};
  load(model(graph));
  Floats x = {1, -2};
  std::vector<tenon_value*> outputs(4, nullptr);
  ASSERT_EQ(run({floats(&x, {2}).get()}, &outputs), TENON_OK) << status_.msg;
  EXPECT_EQ(read(outputs[0]), (Floats{1, -2}));
  EXPECT_EQ(read(outputs[1]), (Floats{7}));
  EXPECT_EQ(read(outputs[2]), (Floats{-1, 2}));
  EXPECT_EQ(read(outputs[3]), (Floats{-1, 2}));
  for (tenon_value* value : outputs) {
    tenon_value_release(value);
  }
}

// One input is read by two nodes after a node that may write in place: the first must not destroy it.
TEST_F(RunTest, SharedMemoryIsNotOverwrittenWhileNeeded) {
  Graph graph;
  graph.nodes = {node("Neg", {"x"}, {"a"}), node("Reshape", {"a", "row"}, {"view"}), node("Neg", {"a"}, {"b"}),
                 node("Reshape", {"b", "row"}, {"c"}), node("Add", {"view", "c"}, {"y"})};
  graph.inputs = {{"x", TENON_FLOAT32, {"2", "2"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"4"}}};
  graph.initializers = {initializer<int64_t>("row", TENON_INT64, {1}, {-1})};
  ASSERT_EQ(set("passes", "none"), TENON_OK);
  load(model(graph));
  Floats x = {1, 2, 3, 4};
  EXPECT_EQ(answer({floats(&x, {2, 2}).get()}), (Floats{0, 0, 0, 0}));
}

// If within If: the condition is an input, the bodies capture values and differ in their output's dims.
std::string branches() {
  Graph inner_then;
  inner_then.nodes = {node("Neg", {"x"}, {"r1"})};
  inner_then.outputs = {{"r1", TENON_FLOAT32, {"n"}}};
  Graph inner_else;
  inner_else.nodes = {
      node("Concat", {"x", "x"}, {"r2"}, {model_builder::Message().text(1, "axis").number(3, 0).number(20, 2)})};
  inner_else.outputs = {{"r2", TENON_FLOAT32, {"k"}}};
  Graph outer_then;
  outer_then.nodes = {node("If", {"c2"}, {"r3"},
                           {graph_attribute("then_branch", inner_then), graph_attribute("else_branch", inner_else)})};
  outer_then.outputs = {{"r3", TENON_FLOAT32, {"k"}}};
  Graph outer_else;
  outer_else.nodes = {node("Identity", {"x"}, {"r4"})};
  outer_else.outputs = {{"r4", TENON_FLOAT32, {"n"}}};
  Graph graph;
  graph.nodes = {node("If", {"c1"}, {"r"},
                      {graph_attribute("then_branch", outer_then), graph_attribute("else_branch", outer_else)}),
                 node("Neg", {"r"}, {"y"})};
  graph.inputs = {{"c1", TENON_BOOL, {}}, {"c2", TENON_BOOL, {}}, {"x", TENON_FLOAT32, {"n"}}};
  graph.outputs = {{"y", TENON_FLOAT32, {"k"}}};
  return model(graph);
}

TEST_F(RunTest, NestedBranchesWithOtherDims) {
  load(branches());
  uint8_t yes = 1;
  uint8_t no = 0;
  const auto flag = [](uint8_t* data) {
    tenon_tensor tensor = {};
    tensor.size = sizeof tensor;
    tensor.dtype = TENON_BOOL;
    tensor.bytes = 1;
    tensor.data = data;
    tenon_value* value = nullptr;
    EXPECT_EQ(tenon_value_wrap(&tensor, &value, nullptr), TENON_OK);
    return Owned<tenon_value>(value);
  };
  Floats x = {1, -2};
  const auto in = floats(&x, {2});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(answer({flag(&yes).get(), flag(&yes).get(), in.get()}), (Floats{1, -2}));
    EXPECT_EQ(answer({flag(&yes).get(), flag(&no).get(), in.get()}), (Floats{-1, 2, -1, 2}));
    EXPECT_EQ(answer({flag(&no).get(), flag(&no).get(), in.get()}), (Floats{-1, 2}));
  }
}

TEST_F(RunTest, CancelAndDeadlineEndARunAndLeaveTheSessionWell) {
  load(residual());
  Floats x = {1, -2};
  const auto in = floats(&x, {1, 2});
  tenon_run_options* made = nullptr;
  ASSERT_EQ(tenon_run_options_create(&made, nullptr), TENON_OK);
  const Owned<tenon_run_options> options(made);
  std::vector<tenon_value*> outputs(2, nullptr);
  tenon_run_options_cancel(made);
  EXPECT_EQ(run({in.get()}, &outputs, made), TENON_CANCELLED);
  EXPECT_EQ(outputs[0], nullptr);
  tenon_run_options_reset(made);
  tenon_run_options_set_timeout(made, 1);
  // The clock of deadlines may be 4 ms late: the run ends with success or DEADLINE, never with anything else.
  const int32_t code = run({in.get()}, &outputs, made);
  EXPECT_TRUE(code == TENON_OK || code == TENON_DEADLINE) << status_.msg;
  for (tenon_value*& value : outputs) {
    tenon_value_release(value);
    value = nullptr;
  }
  EXPECT_EQ(answer({in.get()}, 2), (Floats{2, -2}));
}

TEST_F(RunTest, MemoryLimitIsNamed) {
  ASSERT_EQ(set("memory_limit", "1000"), TENON_OK);
  load(residual());
  Floats x(4096, 1.0F);
  std::vector<tenon_value*> outputs(2, nullptr);
  EXPECT_EQ(run({floats(&x, {2048, 2}).get()}, &outputs), TENON_LIMIT) << status_.msg;
  Floats small = {1, -2};
  EXPECT_EQ(answer({floats(&small, {1, 2}).get()}, 2), (Floats{2, -2}));
}

TEST_F(RunTest, ASessionOutlivesItsEnvironmentsHandle) {
  load(residual());
  env_.reset();
  Floats x = {1, -2};
  EXPECT_EQ(answer({floats(&x, {1, 2}).get()}, 2), (Floats{2, -2}));
}

}  // namespace
}  // namespace api_test
