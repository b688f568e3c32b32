// SPDX-License-Identifier: Apache-2.0
#include "core/ir/graph.hpp"

#include <gtest/gtest.h>

#include "core/ir/verify.hpp"

namespace tenon {
namespace {

std::unique_ptr<Model> empty_model() {
  auto model = std::make_unique<Model>();
  model->graph = std::make_unique<Graph>();
  model->graph->model = model.get();
  return model;
}

NodeId add(Graph& graph, std::string op, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
           NodeId before = kNone) {
  Node node;
  node.domain = "ai.onnx";
  node.op = std::move(op);
  node.inputs = std::move(inputs);
  node.outputs = std::move(outputs);
  return graph.add_node(std::move(node), before);
}

// x -> Relu -> a -> Neg -> y
struct Chain {
  std::unique_ptr<Model> model = empty_model();
  Graph& graph = *model->graph;
  ValueId x = graph.add_value("x"), a = graph.add_value("a"), y = graph.add_value("y");
  NodeId relu = add(graph, "Relu", {x}, {a}), neg = add(graph, "Neg", {a}, {y});
  Chain() {
    graph.inputs = {x};
    graph.outputs = {y};
  }
};

TEST(Graph, EditsKeepTheInvariants) {
  Chain chain;
  Graph& graph = chain.graph;
  ASSERT_TRUE(verify(*chain.model).ok());
  const ValueId b = graph.add_value("a");
  EXPECT_EQ(graph.values[b].name, "a_1");
  const NodeId abs = add(graph, "Abs", {chain.a}, {b}, chain.neg);
  graph.set_input(chain.neg, 0, b);
  EXPECT_EQ(graph.order, (std::vector<NodeId>{chain.relu, abs, chain.neg}));
  EXPECT_EQ(graph.values[chain.a].users, std::vector<NodeId>{abs});
  EXPECT_TRUE(verify(*chain.model).ok());
  graph.replace_uses(b, chain.a, false);
  graph.erase_node(abs);
  EXPECT_EQ(graph.order, (std::vector<NodeId>{chain.relu, chain.neg}));
  EXPECT_FALSE(graph.values[b].live);
  EXPECT_TRUE(verify(*chain.model).ok()) << verify(*chain.model).message();
}

TEST(Graph, ReplacingAnOutputKeepsItsName) {
  Chain chain;
  Graph& graph = chain.graph;
  EXPECT_TRUE(graph.can_take_outputs(chain.y, chain.a));
  EXPECT_FALSE(graph.can_take_outputs(chain.y, chain.x));
  graph.replace_uses(chain.y, chain.a, true);
  graph.erase_node(chain.neg);
  EXPECT_EQ(graph.outputs, std::vector<ValueId>{chain.a});
  EXPECT_EQ(graph.values[chain.a].name, "y");
  EXPECT_TRUE(verify(*chain.model).ok());
}

TEST(Graph, ReplaceReachesCapturesOfBodies) {
  Chain chain;
  Graph& graph = chain.graph;
  auto body = std::make_unique<Graph>();
  body->model = chain.model.get();
  Node node;
  node.domain = "ai.onnx";
  node.op = "If";
  node.name = "If_3";
  node.inputs = {chain.x};
  node.outputs = {graph.add_value("r")};
  node.bodies.emplace_back("then_branch", std::move(body));
  const NodeId id = graph.add_node(std::move(node));
  Graph& inner = *graph.nodes[id].bodies[0].second;
  const ValueId seen = inner.capture(chain.a);
  EXPECT_EQ(inner.capture(chain.a), seen);
  const ValueId out = inner.add_value("out");
  const NodeId conv = add(inner, "Conv", {seen}, {out});
  inner.outputs = {out};
  EXPECT_EQ(inner.path_of(conv), "main/If_3.then_branch/Conv");
  ASSERT_TRUE(verify(*chain.model).ok()) << verify(*chain.model).message();
  graph.replace_uses(chain.a, chain.x, false);
  EXPECT_EQ(inner.captures[0].outer, chain.x);
  EXPECT_TRUE(graph.values[chain.a].users.empty());
  EXPECT_TRUE(verify(*chain.model).ok()) << verify(*chain.model).message();
}

TEST(Graph, RebuildSortsAndNamesACycle) {
  Chain chain;
  Graph& graph = chain.graph;
  graph.order = {chain.neg, chain.relu};
  ASSERT_TRUE(graph.rebuild().ok());
  EXPECT_EQ(graph.order, (std::vector<NodeId>{chain.relu, chain.neg}));
  graph.nodes[chain.relu].inputs = {chain.y};
  const Status cycle = graph.rebuild();
  EXPECT_EQ(cycle.code(), TENON_INVALID_MODEL);
  EXPECT_NE(cycle.message().find("cycle"), std::string::npos);
}

TEST(Graph, RebuildNamesAValueMadeTwice) {
  Chain chain;
  chain.graph.nodes[chain.neg].outputs = {chain.a};
  const Status status = chain.graph.rebuild();
  EXPECT_EQ(status.code(), TENON_INVALID_MODEL);
  EXPECT_EQ(status.fields().value, "a");
}

TEST(Graph, EditsOfALongChainStayLinear) {
  auto model = empty_model();
  Graph& graph = *model->graph;
  constexpr uint32_t kNodes = 40000;
  ValueId last = graph.add_value("x");
  graph.inputs = {last};
  std::vector<NodeId> ids;
  for (uint32_t i = 0; i < kNodes; ++i) {
    const ValueId next = graph.add_value("v");
    ids.push_back(add(graph, "Relu", {last}, {next}));
    last = next;
  }
  graph.outputs = {last};
  ASSERT_TRUE(graph.rebuild().ok());
  std::vector<NodeId> erased;
  for (uint32_t i = 1; i + 1 < kNodes; i += 2) {
    graph.replace_uses(graph.nodes[ids[i]].outputs[0], graph.nodes[ids[i]].inputs[0], false);
    erased.push_back(ids[i]);
  }
  graph.erase_nodes(erased);
  EXPECT_EQ(graph.order.size(), kNodes - erased.size());
  EXPECT_TRUE(verify(*model).ok());
}

TEST(Graph, AttributesAreReadByTypeAndSet) {
  Node node;
  node.set_int("axis", 3);
  node.set_ints("axes", {1, 2});
  node.set_float("alpha", 0.5f);
  node.set_string("mode", "nearest");
  EXPECT_EQ(node.int_or("axis", 0), 3);
  EXPECT_EQ(node.int_or("alpha", 7), 7) << "another type is no integer";
  EXPECT_EQ(node.ints_or("axes", {}), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(node.float_or("alpha", 0), 0.5f);
  EXPECT_EQ(node.string_or("mode", ""), "nearest");
  node.set_int("axis", 4);
  node.erase_attribute("mode");
  EXPECT_EQ(node.attributes.size(), 3u);
  EXPECT_EQ(node.int_or("axis", 0), 4);
}

TEST(Model, ASymbolIsFoundAgainAndAFreshOneIsNew) {
  Model model;
  const SymbolId n = model.symbol("N");
  EXPECT_EQ(model.symbol("N"), n);
  const SymbolId fresh = model.fresh_symbol();
  EXPECT_NE(fresh, n);
  EXPECT_EQ(model.symbols[fresh].front(), '?');
  EXPECT_NE(model.symbol("M"), fresh);
}

}  // namespace
}  // namespace tenon
