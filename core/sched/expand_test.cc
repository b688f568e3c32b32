// SPDX-License-Identifier: Apache-2.0
#include "core/sched/expand.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/ir/text.hpp"
#include "core/ir/verify.hpp"
#include "core/opt/run_passes.hpp"

namespace tenon {
namespace {

using Operators = std::set<std::string>;

// A provider that claims each node of the operators that it knows, one by one.
struct Fake {
  std::string id;
  Operators operators;
  bool last_resort = false;
};

Answer answer(const Graph& graph, const Fake& fake) {
  Answer made{fake.id, fake.last_resort, {}};
  for (NodeId id : graph.order) {
    const Node& node = graph.nodes[id];
    if (!fake.operators.contains(node.op)) {
      made.said.refusals.push_back({id, TENON_REFUSE_OP, kNone, "has no " + node.op});
      continue;
    }
    Claim claim;
    claim.nodes = {id};
    for (ValueId value : node.inputs) {
      if (value != kNone) {
        claim.inputs.push_back(value);
        claim.input_rules.push_back({value, 1, 0, 0, {}});
      }
    }
    for (ValueId value : node.outputs) {
      claim.outputs.push_back(value);
      claim.output_rules.push_back({value, 1, 0, 0, {}});
    }
    made.said.claims.push_back(std::move(claim));
  }
  return made;
}

class ExpandTest : public ::testing::Test {
 protected:
  void load(const std::string& graph, const std::string& passes = "none") {
    auto parsed = model_from_text("tenon-ir 1\nir_version 10\nopset ai.onnx 28\n" + graph);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    model_ = std::move(parsed).value();
    for_each_graph(*model_->graph, [&](Graph& each) {
      for (NodeId id : each.order) {
        each.nodes[id].origins = {static_cast<OriginId>(model_->origins.size())};
        model_->origins.push_back({each.path_of(id), "ai.onnx", each.nodes[id].op, 28, Fate::runs, {}, {}});
      }
    });
    Status status = infer_model(model_.get());
    PassOptions options;
    options.passes = passes;
    status = status.ok() ? run_passes(model_.get(), options, {}) : status;
    ASSERT_TRUE(status.ok()) << status.message();
  }

  Expanded expand(const std::vector<Fake>& fakes, ExpandOptions options = {}) {
    asked_ = 0;
    const AskAll ask = [&](const Graph& graph) -> Result<std::vector<Answer>> {
      ++asked_;
      std::vector<Answer> answers;
      for (const Fake& fake : fakes) {
        answers.push_back(answer(graph, fake));
      }
      return answers;
    };
    auto expanded = expand_nodes(model_.get(), ask, options);
    EXPECT_TRUE(expanded.ok()) << expanded.status().message();
    const Status sound = verify(*model_);
    EXPECT_TRUE(sound.ok()) << sound.message();
    return expanded.ok() ? std::move(expanded).value() : Expanded{};
  }

  // Operators of a graph in order, "Mul Sigmoid".
  static std::string operators(const Graph& graph) {
    std::string text;
    for (NodeId id : graph.order) {
      text += (text.empty() ? "" : " ") + graph.nodes[id].op;
    }
    return text;
  }
  std::string operators() const { return operators(*model_->graph); }

  std::unique_ptr<Model> model_;
  int asked_ = 0;
};

constexpr const char* kSoftsign = R"(graph "g" (%x: float32[2, 3]) {
  %y: float32[2, 3] = ai.onnx::Softsign@22 "soft" (%x)
  return %y
}
)";
const Operators kParts = {"Abs", "Add", "Div", "CastLike", "Cast"};

