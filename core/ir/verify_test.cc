// SPDX-License-Identifier: Apache-2.0
#include "core/ir/verify.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace tenon {
namespace {

// x, w -> Add -> y
std::unique_ptr<Model> sample() {
  auto model = std::make_unique<Model>();
  model->graph = std::make_unique<Graph>();
  Graph& graph = *model->graph;
  graph.model = model.get();
  const ValueId x = graph.add_value("x", Type::tensor(TENON_INT64));
  const ValueId w = graph.add_constant("w", make_int64_constant({1}, {4}));
  const ValueId y = graph.add_value("y", Type::tensor(TENON_INT64));
  Node node;
  node.domain = "ai.onnx";
  node.op = "Add";
  node.inputs = {x, w};
  node.outputs = {y};
  graph.add_node(std::move(node));
  graph.inputs = {x};
  graph.outputs = {y};
  return model;
}

TEST(Verify, AcceptsASoundModel) { EXPECT_TRUE(verify(*sample()).ok()); }

TEST(Verify, NamesEveryBrokenInvariant) {
  struct Case {
    const char* expected;
    std::function<void(Model&, Graph&)> damage;
  };
  const Case cases[] = {
      {"does not exist", [](Model&, Graph& g) { g.nodes[0].inputs[0] = 99; }},
      {"is erased", [](Model&, Graph& g) { g.values[0].live = false; }},
      {"two values are named", [](Model&, Graph& g) { g.values[1].name = "x"; }},
      {"has 0 sources", [](Model&, Graph& g) { g.inputs.clear(); }},
      {"has 2 sources", [](Model&, Graph& g) { g.inputs.push_back(2); }},
      {"does not name it as its producer", [](Model&, Graph& g) { g.values[2].producer = kNone; }},
      {"does not stand in order", [](Model&, Graph& g) { g.order.clear(); }},
      {"stands in order twice", [](Model&, Graph& g) { g.order.push_back(0); }},
      {"lists 0 users", [](Model&, Graph& g) { g.values[0].users.clear(); }},
      {"names a constant that does not exist", [](Model& m, Graph&) { m.constants.clear(); }},
      {"its constant is int64", [](Model&, Graph& g) { g.values[1].type.dtype = TENON_FLOAT32; }},
      {"unknown symbol",
       [](Model&, Graph& g) {
         g.values[0].type.shape = {{Dim{-1, 77}}};
       }},
      {"unknown origin", [](Model&, Graph& g) { g.nodes[0].origins = {5}; }},
      {"no domain", [](Model&, Graph& g) { g.nodes[0].domain.clear(); }},
      {"overridable", [](Model& m, Graph&) { m.overridable[2] = make_int64_constant({}, {1}); }},
  };
  for (const Case& c : cases) {
    auto model = sample();
    c.damage(*model, *model->graph);
    const Status status = verify(*model);
    EXPECT_EQ(status.code(), TENON_INTERNAL) << c.expected;
    EXPECT_NE(status.message().find(c.expected), std::string::npos) << status.message();
  }
}

TEST(Verify, AConstantHoldsWhatItsDimsSay) {
  auto model = sample();
  auto broken = std::make_shared<Constant>(*model->constants[0]);
  broken->dims = {2};
  model->constants[0] = broken;
  EXPECT_EQ(verify(*model).code(), TENON_INTERNAL);
}

TEST(Verify, InterfaceIsKept) {
  auto model = sample();
  const Interface before = interface_of(*model->graph);
  EXPECT_TRUE(verify_interface(before, *model->graph).ok());
  model->graph->values[2].name = "z";
  EXPECT_FALSE(verify_interface(before, *model->graph).ok());
}

}  // namespace
}  // namespace tenon
