// SPDX-License-Identifier: Apache-2.0
// Views and fills are folded here: they only say anew where bytes are. What computes is asked of the folder.
#include "core/opt/folding.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace tenon {
namespace {

// Elementwise: of tensors whose elements are all equal, so is the result.
constexpr std::array<std::string_view, 40> kElementwise = {
    "Abs",     "Add",   "And",      "Cast",    "Ceil",        "Clip",      "Div",      "Elu",        "Equal", "Erf",
    "Exp",     "Floor", "Gelu",     "Greater", "HardSigmoid", "HardSwish", "Identity", "LeakyRelu",  "Less",  "Log",
    "Max",     "Min",   "Mul",      "Neg",     "Not",         "Or",        "Pow",      "Reciprocal", "Relu",  "Round",
    "Sigmoid", "Sign",  "Softplus", "Sqrt",    "Sub",         "Tanh",      "Where",    "Xor",        "Mean",  "Sum"};
// The same bytes under other dims.
constexpr std::array<std::string_view, 5> kViews = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity"};
// The same element everywhere, whatever moves where, when input 0 is a splat.
constexpr std::array<std::string_view, 5> kMoves = {"Expand", "Transpose", "Slice", "Tile", "DepthToSpace"};
// Undoing these would undo what they are for: quantised weights stay small.
constexpr std::array<std::string_view, 1> kKept = {"DequantizeLinear"};

// On floats, too: moves and comparisons, and one correctly rounded operation an element.
constexpr std::array<std::string_view, 52> kSameBits = {"Abs",
                                                        "Add",
                                                        "ArgMax",
                                                        "ArgMin",
                                                        "Cast",
                                                        "Ceil",
                                                        "Clip",
                                                        "Concat",
                                                        "ConstantOfShape",
                                                        "DepthToSpace",
                                                        "Div",
                                                        "Equal",
                                                        "Expand",
                                                        "EyeLike",
                                                        "Flatten",
                                                        "Floor",
                                                        "Gather",
                                                        "GatherElements",
                                                        "GatherND",
                                                        "Greater",
                                                        "GreaterOrEqual",
                                                        "Identity",
                                                        "IsInf",
                                                        "IsNaN",
                                                        "Less",
                                                        "LessOrEqual",
                                                        "Max",
                                                        "Min",
                                                        "Mul",
                                                        "Neg",
                                                        "NonZero",
                                                        "OneHot",
                                                        "Pad",
                                                        "Relu",
                                                        "Reshape",
                                                        "ReverseSequence",
                                                        "Round",
                                                        "ScatterElements",
                                                        "ScatterND",
                                                        "Shape",
                                                        "Sign",
                                                        "Size",
                                                        "Slice",
                                                        "SpaceToDepth",
                                                        "Split",
                                                        "Sqrt",
                                                        "Squeeze",
                                                        "Sub",
                                                        "Tile",
                                                        "Transpose",
                                                        "Unsqueeze",
                                                        "Where"};

bool is_integer(Dtype dtype) {
  return dtype == TENON_BOOL || (dtype >= TENON_UINT8 && dtype <= TENON_INT64) || dtype == TENON_UINT32 ||
         dtype == TENON_UINT64 || dtype == TENON_UINT4 || dtype == TENON_INT4 || dtype == TENON_UINT2 ||
         dtype == TENON_INT2;
}

template <size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view op) {
  return std::find(list.begin(), list.end(), op) != list.end();
}

std::optional<std::vector<int64_t>> static_dims(const Type& type) {
  if (!type.is_tensor() || !element_count(type.shape)) {
    return std::nullopt;
  }
  std::vector<int64_t> dims;
  for (const Dim& dim : *type.shape) {
    dims.push_back(dim.size);
  }
  return dims;
}

ConstantPtr with_dims(const Constant& constant, std::vector<int64_t> dims) {
  auto view = std::make_shared<Constant>(constant);
  view->dims = std::move(dims);
  return view;
}

ConstantPtr splat_of(const Constant& one, std::vector<int64_t> dims) {
  auto splat = std::make_shared<Constant>(one);
  splat->dims = std::move(dims);
  splat->splat = true;
  return splat;
}

class Folding {
 public:
  Folding(PassContext& context, Graph& graph, bool exact) : context_(context), graph_(graph), exact_(exact) {}

  void run() {
    std::vector<NodeId> folded;
    for (NodeId id : std::vector<NodeId>(graph_.order)) {
      if (worth_trying(id) && fold(id)) {
        folded.push_back(id);
      }
    }
    context_.changes += folded.size();
    graph_.erase_nodes(folded);
  }

 private:
  bool worth_trying(NodeId id) const {
    const Node& node = graph_.nodes[id];
    if (!node.bodies.empty() || node.outputs.empty() || among(kKept, node.op) ||
        context_.unfoldable.contains({&graph_, id})) {
      return false;
    }
    bool any = node.inputs.empty();
    for (ValueId input : node.inputs) {
      if (input != kNone && graph_.constant_of(input) == nullptr) {
        return false;
      }
      any = any || input != kNone;
    }
    return any && (!exact_ || same_bits_everywhere(graph_, node)) && !onnx_facts::nondeterministic(graph_, node);
  }

  bool fold(NodeId id) {
    ConstantPtr moved = fold_without_arithmetic(id);
    if (moved != nullptr) {
      replace(id, {std::move(moved)}, "core");
      return true;
    }
    if (context_.services.folder != nullptr && fold_by_provider(id)) {
      return true;
    }
    context_.unfoldable.insert({&graph_, id});
    return false;
  }

