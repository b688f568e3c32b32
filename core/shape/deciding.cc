// SPDX-License-Identifier: Apache-2.0
#include "core/shape/deciding.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_set>

#include "core/shape/slice_op.hpp"

namespace tenon {
namespace {

struct Deciding {
  std::string_view op;
  uint32_t mask;
};
constexpr Deciding kDeciding[] = {
#define TENON_DECIDING(op, mask) {op, mask},
#include "core/shape/deciding.def"
#undef TENON_DECIDING
};
constexpr std::string_view kDataOps[] = {
#define TENON_DATA_OP(op) op,
#include "core/shape/data_ops.def"
#undef TENON_DATA_OP
};

// Classes of one graph's values: of their dims in Value::shape_class, of their contents here.
class Classifier {
 public:
  Classifier(Graph& graph, const Classifier* outer) : graph_(graph), contents_(graph.values.size(), ShapeClass::data) {
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      Value& value = graph.values[id];
      if (value.constant != kNone) {
        value.shape_class = contents_[id] = ShapeClass::fixed;
      }
    }
    for (ValueId id : graph.inputs) {
      Value& value = graph.values[id];
      value.shape_class = is_static(value.type.shape) ? ShapeClass::fixed
                          : value.type.shape          ? ShapeClass::symbolic
                                                      : ShapeClass::computed;
      contents_[id] =
          slice_dtype(value.type.dtype) && !slice_real(value.type.dtype) ? ShapeClass::computed : ShapeClass::data;
      add_symbols(value.type);
    }
    for (const Capture& capture : graph.captures) {
      graph.values[capture.inner].shape_class = graph.parent->values[capture.outer].shape_class;
      contents_[capture.inner] = outer->contents_[capture.outer];
      add_symbols(graph.values[capture.inner].type);
    }
  }

  void run() {
    for (NodeId id : graph_.order) {
      classify(graph_.nodes[id]);
      for (auto& [name, body] : graph_.nodes[id].bodies) {
        Classifier(*body, this).run();
      }
    }
  }

 private:
  void add_symbols(const Type& type) {
    for (const Dim& dim : type.shape.value_or(std::vector<Dim>())) {
      symbols_.insert(dim.symbol);
    }
  }

  void classify(const Node& node) {
    ShapeClass dims = is_data_operator(node) ? ShapeClass::data : ShapeClass::fixed;
    ShapeClass contents = ShapeClass::fixed;
    const SliceOperator* slice = find_slice_operator(node);
    const uint32_t mask = deciding_inputs(node);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId input = node.inputs[i];
      if (input == kNone) {
        continue;
      }
      const ShapeClass of_dims = graph_.values[input].shape_class;
      dims = std::max(dims, of_dims);
      if (decides(mask, i)) {
        dims = std::max(dims, contents_[input]);
      }
      contents = std::max(contents, slice != nullptr && slice->reads_contents ? contents_[input]
                                    : of_dims == ShapeClass::symbolic         ? ShapeClass::computed
                                                                              : of_dims);
    }
    for (ValueId output : node.outputs) {
      if (output != kNone) {
        graph_.values[output].shape_class = of_output(graph_.values[output].type, dims);
        contents_[output] = slice == nullptr ? ShapeClass::data : contents;
      }
    }
  }

  ShapeClass of_output(const Type& type, ShapeClass from_inputs) const {
    if (!type.is_tensor()) {
      return ShapeClass::data;
    }
    if (is_static(type.shape)) {
      return ShapeClass::fixed;
    }
    const bool named = type.shape && std::all_of(type.shape->begin(), type.shape->end(), [this](const Dim& dim) {
                         return dim.known() || symbols_.contains(dim.symbol);
                       });
    return named ? ShapeClass::symbolic : std::max(from_inputs, ShapeClass::computed);
  }

  Graph& graph_;
  std::vector<ShapeClass> contents_;
  std::unordered_set<SymbolId> symbols_;  // of inputs and captured values
};

}  // namespace

uint32_t deciding_inputs(const Node& node) {
  if (node.domain != "ai.onnx") {
    return 0;
  }
  const auto* it = std::lower_bound(std::begin(kDeciding), std::end(kDeciding), node.op,
                                    [](const Deciding& a, const std::string& op) { return a.op < op; });
  return it != std::end(kDeciding) && it->op == node.op ? it->mask : 0;
}

bool is_data_operator(const Node& node) {
  return !node.bodies.empty() ||
         (node.domain == "ai.onnx" &&
          std::binary_search(std::begin(kDataOps), std::end(kDataOps), std::string_view(node.op)));
}

void classify_shapes(Model* model) { Classifier(*model->graph, nullptr).run(); }

}  // namespace tenon
