// SPDX-License-Identifier: Apache-2.0
#include "fuse.hpp"

#include <algorithm>
#include <limits>

namespace tenon::cpu {
namespace {

constexpr int64_t kNone = -1;
constexpr int64_t kMany = -2;
constexpr float kInf = std::numeric_limits<float>::infinity();

// No dim that is known says otherwise. Kernels of fused regions can broadcast after all, only not as fast.
bool may_be_equal(const Value& a, const Value& b) {
  if (!a.rank_known() || !b.rank_known() || a.rank() != b.rank()) return false;
  for (uint32_t i = 0; i < a.rank(); ++i)
    if (a.dims()[i] >= 0 && b.dims()[i] >= 0 && a.dims()[i] != b.dims()[i]) return false;
  return true;
}

// [n] or [1, ..., 1, n] where n is the last dim of `result`, of at most its rank.
bool is_row(const Value& v, const Value& result) {
  if (!v.is_static() || !result.rank_known() || v.rank() == 0 || v.rank() > result.rank()) return false;
  const int64_t n = v.dims().back();
  return n == result.dims().back() && plugin::element_count(v.dims()) == n;
}

// Whether the node's kernel has an epilogue: products of two activations are a library's, and a Gemm's C that is more
// than a row takes the place of the residual.
bool absorbs(const Node& node) {
  const Value b = node.input(1);
  if (node.op() == "Conv") return true;
  if (node.op() == "MatMul")
    return b.is_const() && b.is_static() && b.rank() == 2 && node.input(0).rank_known() && node.input(0).rank() >= 2;
  return !node.has_input(2) || (node.attr_float("beta", 1.0) == 1.0 && is_row(node.input(2), node.output(0)));
}

}  // namespace

std::optional<float> const_scalar(const Node& node, uint32_t input, const SessionDesc& session, float otherwise) {
  const Value v = node.input(input);
  if (!v) return otherwise;
  if (!v.is_const() || v.dtype() != TENON_FLOAT32 || !v.is_static() || plugin::element_count(v.dims()) != 1)
    return std::nullopt;
  return *static_cast<const float*>(session.weight(v.const_id(), 4).tensor.data);
}

Uses::Uses(const plugin::Graph& graph)
    : only_(graph.nvalues(), kNone), maker_(graph.nvalues(), kNone), readers_(graph.nvalues()) {
  for (uint32_t i = 0; i < graph.nnodes(); ++i) {
    const Node node = graph.node(i);
    for (const uint32_t v : node.input_ids())
      if (v != TENON_NO_ID) {
        only_[v] = only_[v] == kNone ? static_cast<int64_t>(i) : kMany;
        readers_[v].push_back(i);
      }
    for (const uint32_t v : node.output_ids())
      if (v != TENON_NO_ID) maker_[v] = static_cast<int64_t>(i);
  }
  for (const uint32_t v : graph.outputs()) {
    only_[v] = kMany;
    readers_[v].clear();
  }
}

std::optional<Activation> activation_of(const Node& node, const SessionDesc& session) {
  if (node.domain() != "ai.onnx" || node.ninputs() == 0 || !node.input(0) || node.input(0).dtype() != TENON_FLOAT32)
    return std::nullopt;
  const std::string_view op = node.op();
  const auto attr = [&](std::string_view name, double otherwise) {
    return static_cast<float>(node.attr_float(name, otherwise));
  };
  if (op == "Relu") return Activation{Function::kClamp, 0.0f, kInf};
  if (op == "Clip") {
    const auto low = const_scalar(node, 1, session, -kInf);
    const auto high = const_scalar(node, 2, session, kInf);
    if (!low || !high) return std::nullopt;
    return Activation{Function::kClamp, *low, *high};
  }
  if (op == "Gelu")
    return Activation{node.attr_string("approximate") == "tanh" ? Function::kGeluTanh : Function::kGelu};
  if (op == "HardSigmoid") return Activation{Function::kHardSigmoid, attr("alpha", 0.2), attr("beta", 0.5)};
  if (op == "LeakyRelu") return Activation{Function::kLeakyRelu, attr("alpha", 0.01)};
  if (op == "Elu") return Activation{Function::kElu, attr("alpha", 1.0)};
  if (op == "Swish") return Activation{Function::kSwish, attr("alpha", 1.0)};
  static constexpr std::pair<std::string_view, Function> plain[] = {
      {"Abs", Function::kAbs},   {"Ceil", Function::kCeil},       {"Cos", Function::kCos},
      {"Erf", Function::kErf},   {"Exp", Function::kExp},         {"Floor", Function::kFloor},
      {"Log", Function::kLog},   {"Neg", Function::kNeg},         {"HardSwish", Function::kHardSwish},
      {"Sin", Function::kSin},   {"Sqrt", Function::kSqrt},       {"Reciprocal", Function::kReciprocal},
      {"Tanh", Function::kTanh}, {"Sigmoid", Function::kSigmoid}, {"Softplus", Function::kSoftplus},
  };
  for (const auto& [name, function] : plain)
    if (name == op) return Activation{function};
  return std::nullopt;
}

Epilogue find_epilogue(const plugin::Graph& graph, const Uses& uses, const Node& anchor, const SessionDesc& session) {
  Epilogue out;
  out.result = anchor.output(0);
  const bool rows = anchor.op() == "MatMul";
  if (!absorbs(anchor)) return out;
  for (;;) {
    const int64_t next = uses.only_reader(out.result.id());
    if (next < 0) return out;
    const Node node = graph.node(static_cast<uint32_t>(next));
    const auto absorb = [&] {
      out.nodes.push_back(node.id());
      out.result = node.output(0);
    };
    if (node.is("ai.onnx", "Add") && node.input(0) && node.input(1)) {
      if (out.residual || !out.result.rank_known()) return out;
      const Value other = node.input(0).id() == out.result.id() ? node.input(1) : node.input(0);
      if (other.id() == out.result.id() || other.dtype() != TENON_FLOAT32) return out;
      if (rows && !out.bias && other.is_const() && is_row(other, out.result)) {
        out.bias = other;
      } else if (may_be_equal(other, out.result)) {
        // Of two products that feed one Add the later one takes it.
        const int64_t maker = uses.maker(other.id());
        if (maker > static_cast<int64_t>(anchor.id())) return out;
        out.residual = other;
      } else {
        return out;
      }
      absorb();
      continue;
    }
    if (node.input_ids().empty() || node.input_ids()[0] != out.result.id()) return out;
    const auto activation = activation_of(node, session);
    if (!activation) return out;
    out.activation = *activation;
    absorb();
    return out;
  }
}

}  // namespace tenon::cpu