  ConstantPtr input(const Node& node, size_t i) const {
    return i < node.inputs.size() && node.inputs[i] != kNone
               ? graph_.model->constants[graph_.values[node.inputs[i]].constant]
               : nullptr;
  }

  // Views of constants, fills, and splats that move: no element is computed and none is copied.
  ConstantPtr fold_without_arithmetic(NodeId id) const {
    const Node& node = graph_.nodes[id];
    if (node.domain != "ai.onnx" || node.outputs.size() != 1 || node.outputs[0] == kNone) {
      return nullptr;
    }
    const auto dims = static_dims(graph_.values[node.outputs[0]].type);
    const ConstantPtr first = input(node, 0);
    if (!dims || first == nullptr) {
      return nullptr;
    }
    if (among(kViews, node.op) && element_count(*dims) == first->elements()) {
      return with_dims(*first, *dims);
    }
    if (node.op == "ConstantOfShape") {
      return fill(node, *dims);
    }
    // An empty tensor has no element to repeat, nor has one of strings a splat.
    const bool repeats =
        first->splat || (first->elements() == 1 && first->dtype != TENON_STRING && dtype_bits(first->dtype) >= 8);
    return among(kMoves, node.op) && repeats && first->elements() > 0 ? splat_of(*first, *dims) : nullptr;
  }

  static ConstantPtr fill(const Node& node, std::vector<int64_t> dims) {
    const Attribute* value = node.attribute("value");
    if (value != nullptr && value->tensor != nullptr) {
      const Constant& one = *value->tensor;
      const bool can = one.elements() == 1 && one.dtype != TENON_STRING && dtype_bits(one.dtype) >= 8;
      return can ? splat_of(one, std::move(dims)) : nullptr;
    }
    const float zero = 0;
    return splat_of(*make_constant(TENON_FLOAT32, {1}, &zero, sizeof(zero)), std::move(dims));
  }

  bool fold_by_provider(NodeId id) {
    const Node& node = graph_.nodes[id];
    std::vector<ConstantPtr> inputs;
    std::vector<Type> types;
    bool uniform = node.domain == "ai.onnx" && among(kElementwise, node.op) && node.outputs.size() == 1;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      inputs.push_back(input(node, i));
      uniform = uniform && (inputs[i] == nullptr ||
                            (inputs[i]->elements() > 0 && (inputs[i]->splat || inputs[i]->elements() == 1)));
    }
    for (ValueId output : node.outputs) {
      types.push_back(output == kNone ? Type{} : graph_.values[output].type);
      const std::optional<uint64_t> count = element_count(types.back().shape);
      const std::optional<uint64_t> bytes = count ? dtype_bytes(types.back().dtype, *count) : std::nullopt;
      if (output != kNone &&
          (!types.back().is_tensor() || (!uniform && bytes && *bytes > context_.options.fold_limit))) {
        return false;
      }
    }
    const auto dims = node.outputs[0] == kNone ? std::nullopt : static_dims(types[0]);
    uniform = uniform && dims && element_count(*dims) != uint64_t{1} && dtype_bits(types[0].dtype) >= 8;
    if (uniform) {
      make_scalars(&inputs, &types);
    }
    Result<Folded> result = context_.services.folder->fold(graph_, node, inputs, types, context_.options.fold_limit);
    if (!result.ok() || !acceptable(node, types, result->outputs)) {
      return false;
    }
    if (uniform) {
      result->outputs[0] = splat_of(*result->outputs[0], *dims);
    }
    replace(id, std::move(result->outputs), result->provider);
    return true;
  }

  static void make_scalars(std::vector<ConstantPtr>* inputs, std::vector<Type>* types) {
    for (ConstantPtr& in : *inputs) {
      if (in != nullptr) {
        auto scalar = std::make_shared<Constant>(*in);
        scalar->dims.clear();
        scalar->splat = false;
        in = std::move(scalar);
      }
    }
    types->front().shape = std::vector<Dim>();
  }

  bool acceptable(const Node& node, const std::vector<Type>& types, const std::vector<ConstantPtr>& outputs) const {
    if (outputs.size() != node.outputs.size()) {
      return false;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (node.outputs[i] != kNone && (outputs[i] == nullptr || outputs[i]->dtype != types[i].dtype ||
                                       outputs[i]->bytes > context_.options.fold_limit)) {
        return false;
      }
    }
    return true;
  }

  void replace(NodeId id, std::vector<ConstantPtr> outputs, const std::string& by) {
    const std::vector<ValueId> values = graph_.nodes[id].outputs;
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] != kNone) {
        const ValueId constant = graph_.add_constant(graph_.values[values[i]].name, std::move(outputs[i]));
        take_over(graph_, values[i], constant);
      }
    }
    mark(context_, graph_.nodes[id], Fate::folded, by, "");
  }

  PassContext& context_;
  Graph& graph_;
  bool exact_;
};

}  // namespace

bool same_bits_everywhere(const Graph& graph, const Node& node) {
  const auto is_real = [&](ValueId id) {
    const Type& type = id == kNone ? Type{} : graph.values[id].type;
    return id != kNone && (!type.is_tensor() || !(dtype_bits(type.dtype) == 0 || is_integer(type.dtype)));
  };
  const bool real = std::any_of(node.inputs.begin(), node.inputs.end(), is_real) ||
                    std::any_of(node.outputs.begin(), node.outputs.end(), is_real);
  return node.domain == "ai.onnx" && (!real || among(kSameBits, node.op));
}

void fold_constants(PassContext& context, bool exact) {
  for_each_graph(*context.model.graph, [&](Graph& graph) { Folding(context, graph, exact).run(); });
}

}  // namespace tenon
