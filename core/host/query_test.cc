// SPDX-License-Identifier: Apache-2.0
#include "core/host/query.hpp"

#include <gtest/gtest.h>

#include "core/host/test_provider.hpp"

namespace tenon {
namespace {

using testing_host::TestGraph;
using testing_host::TestProvider;

// x -> Neg a -> Add c -> out
//        \-> Neg b -/
class Query : public testing::Test {
 protected:
  void SetUp() override {
    const ValueId x = graph_.input("x");
    a_ = graph_.op("Neg", {x}, &neg_a_);
    b_ = graph_.op("Neg", {a_}, &neg_b_);
    const ValueId c = graph_.op("Add", {a_, b_}, &add_);
    graph_.graph.outputs = {c};
    provider_ = std::move(*fake_.accept());
  }

  std::shared_ptr<ProviderSession> session(bool fusion = true) {
    ProviderSessionConfig config;
    config.fusion = fusion;
    config.weights = std::make_shared<WeightStore>();
    config.weights->set_constants(graph_.model.constants);
    return std::move(*provider_->create_session(std::move(config)));
  }

  // What becomes of one claim on `nodes` (ids of the view) with `rules`.
  QueryResult claim(std::vector<uint32_t> nodes, std::vector<tenon_value_rule> rules = {}, bool fusion = true,
                    std::function<void(tenon_claim&)> edit = nullptr) {
    fake_.query = [=](const tenon_graph*, tenon_sink* sink) {
      tenon_claim record{};
      record.size = sizeof record;
      record.id = 7;
      record.nodes = nodes.data();
      record.nnodes = static_cast<uint32_t>(nodes.size());
      record.rules = rules.data();
      record.nrules = static_cast<uint32_t>(rules.size());
      record.rule_stride = sizeof(tenon_value_rule);
      if (edit) {
        edit(record);
      }
      host_table().claim(sink, &record);
      return TENON_OK;
    };
    const GraphView view = std::move(*GraphView::whole(graph_.graph));
    auto result = query_provider(*session(fusion), view);
    EXPECT_TRUE(result.ok());
    return std::move(*result);
  }

  void expect_dropped(const QueryResult& result, uint32_t rule, const std::string& words) {
    EXPECT_TRUE(result.claims.empty());
    ASSERT_FALSE(result.violations.empty());
    EXPECT_EQ(result.violations[0].rule, rule);
    EXPECT_NE(result.violations[0].text.find(words), std::string::npos) << result.violations[0].text;
  }

