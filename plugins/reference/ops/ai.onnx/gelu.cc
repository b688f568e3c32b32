// SPDX-License-Identifier: Apache-2.0
// ai.onnx Gelu, form 20: Y = X / 2 * (1 + erf(X / sqrt 2)); approximate "tanh":
// X / 2 * (1 + tanh(sqrt(2 / pi) * (X + 0.044715 X^3))).
#include <cmath>
#include <numbers>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  if (c.attributes().string("approximate", "none") == "tanh") {
    const double factor = std::sqrt(2 / std::numbers::pi);
    unary(c, kit::kFloats, [=](double x) { return 0.5 * x * (1 + std::tanh(factor * (x + 0.044715 * x * x * x))); });
  } else {
    unary(c, kit::kFloats, [](double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); });
  }
}

std::string refuse(const plugin::Node& node) {
  const kit::Attributes attributes(node);
  const std::string_view mode = attributes.string("approximate", "none");
  return mode == "none" || mode == "tanh"
             ? ""
             : "attribute 'approximate' is '" + std::string(mode) + "', expected none or tanh";
}

}  // namespace

TENON_OPERATOR(gelu){
    .name = "Gelu",
    .form = 20,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