TEST_F(ExpandTest, PreferredProvidersThatTakeAllOfTheBodyWinAgainstTheLastResort) {
  load(kSoftsign);
  const size_t constants = model_->constants.size();
  const Expanded expanded = expand({{"p", kParts}, {"last", {"Softsign"}, true}});
  EXPECT_EQ(operators().find("Softsign"), std::string::npos) << operators();
  EXPECT_NE(operators().find("Abs"), std::string::npos) << operators();
  ASSERT_EQ(expanded.nodes.size(), 1u);
  EXPECT_EQ(expanded.nodes[0].origins, std::vector<OriginId>{0});
  ASSERT_EQ(expanded.nodes[0].others.size(), 1u);
  EXPECT_EQ(expanded.nodes[0].others[0].refusal.text, "has no Softsign");
  EXPECT_EQ(model_->origins[0].fate, Fate::expanded);
  EXPECT_TRUE(expanded.answers.empty());
  EXPECT_GE(model_->constants.size(), constants);
  EXPECT_EQ(model_->graph->values[model_->graph->outputs[0]].name, "y");
}

TEST_F(ExpandTest, StaysWholeWhenAPreferredProviderClaimsIt) {
  load(kSoftsign);
  Operators all = kParts;
  all.insert("Softsign");
  const Expanded expanded = expand({{"p", all}});
  EXPECT_EQ(operators(), "Softsign");
  EXPECT_EQ(asked_, 1);
  EXPECT_TRUE(expanded.answers.contains(model_->graph.get()));
}

TEST_F(ExpandTest, StaysWholeWhenPreferredProvidersTakeOnlySomeParts) {
  load(kSoftsign);
  const size_t constants = model_->constants.size();
  Operators everything = kParts;
  everything.insert("Softsign");
  expand({{"p", {"Abs", "Add"}}, {"last", everything, true}});
  EXPECT_EQ(operators(), "Softsign");
  for (size_t id = constants; id < model_->constants.size(); ++id) {
    EXPECT_EQ(model_->constants[id], nullptr);
  }
  EXPECT_EQ(model_->origins[0].fate, Fate::runs);
}

TEST_F(ExpandTest, ANodeThatNobodyClaimsIsTakenByAllTogether) {
  load(kSoftsign);
  Operators others = kParts;
  others.erase("Abs");
  expand({{"p", {"Abs"}}, {"last", others, true}});
  EXPECT_EQ(operators().find("Softsign"), std::string::npos) << operators();
  load(kSoftsign);
  expand({{"p", {"Abs"}}, {"last", {"Add"}, true}});
  EXPECT_EQ(operators(), "Softsign");
}

constexpr const char* kSilu = R"(graph "g" (%x: float32[4]) {
  %s: float32[4] = ai.onnx::Sigmoid@13 "s" (%x)
  %y: float32[4] = ai.onnx::Mul@14 "m" (%x, %s)
  return %y
}
)";

TEST_F(ExpandTest, ARaisedNodeGoesBackToWhatItWasRaisedFrom) {
  load(kSilu, "all");
  ASSERT_EQ(operators(), "Swish");
  const Expanded expanded = expand({{"p", {"Sigmoid", "Mul"}}, {"last", {"Swish"}, true}});
  EXPECT_EQ(operators(), "Sigmoid Mul");
  EXPECT_TRUE(expanded.nodes.empty());
  for (const Origin& origin : model_->origins) {
    EXPECT_EQ(origin.fate, Fate::runs);
    EXPECT_NE(origin.detail.find("raise_swish"), std::string::npos) << origin.detail;
  }
  const Graph& graph = *model_->graph;
  EXPECT_EQ(graph.nodes[graph.order[0]].origins, std::vector<OriginId>{0});
  EXPECT_EQ(graph.nodes[graph.order[1]].origins, std::vector<OriginId>{1});
  EXPECT_EQ(to_text(graph.values[graph.outputs[0]].type, *model_), "float32[4]");
}

