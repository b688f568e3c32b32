// SPDX-License-Identifier: Apache-2.0
#include "core/sched/placement.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/ir/text.hpp"

namespace tenon {
namespace {

constexpr const char* kChain = R"(tenon-ir 1
ir_version 10
opset ai.onnx 28
graph "g" (%x: float32[4]) {
  %a: float32[4] = ai.onnx::Relu@14 "a" (%x)
  %b: float32[4] = ai.onnx::Relu@14 "b" (%a)
  %c: float32[4] = ai.onnx::Relu@14 "c" (%b)
  return %c
}
)";

class PlacementTest : public ::testing::Test {
 protected:
  void load(const char* text) {
    auto parsed = model_from_text(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status().message();
    model_ = std::move(parsed).value();
  }

  NodeId node(const std::string& name) const {
    for (NodeId id : model_->graph->order) {
      if (model_->graph->nodes[id].name == name) {
        return id;
      }
    }
    ADD_FAILURE() << "no node " << name;
    return kNone;
  }

  // A claim for nodes by name; the border values follow from the graph. `mask`: memory kinds of its outputs.
  Claim claim(const std::vector<std::string>& names, uint64_t est_ns = 0, uint32_t estimate = TENON_ESTIMATE_GUESS,
              uint32_t mask = 1) const {
    Claim made;
    for (const std::string& name : names) {
      made.nodes.push_back(node(name));
    }
    made.est_ns = est_ns;
    made.estimate = estimate;
    for (NodeId id : made.nodes) {
      for (ValueId value : model_->graph->nodes[id].inputs) {
        const NodeId producer = model_->graph->values[value].producer;
        if (std::find(made.nodes.begin(), made.nodes.end(), producer) == made.nodes.end()) {
          made.inputs.push_back(value);
          made.input_rules.push_back({value, mask, 0, 0, {}});
        }
      }
      for (ValueId value : model_->graph->nodes[id].outputs) {
        made.outputs.push_back(value);
        made.output_rules.push_back({value, mask, 0, 0, {}});
      }
    }
    return made;
  }

  static Answer answer(const std::string& provider, std::vector<Claim> claims, bool last_resort = false) {
    Answer made{provider, last_resort, {}};
    made.said.claims = std::move(claims);
    return made;
  }

  // The provider of a node, or what else it is.
  std::string who(const Placement& placement, const std::vector<Answer>& answers, const std::string& name) const {
    const NodeId id = node(name);
    switch (placement.classes[id]) {
      case NodeClass::region:
        return answers[placement.regions[placement.region_of[id]].provider].provider;
      case NodeClass::view:
        return "view";
      case NodeClass::shape:
        return "shape";
      case NodeClass::structure:
        return "structure";
      case NodeClass::none:
        return "none";
    }
    return "";
  }

  Placement placed(const std::vector<Answer>& answers, const PlacementOptions& options = {}) {
    auto result = place(*model_->graph, answers, options);
    EXPECT_TRUE(result.ok()) << result.status().message();
    return result.ok() ? std::move(result).value() : Placement{};
  }

  std::unique_ptr<Model> model_;
};

TEST_F(PlacementTest, FirstNamedProviderWins) {
  load(kChain);
  const std::vector<Answer> answers = {answer("p", {claim({"a"}), claim({"c"})}),
                                       answer("q", {claim({"a"}), claim({"b"}), claim({"c"})})};
  const Placement placement = placed(answers);
  EXPECT_EQ(who(placement, answers, "a"), "p");
  EXPECT_EQ(who(placement, answers, "b"), "q");
  EXPECT_EQ(who(placement, answers, "c"), "p");
}

TEST_F(PlacementTest, LargerClaimsOfOneProviderComeFirst) {
  load(kChain);
  const std::vector<Answer> answers = {answer("p", {claim({"a"}), claim({"a", "b"}), claim({"b", "c"}), claim({"c"})})};
  const Placement placement = placed(answers);
  ASSERT_EQ(placement.regions.size(), 2u);
  EXPECT_EQ(placement.regions[0].nodes, (std::vector<NodeId>{node("a"), node("b")}));
  EXPECT_EQ(placement.regions[1].nodes, std::vector<NodeId>{node("c")});
}

TEST_F(PlacementTest, WithoutFusionOnlySingleNodesCount) {
  load(kChain);
  const std::vector<Answer> answers = {answer("p", {claim({"a", "b", "c"}), claim({"a"}), claim({"b"}), claim({"c"})})};
  PlacementOptions options;
  options.fusion = false;
  EXPECT_EQ(placed(answers, options).regions.size(), 3u);
  EXPECT_EQ(placed(answers).regions.size(), 1u);
}

TEST_F(PlacementTest, LaterProviderMustBeCheaperByMoreThanAFifth) {
  load(kChain);
  const auto modelled = TENON_ESTIMATE_MODELLED;
  const auto both = [&](uint64_t first, uint64_t second, uint32_t estimate) {
    return std::vector<Answer>{
        answer("p", {claim({"a"}, first, modelled), claim({"b"}, first, modelled), claim({"c"}, first, modelled)}),
        answer("q", {claim({"b"}, second, estimate)})};
  };
  const auto cheaper = both(1'000, 799, modelled);
  EXPECT_EQ(who(placed(cheaper), cheaper, "b"), "q");
  const auto not_enough = both(1'000, 801, modelled);
  EXPECT_EQ(who(placed(not_enough), not_enough, "b"), "p");
  const auto guessed = both(1'000, 1, TENON_ESTIMATE_GUESS);
  EXPECT_EQ(who(placed(guessed), guessed, "b"), "p");
}

TEST_F(PlacementTest, CopiesAtTheBorderCount) {
  load(kChain);
  const auto modelled = TENON_ESTIMATE_MODELLED;
  const std::vector<Claim> host = {claim({"a"}, 1'000, modelled), claim({"b"}, 1'000, modelled),
                                   claim({"c"}, 1'000, modelled)};
  // The same time in memory of a device: to and fro costs more than is won.
  const std::vector<Answer> answers = {answer("p", host), answer("q", {claim({"b"}, 100, modelled, 2)})};
  EXPECT_EQ(who(placed(answers), answers, "b"), "p");
  // Where every node is worth the way, all go.
  std::vector<Claim> slow = host;
  for (Claim& each : slow) {
    each.est_ns = 1'000'000;
  }
  const std::vector<Answer> worth = {answer("p", slow), answer("q", {claim({"b"}, 100, modelled, 2)})};
  EXPECT_EQ(who(placed(worth), worth, "b"), "q");
}

TEST_F(PlacementTest, ADisplacementKeepsBothEstimatesWithTheirCopies) {
  load(kChain);
  const auto modelled = TENON_ESTIMATE_MODELLED;
  const std::vector<Answer> answers = {
      answer("p",
             {claim({"a"}, 1'000'000, modelled), claim({"b"}, 1'000'000, modelled), claim({"c"}, 1'000'000, modelled)}),
      answer("q", {claim({"b"}, 100, modelled, 2)})};
  const Placement placement = placed(answers);
  ASSERT_EQ(who(placement, answers, "b"), "q");
  const std::optional<Displacement>& displaced = placement.regions[placement.region_of[node("b")]].displaced;
  ASSERT_TRUE(displaced.has_value());
  EXPECT_EQ(displaced->from, std::vector<uint32_t>{0});
  EXPECT_EQ(displaced->before_ns, 1'000'000);
  EXPECT_EQ(displaced->before_copies_ns, 0);
  // 16 bytes there and 16 back.
  EXPECT_EQ(displaced->after_copies_ns, 2 * (2'000.0 + 16.0 / 8));
  EXPECT_EQ(displaced->after_ns, 100 + displaced->after_copies_ns);
  EXPECT_FALSE(placement.regions[placement.region_of[node("a")]].displaced.has_value());
}

TEST_F(PlacementTest, APartialPlacementLeavesNodesWithoutATaker) {
  load(kChain);
  PlacementOptions options;
  options.partial = true;
  const std::vector<Answer> answers = {answer("p", {claim({"a"})})};
  const Placement placement = placed(answers, options);
  EXPECT_EQ(who(placement, answers, "a"), "p");
  EXPECT_EQ(who(placement, answers, "b"), "none");
}

TEST_F(PlacementTest, LastResortComesLastWhereverItIsNamedAndNeverDisplaces) {
  load(kChain);
  const auto modelled = TENON_ESTIMATE_MODELLED;
  const std::vector<Answer> answers = {
      answer("slow", {claim({"a"}, 1, modelled), claim({"b"}, 1, modelled), claim({"c"}, 1, modelled)}, true),
      answer("p", {claim({"a"}, 1'000, modelled), claim({"b"}, 1'000, modelled)})};
  const Placement placement = placed(answers);
  EXPECT_EQ(who(placement, answers, "a"), "p");
  EXPECT_EQ(who(placement, answers, "b"), "p");
  EXPECT_EQ(who(placement, answers, "c"), "slow");
}

TEST_F(PlacementTest, DeclinedClaimsAreLeftOut) {
  load(kChain);
  const std::vector<Answer> answers = {answer("p", {claim({"a", "b", "c"}), claim({"a"}), claim({"b"}), claim({"c"})})};
  PlacementOptions options;
  options.declined.insert({0, 0});
  EXPECT_EQ(placed(answers, options).regions.size(), 3u);
}

TEST_F(PlacementTest, ViewsAndTheShapeSliceNeedNoProvider) {
  load(R"(tenon-ir 1
ir_version 10
opset ai.onnx 28
graph "g" (%x: float32[4]) {
  %s: int64[1] = ai.onnx::Shape@25 "s" (%x) end = 1, start = 0
  %r: float32[4] = ai.onnx::Reshape@25 "r" (%x, %s) allowzero = 0
  %y: float32[4] = ai.onnx::Relu@14 "y" (%r)
  return %y
}
)");
  const std::vector<Answer> answers = {answer("p", {claim({"r"}), claim({"s"}), claim({"y"})})};
  PlacementOptions options;
  options.in_slice = [&](NodeId id) { return id == node("s"); };
  const Placement placement = placed(answers, options);
  EXPECT_EQ(who(placement, answers, "s"), "shape");
  EXPECT_EQ(who(placement, answers, "r"), "view");
  EXPECT_EQ(who(placement, answers, "y"), "p");
  options.views = false;
  EXPECT_EQ(who(placed(answers, options), answers, "r"), "p");
}

TEST_F(PlacementTest, StrictNamesNodeProviderAndReason) {
  load(kChain);
  std::vector<Answer> answers = {answer("p", {claim({"a"}), claim({"c"})})};
  answers[0].said.refusals.push_back({node("b"), TENON_REFUSE_DTYPE, kNone, "float32 is too wide"});
  PlacementOptions options;
  options.policy = Policy::strict;
  const auto strict = place(*model_->graph, answers, options);
  ASSERT_FALSE(strict.ok());
  EXPECT_EQ(strict.status().code(), TENON_PLACEMENT);
  EXPECT_NE(strict.status().message().find("p: float32 is too wide (DTYPE)"), std::string::npos)
      << strict.status().message();
  EXPECT_EQ(strict.status().fields().op, "ai.onnx.Relu");
  options.policy = Policy::warn;
  EXPECT_EQ(place(*model_->graph, answers, options).status().code(), TENON_UNSUPPORTED);
}

// a -> d and c -> b: {a, b} and {c, d} are convex alone, but each would wait for the other.
TEST_F(PlacementTest, RegionsThatWouldWaitForEachOtherAreNotBothTaken) {
  load(R"(tenon-ir 1
ir_version 10
opset ai.onnx 28
graph "g" (%x: float32[4]) {
  %a: float32[4] = ai.onnx::Relu@14 "a" (%x)
  %c: float32[4] = ai.onnx::Relu@14 "c" (%x)
  %b: float32[4] = ai.onnx::Relu@14 "b" (%c)
  %d: float32[4] = ai.onnx::Relu@14 "d" (%a)
  return %b, %d
}
)");
  const std::vector<Answer> answers = {
      answer("p", {claim({"a", "b"}), claim({"c", "d"}), claim({"a"}), claim({"b"}), claim({"c"}), claim({"d"})})};
  const Placement placement = placed(answers);
  EXPECT_EQ(placement.regions.size(), 3u);
}

TEST_F(PlacementTest, OfVariantsTheCheapestWithItsConversionsWins) {
  load(kChain);
  const auto modelled = TENON_ESTIMATE_MODELLED;
  const auto blocked = [&](Claim made) {
    for (auto* rules : {&made.input_rules, &made.output_rules}) {
      for (ValueRule& rule : *rules) {
        rule.layout = {TENON_LAYOUT_BLOCKED, 0, 8, 0, 0};
      }
    }
    return made;
  };
  const auto variants = [&](uint64_t fast) {
    return std::vector<Answer>{answer(
        "p", {claim({"a"}, 10'000, modelled), blocked(claim({"a"}, fast, modelled)), claim({"b"}, 10'000, modelled),
              blocked(claim({"b"}, 9'000, modelled)), claim({"c"}, 10'000, modelled)})};
  };
  // What is won in "a" pays for bringing the graph's input into the layout, and "b" then stays in it.
  const auto worth = variants(1'000);
  const Placement moved = placed(worth);
  EXPECT_EQ(moved.regions[0].claim, 1u);
  EXPECT_EQ(moved.regions[1].claim, 3u);
  const auto not_worth = variants(9'900);
  const Placement stayed = placed(not_worth);
  EXPECT_EQ(stayed.regions[0].claim, 0u);
  EXPECT_EQ(stayed.regions[1].claim, 2u);
}

}  // namespace
}  // namespace tenon