  TestProvider fake_;
  TestGraph graph_;
  NodeId neg_a_, neg_b_, add_;
  ValueId a_, b_;
  std::unique_ptr<Provider> provider_;
};

TEST_F(Query, claims_come_back_in_the_ids_of_the_graph) {
  const GraphView view = std::move(*GraphView::whole(graph_.graph));
  const auto result = query_provider(*session(), view);
  ASSERT_TRUE(result.ok());
  EXPECT_TRUE(result->violations.empty());
  ASSERT_EQ(result->claims.size(), 3u);
  EXPECT_EQ(result->claims[2].nodes, std::vector<NodeId>{add_});
  EXPECT_EQ(result->claims[2].inputs, (std::vector<ValueId>{a_, b_}));
  EXPECT_EQ(result->claims[2].outputs, graph_.graph.outputs);
}

TEST_F(Query, a_region_has_its_border) {
  const QueryResult result = claim({2, 0, 1});
  ASSERT_EQ(result.claims.size(), 1u);
  EXPECT_EQ(result.claims[0].nodes, (std::vector<NodeId>{neg_a_, neg_b_, add_}));
  EXPECT_EQ(result.claims[0].inputs, graph_.graph.inputs);
  EXPECT_EQ(result.claims[0].outputs, graph_.graph.outputs);
  EXPECT_TRUE(result.violations.empty());
}

TEST_F(Query, malformed_claims_are_dropped_with_the_rule) {
  expect_dropped(claim({9}), 6, "node 9 does not exist");
  expect_dropped(claim({}), 6, "no node");
  expect_dropped(claim({1, 1}), 6, "twice");
  expect_dropped(claim({0, 2}), 6, "not convex");
  expect_dropped(claim({0, 1}, {}, false), 6, "no fusion");
  expect_dropped(claim({0}, {}, true, [](tenon_claim& c) { c.device = 4; }), 6, "device 4");
  expect_dropped(claim({0}, {}, true, [](tenon_claim& c) { c.size = 8; }), 6, "size");
  expect_dropped(claim({0}, {}, true, [](tenon_claim& c) { c.nnodes = 4000000000u; }), 6, "more nodes");
  expect_dropped(claim({0}, {}, true, [](tenon_claim& c) { c.nodes = nullptr; }), 6, "NULL");
}

TEST_F(Query, rules_are_checked) {
  tenon_value_rule rule{};
  rule.value = 2;  // b, inside {0, 1, 2}
  expect_dropped(claim({0, 1, 2}, {rule}), 6, "not at its border");
  rule.value = 0;
  EXPECT_EQ(claim({0}, {rule}).claims.size(), 1u);
  expect_dropped(claim({0}, {rule, rule}), 6, "two rules");
  rule.memory_mask = 2;
  expect_dropped(claim({0}, {rule}), 9, "memory kind");
  rule.memory_mask = 0;
  rule.align = 48;
  expect_dropped(claim({0}, {rule}), 9, "alignment 48");
  rule.align = 64;
  rule.flags = TENON_RULE_CONST_NEEDED;
  expect_dropped(claim({0}, {rule}), 6, "needs a constant");
  rule.flags = 0;
  rule.layout.kind = TENON_LAYOUT_BLOCKED;
  rule.layout.axis = 3;
  rule.layout.block = 8;
  expect_dropped(claim({0}, {rule}), 9, "blocks axis 3");
  rule.layout = {};
  rule.layout.kind = TENON_LAYOUT_OPAQUE;
  expect_dropped(claim({0}, {rule}), 9, "opaque");
}

TEST_F(Query, silence_about_a_node_is_reported) {
  const QueryResult result = claim({0});
  ASSERT_EQ(result.claims.size(), 1u);
  ASSERT_EQ(result.violations.size(), 1u);
  EXPECT_EQ(result.violations[0].rule, 6u);
  EXPECT_NE(result.violations[0].text.find("2 nodes are neither claimed nor refused"), std::string::npos);
  EXPECT_EQ(result.refusals.size(), 2u);
}

TEST_F(Query, the_providers_own_error_and_exception_are_errors) {
  const GraphView view = std::move(*GraphView::whole(graph_.graph));
  fake_.query = [](const tenon_graph*, tenon_sink*) { return TENON_DEVICE_LOST; };
  EXPECT_EQ(query_provider(*session(), view).status().code(), TENON_DEVICE_LOST);
  fake_.query = [](const tenon_graph*, tenon_sink*) -> int32_t { throw 1; };
  EXPECT_EQ(query_provider(*session(), view).status().code(), TENON_PROVIDER_RULE);
}

TEST_F(Query, a_provider_that_never_stops_is_stopped) {
  fake_.query = [](const tenon_graph* graph, tenon_sink* sink) {
    for (uint64_t i = 0; i < 10'000'000; ++i) {
      const uint32_t node = 0;
      tenon_claim record{};
      record.size = sizeof record;
      record.nodes = &node;
      record.nnodes = 1;
      if (const int32_t code = host_table().claim(sink, &record); code != TENON_OK) {
        EXPECT_EQ(code, TENON_LIMIT);
        EXPECT_LE(i, 64u * graph->nnodes + 1024);
        return TENON_OK;
      }
    }
    return TENON_INTERNAL;
  };
  const GraphView view = std::move(*GraphView::whole(graph_.graph));
  EXPECT_TRUE(query_provider(*session(), view).ok());
}

TEST(View, shows_attributes_constants_and_captures) {
  TestGraph outer;
  const ValueId x = outer.input("x");
  const ValueId k = outer.constant("k", {1, 2, 3, 4});
  NodeId id;
  const ValueId y = outer.op("Add", {x, k}, &id);
  outer.graph.nodes[id].set_int("axis", 3);
  outer.graph.nodes[id].set_ints("pads", {1, 2});
  outer.graph.nodes[id].set_string("mode", "edge");
  auto body = std::make_unique<Graph>();
  body->model = &outer.model;
  body->parent = &outer.graph;
  const ValueId inner = body->add_value("y", outer.graph.values[y].type);
  body->captures.push_back({y, inner});
  body->outputs = {inner};
  Node with_body;
  with_body.name = "if";
  with_body.domain = "ai.onnx";
  with_body.op = "If";
  with_body.inputs = {x};
  with_body.outputs = {outer.value("z")};
  with_body.bodies.emplace_back("then_branch", std::move(body));
  const NodeId if_node = outer.graph.add_node(std::move(with_body));
  ASSERT_TRUE(outer.graph.rebuild().ok());
  outer.graph.outputs = {outer.graph.nodes[if_node].outputs[0]};

  const GraphView view = std::move(*GraphView::whole(outer.graph));
  const tenon_node& add = view.raw().nodes[0];
  EXPECT_EQ(add.nattributes, 3u);
  EXPECT_EQ(add.attributes[0].i, 3);
  EXPECT_EQ(add.attributes[1].count, 2u);
  EXPECT_EQ(tenon::view(add.attributes[2].s), "edge");
  EXPECT_EQ(view.raw().values[add.inputs[1]].const_id, outer.graph.values[k].constant);
  EXPECT_EQ(view.raw().values[add.inputs[0]].dims[0], 4);
  const tenon_node& shown = view.raw().nodes[1];
  ASSERT_EQ(shown.ninputs, 2u);  // its own and what the body captures
  EXPECT_EQ(shown.inputs[1], add.outputs[0]);
  EXPECT_TRUE(host_only(outer.graph, outer.graph.nodes[if_node]));

  const Graph& then_branch = *outer.graph.nodes[if_node].bodies[0].second;
  const GraphView inside = std::move(*GraphView::whole(then_branch));
  ASSERT_EQ(inside.raw().ninputs, 1u);
  EXPECT_EQ(inside.raw().values[inside.raw().inputs[0]].flags, TENON_VALUE_CAPTURED);
}

TEST(View, a_region_names_where_it_comes_from) {
  TestGraph test;
  const ValueId x = test.input("x");
  NodeId first, second;
  const ValueId a = test.op("Neg", {x});
  const ValueId b = test.op("Neg", {a}, &first);
  const ValueId c = test.op("Add", {b, test.constant("k", {1, 1, 1, 1})}, &second);
  test.graph.outputs = {c};
  const GraphView whole = std::move(*GraphView::whole(test.graph));
  const std::vector<NodeId> nodes{first, second};
  const GraphView region = std::move(*GraphView::region(whole, nodes));
  ASSERT_EQ(region.raw().nnodes, 2u);
  EXPECT_EQ(region.raw().nodes[0].id, 0u);
  EXPECT_EQ(region.raw().nodes[0].origin, 1u);
  ASSERT_EQ(region.raw().ninputs, 2u);
  EXPECT_EQ(region.value(region.raw().inputs[0]), a);
  ASSERT_EQ(region.raw().noutputs, 1u);
  EXPECT_EQ(region.value(region.raw().outputs[0]), c);
  EXPECT_EQ(region.raw().values[region.raw().inputs[0]].origin, whole.local_value(a));
}

}  // namespace
}  // namespace tenon
