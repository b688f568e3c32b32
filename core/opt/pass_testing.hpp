// SPDX-License-Identifier: Apache-2.0
// For tests of passes: a model as text in, its graph after some passes as text out.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "core/ir/text.hpp"
#include "core/ir/verify.hpp"
#include "core/opt/run_passes.hpp"
#include "core/shape/infer.hpp"
#include "core/shape/slice_op.hpp"

namespace tenon {

// Computes small float32 tensors by the shape slice's own operators, and Sqrt and Reciprocal.
class TestFolder : public Folder {
 public:
  Result<Folded> fold(const Graph&, const Node& node, std::span<const ConstantPtr> inputs, std::span<const Type> types,
                      uint64_t) override {
    ++calls;
    std::vector<SliceTensorPtr> tensors;
    std::vector<SliceInput> values;
    std::vector<std::vector<Dim>> dims(inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      tensors.push_back(inputs[i] ? slice_tensor(*inputs[i]) : nullptr);
      for (int64_t size : inputs[i] ? inputs[i]->dims : std::vector<int64_t>()) {
        dims[i].push_back(Dim{size, 0});
      }
      values.push_back({inputs[i] != nullptr, &dims[i], tensors[i].get()});
    }
    std::vector<SliceTensorPtr> out(1);
    if (node.op == "Sqrt" || node.op == "Reciprocal") {
      auto made = std::make_shared<SliceTensor>(*tensors[0]);
      for (Element& e : made->elements) {
        e = wrapped(made->dtype, Element::real(node.op == "Sqrt" ? std::sqrt(e.as_real()) : 1 / e.as_real()));
      }
      out[0] = made;
    } else {
      Algebra algebra(nullptr);
      TENON_RETURN_IF_ERROR(evaluate_slice(node, values, algebra, &out));
    }
    if (out[0] == nullptr || !out[0]->all_known() || types.size() != 1) {
      return Status(TENON_UNSUPPORTED, node.op + " is not folded by the test's folder");
    }
    return Folded{{slice_constant(*out[0])}, "test"};
  }
  int calls = 0;
};

struct Optimised {
  std::unique_ptr<Model> model;
  std::string text;  // of the graph's statements, or the error
  std::vector<PassRecord> report;
};

// `graph`: the text form from "graph" on.
inline Optimised optimise(const std::string& passes, const std::string& graph, const std::string& header = "") {
  Optimised result;
  auto parsed = model_from_text("tenon-ir 1\n" + header + graph);
  if (!parsed.ok()) {
    result.text = parsed.status().message();
    return result;
  }
  result.model = std::move(*parsed);
  TestFolder folder;
  PassOptions options;
  options.passes = passes;
  options.verify = true;
  Status status = infer_model(result.model.get());
  status = status.ok() ? run_passes(result.model.get(), options, {&folder, nullptr}, &result.report) : status;
  status = status.ok() ? verify(*result.model) : status;
  TextOptions text;
  text.node_names = false;
  text.types = false;
  result.text = status.ok() ? to_text(*result.model->graph, text) : status.message();
  return result;
}

inline void expect_optimised(const std::string& passes, const std::string& graph, const std::string& expected) {
  const Optimised result = optimise(passes, graph);
  EXPECT_EQ(result.text, expected);
}

// The passes leave the graph as it is.
inline void expect_unchanged(const std::string& passes, const std::string& graph) {
  const Optimised before = optimise("none", graph), after = optimise(passes, graph);
  EXPECT_EQ(before.text, after.text);
  for (const PassRecord& record : after.report) {
    EXPECT_EQ(record.changes, 0u) << record.name;
  }
}

}  // namespace tenon