TEST_F(ExpandTest, EveryRaisedOperatorRemembersItsParts) {
  load(R"(graph "g" (%x: float32[N, 4], %z: float32[N, 4]) {
  %two: float32[] = const float32[] {2}
  %root: float32[] = const float32[] {1.41421354}
  %one: float32[] = const float32[] {1}
  %half: float32[] = const float32[] {0.5}
  %eps: float32[] = const float32[] {0.00001}
  %axes: int64[1] = const int64[1] {-1}
  %w: float32[4] = const float32[4] {1, 2, 3, 4}
  %q = ai.onnx::Div@14 (%x, %root)
  %e = ai.onnx::Erf@13 (%q)
  %a = ai.onnx::Add@14 (%e, %one)
  %m = ai.onnx::Mul@14 (%x, %a)
  %g = ai.onnx::Mul@14 (%m, %half)
  %mean = ai.onnx::ReduceMean@18 (%z, %axes) keepdims = 1
  %d = ai.onnx::Sub@14 (%z, %mean)
  %sq = ai.onnx::Pow@15 (%d, %two)
  %var = ai.onnx::ReduceMean@18 (%sq, %axes) keepdims = 1
  %ve = ai.onnx::Add@14 (%var, %eps)
  %sd = ai.onnx::Sqrt@13 (%ve)
  %n = ai.onnx::Div@14 (%d, %sd)
  %l = ai.onnx::Mul@14 (%n, %w)
  return %g, %l
}
)",
       "all");
  ASSERT_EQ(operators(), "Gelu LayerNormalization");
  const Operators parts = {"Div", "Erf", "Add", "Mul", "ReduceMean", "Sub", "Pow", "Sqrt"};
  expand({{"p", parts}, {"last", {"Gelu", "LayerNormalization"}, true}});
  EXPECT_EQ(operators(), "Div Erf Add Mul Mul ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul");
}

TEST_F(ExpandTest, BodiesOfBodiesAreTried) {
  load(R"(graph "g" (%x: float32[2, 3], %t: int64[2]) {
  %y: float32[] = ai.onnx::SoftmaxCrossEntropyLoss@13 "loss" (%x, %t) reduction = "mean"
  return %y
}
)");
  expand({{"p",
           {"Shape", "Slice", "Concat", "Reshape", "Transpose", "Exp", "ReduceSum", "ReduceMax", "Sub", "Div", "Log",
            "GatherElements", "Squeeze", "Unsqueeze", "Neg", "ReduceMean", "Cast", "CastLike"}}});
  for (const char* op : {"SoftmaxCrossEntropyLoss", "NegativeLogLikelihoodLoss", "LogSoftmax"}) {
    EXPECT_EQ(operators().find(op), std::string::npos) << operators();
  }
}

TEST_F(ExpandTest, BranchesOfAnIfAreExpandedToo) {
  load(R"(graph "g" (%c: bool[], %x: float32[4]) {
  %y: float32[4] = ai.onnx::If@25 "if" (%c) then_branch = graph "t" () captures (%x -> %x: float32[4]) {
    %a: float32[4] = ai.onnx::Softsign@22 "soft" (%x)
    return %a
  }, else_branch = graph "e" () captures (%x -> %x: float32[4]) {
    %b: float32[4] = ai.onnx::Abs@13 "abs" (%x)
    return %b
  }
  return %y
}
)");
  expand({{"p", kParts}});
  EXPECT_EQ(operators(), "If");
  const Graph& branch = *model_->graph->nodes[model_->graph->order[0]].body("then_branch");
  EXPECT_EQ(operators(branch).find("Softsign"), std::string::npos) << operators(branch);
  EXPECT_NE(operators(branch).find("Abs"), std::string::npos) << operators(branch);
}

TEST_F(ExpandTest, AModelGrowsNoFurtherThanItMay) {
  load(kSoftsign);
  ExpandOptions options;
  options.max_nodes = 2;
  expand({{"p", kParts}}, options);
  EXPECT_EQ(operators(), "Softsign");
}

TEST_F(ExpandTest, EqualCallsExpandAlike) {
  std::string first;
  for (int i = 0; i < 2; ++i) {
    load(kSoftsign);
    expand({{"p", kParts}});
    const std::string text = to_text(*model_->graph);
    EXPECT_TRUE(i == 0 || text == first) << text;
    first = text;
  }
}

}  // namespace
}  // namespace tenon
