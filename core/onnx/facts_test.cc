// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/facts.hpp"

#include "core/onnx/schema.hpp"
#include "core/onnx/testing.hpp"

namespace tenon::onnx_facts {
namespace {

using onnx_testing::import_graph;

// One node over graph inputs of these types.
struct OneNode {
  Model model;
  NodeId id = kNone;
  std::vector<Type> types;

  OneNode(std::string op, std::vector<Type> inputs, size_t outputs = 1, std::vector<Attribute> attributes = {}) {
    model.graph = std::make_unique<Graph>();
    model.graph->model = &model;
    for (const char* symbol : {"a", "b", "c", "d", "e"}) {
      model.symbol(symbol);
    }
    Node node;
    node.domain = "ai.onnx";
    node.op = std::move(op);
    node.attributes = std::move(attributes);
    for (Type& type : inputs) {
      node.inputs.push_back(type.known() ? model.graph->add_value("x", type) : kNone);
      if (type.known()) {
        model.graph->inputs.push_back(node.inputs.back());
      }
    }
    for (size_t i = 0; i < outputs; ++i) {
      node.outputs.push_back(model.graph->add_value("y"));
      model.graph->outputs.push_back(node.outputs.back());
    }
    EXPECT_TRUE(complete(&node).ok()) << complete(&node).message();
    id = model.graph->add_node(std::move(node));
    types = std::move(inputs);
  }
  const Node& node() const { return model.graph->nodes[id]; }

  Result<std::vector<Type>> infer(std::vector<InferInput> extra = {}) const {
    extra.resize(types.size());
    for (size_t i = 0; i < types.size(); ++i) {
      extra[i].type = types[i].known() ? &types[i] : nullptr;
    }
    InferContext context;
    context.graph = model.graph.get();
    std::vector<Type> out;
    TENON_RETURN_IF_ERROR(onnx_facts::infer(node(), extra, context, &out));
    return out;
  }
};

Type floats(std::vector<Dim> dims) { return Type::tensor(TENON_FLOAT32, std::move(dims)); }

TEST(Facts, KnowsOperatorsAndForms) {
  EXPECT_TRUE(known("ai.onnx", "Conv"));
  EXPECT_FALSE(known("", "Conv"));
  EXPECT_FALSE(known("ai.onnx", "Conf"));
  EXPECT_FALSE(known("ai.onnx", "Upsample")) << "gone since opset 10";
  EXPECT_EQ(current_form("ai.onnx", "Add"), 7U);
  EXPECT_EQ(current_form("ai.onnx", "Softmax"), 13U);
  EXPECT_EQ(current_form("ai.onnx.ml", "LabelEncoder"), 2U);
  EXPECT_EQ(current_form("com.acme", "Add"), 0U);
  Arity many;
  ASSERT_TRUE(arity("ai.onnx", "Concat", &many));
  EXPECT_EQ(many.min_inputs, 1U);
  EXPECT_GT(many.max_inputs, 1000U);
}

TEST(Facts, CompleteFillsInDefaultsAndChecks) {
  Node node;
  node.domain = "ai.onnx";
  node.op = "LeakyRelu";
  node.inputs = {0};
  node.outputs = {1};
  ASSERT_TRUE(complete(&node).ok());
  EXPECT_EQ(node.form, 6U);
  EXPECT_FLOAT_EQ(node.float_or("alpha", 0), 0.01F);
  node.inputs = {0, 0};
  EXPECT_EQ(complete(&node).code(), TENON_INVALID_MODEL);
  node.op = "Nothing";
  EXPECT_EQ(complete(&node).code(), TENON_UNSUPPORTED);
}

TEST(Facts, RandomOperatorsAreToldApart) {
  EXPECT_TRUE(nondeterministic(*OneNode("Bernoulli", {floats({{2, 0}})}).model.graph,
                               OneNode("Bernoulli", {floats({{2, 0}})}).node()));
  const OneNode relu("Relu", {floats({{2, 0}})});
  EXPECT_FALSE(nondeterministic(*relu.model.graph, relu.node()));
  const OneNode still("Dropout", {floats({{2, 0}})});
  EXPECT_FALSE(nondeterministic(*still.model.graph, still.node()));
  const OneNode training("Dropout", {floats({{2, 0}}), Type{}, Type::tensor(TENON_BOOL, std::vector<Dim>{})});
  EXPECT_TRUE(nondeterministic(*training.model.graph, training.node())) << "its training_mode is not known";
}

TEST(Infer, SymbolsGoThrough) {
  auto out = OneNode("MatMul", {floats({{-1, 3}, {4, 0}}), floats({{4, 0}, {-1, 5}})}).infer();
  ASSERT_TRUE(out.ok()) << out.status().message();
  EXPECT_EQ((*out)[0].shape, (std::vector<Dim>{{-1, 3}, {-1, 5}}));
}

TEST(Infer, NothingComesOfAnUnknownInput) {
  auto out = OneNode("Relu", {floats({})}).infer();
  ASSERT_TRUE(out.ok());
  OneNode open("Add", {floats({{2, 0}}), floats({{2, 0}})});
  open.types[1] = Type{};
  out = open.infer();
  ASSERT_TRUE(out.ok()) << out.status().message();
  EXPECT_FALSE((*out)[0].known());
}

TEST(Infer, UsesContentsOfInputs) {
  const OneNode reshape("Reshape", {floats({{-1, 1}, {6, 0}}), Type::tensor(TENON_INT64, std::vector<Dim>{{3, 0}})});
  std::vector<InferInput> inputs(2);
  const ConstantPtr shape = make_int64_constant({3}, {0, 2, 3});
  inputs[1].value = shape.get();
  auto out = reshape.infer(inputs);
  ASSERT_TRUE(out.ok()) << out.status().message();
  EXPECT_EQ((*out)[0].shape, (std::vector<Dim>{{-1, 1}, {2, 0}, {3, 0}}));
  const std::vector<Dim> partial = {{-1, 1}, {-1, 0}, {3, 0}};
  inputs[1].value = nullptr;
  inputs[1].shape_value = &partial;
  out = reshape.infer(inputs);
  ASSERT_TRUE(out.ok()) << out.status().message();
  ASSERT_TRUE((*out)[0].shape.has_value());
  EXPECT_EQ((*out)[0].shape->size(), 3U);
  EXPECT_EQ((*(*out)[0].shape)[2].size, 3);
}

TEST(Infer, ErrorsNameTheNode) {
  const OneNode node("MatMul", {floats({{2, 0}, {3, 0}}), floats({{4, 0}, {5, 0}})});
  const auto out = node.infer();
  ASSERT_FALSE(out.ok());
  EXPECT_EQ(out.status().code(), TENON_INVALID_MODEL);
  EXPECT_EQ(out.status().fields().node, "main/MatMul");
  EXPECT_EQ(out.status().message().find('['), std::string::npos) << out.status().message();
  const auto mixed = OneNode("Add", {floats({{2, 0}}), Type::tensor(TENON_INT64, std::vector<Dim>{{2, 0}})}).infer();
  ASSERT_FALSE(mixed.ok());
  EXPECT_EQ(mixed.status().fields().expected, "tensor(float32)[2]");
}

// What crashed libonnx's inference functions, or made them read past an end: each must end in a status.
TEST(Infer, GuardsAgainstDefects) {
  const auto with_int = [](const char* name, int64_t value) {
    Attribute attribute;
    attribute.name = name;
    attribute.type = kAttrInt;
    attribute.i = value;
    return std::vector<Attribute>{attribute};
  };
  const Type x = floats({{2, 0}, {3, 0}});
  const Type indices = Type::tensor(TENON_INT64, std::vector<Dim>{{2, 0}, {1, 0}});
  EXPECT_FALSE(OneNode("GatherND", {x, indices}, 1, with_int("batch_dims", -5)).infer().ok());
  EXPECT_FALSE(OneNode("LayerNormalization", {x, floats({{3, 0}})}, 3, with_int("axis", INT64_MAX - 2)).infer().ok());
  EXPECT_FALSE(OneNode("Flatten", {x}, 1, with_int("axis", INT64_MIN)).infer().ok());
  EXPECT_FALSE(OneNode("Split", {x}, 3, with_int("num_outputs", 1)).infer().ok());
  EXPECT_FALSE(OneNode("Split", {x}, 2, with_int("num_outputs", int64_t{1} << 40)).infer().ok());
  // An absent first output of a recurrent operator, and more inputs than outputs for an optimizer's step.
  OneNode gru("GRU",
              {floats({{3, 0}, {2, 0}, {4, 0}}), floats({{1, 0}, {15, 0}, {4, 0}}), floats({{1, 0}, {15, 0}, {5, 0}})},
              2, with_int("hidden_size", 5));
  gru.model.graph->nodes[gru.id].outputs[0] = kNone;
  EXPECT_TRUE(gru.infer().ok());
}

TEST(FunctionBody, StandsAloneAndInPlace) {
  OneNode gelu("Gelu", {floats({{-1, 1}, {8, 0}})});
  ASSERT_TRUE(has_function(*gelu.model.graph, gelu.id));
  auto body = function_body(*gelu.model.graph, gelu.id);
  ASSERT_TRUE(body.ok()) << body.status().message();
  EXPECT_EQ((*body)->inputs.size(), 1U);
  EXPECT_EQ((*body)->outputs.size(), 1U);
  EXPECT_EQ((*body)->values[(*body)->outputs[0]].type.shape, (std::vector<Dim>{{-1, 1}, {8, 0}}));
  bool erf = false;
  for (const NodeId id : (*body)->order) {
    erf = erf || (*body)->nodes[id].op == "Erf";
    EXPECT_EQ((*body)->nodes[id].form, current_form("ai.onnx", (*body)->nodes[id].op));
  }
  EXPECT_TRUE(erf);
  ASSERT_TRUE(inline_body(gelu.model.graph.get(), gelu.id, std::move(*body)).ok());
  EXPECT_TRUE(verify(gelu.model).ok()) << verify(gelu.model).message();
  EXPECT_EQ(gelu.model.graph->values[gelu.model.graph->outputs[0]].name, "y");
  const OneNode matmul("MatMul", {floats({{2, 0}, {2, 0}}), floats({{2, 0}, {2, 0}})});
  EXPECT_FALSE(has_function(*matmul.model.graph, matmul.id));
  EXPECT_EQ(function_body(*matmul.model.graph, matmul.id).status().code(), TENON_UNSUPPORTED);
}

TEST(FunctionBody, KeepsConstantsAndDropsWhatIsNotAskedFor) {
  auto model = import_graph(
      R"(g (float[2,4] x) => (float[2,4] y) <float[4] s = {1, 1, 1, 1}> { y = LayerNormalization(x, s) })");
  ASSERT_TRUE(model.ok()) << model.status().message();
  Graph& graph = *(*model)->graph;
  const NodeId id = graph.order[0];
  auto body = function_body(graph, id);
  ASSERT_TRUE(body.ok()) << body.status().message();
  EXPECT_EQ((*body)->inputs.size(), 1U) << "the scale is a constant of the body";
  for (const NodeId inner : (*body)->order) {
    bool used = false;
    for (const ValueId output : (*body)->nodes[inner].outputs) {
      used = used || !(*body)->values[output].users.empty() || (*body)->is_graph_output(output);
    }
    EXPECT_TRUE(used) << (*body)->nodes[inner].name;
  }
  ASSERT_TRUE(inline_body(&graph, id, std::move(*body)).ok());
  EXPECT_TRUE(verify(**model).ok()) << verify(**model).message();
}

}  // namespace
}  // namespace tenon::onnx_facts
