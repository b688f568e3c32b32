// SPDX-License-Identifier: Apache-2.0
// The cpu provider: float32 on the host's processor. It claims single nodes, and products together with the
// element-wise nodes behind them.
#include <tenon/provider.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "attention.hpp"
#include "cost.hpp"
#include "fuse.hpp"
#include "kernels/simd.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct Operator {
  std::string_view domain;
  std::string_view name;
  uint32_t form;
  const Family* family;
};

#define CPU_OP(domain, name, form, family) {domain, #name, form, &family##_family},
const Operator kOperators[] = {
#include "ops/ops.def"
};
#undef CPU_OP

const Operator* find_operator(const Node& node) {
  for (const Operator& op : kOperators)
    if (op.name == node.op() && op.domain == node.domain()) return &op;
  return nullptr;
}

const Operator* acceptable(const Node& node, Refusal& refusal) {
  const Operator* op = find_operator(node);
  if (op == nullptr) {
    refusal.set(TENON_REFUSE_OP, plugin::cat(node.op(), " is not in this provider"));
    return nullptr;
  }
  if (op->form != node.form()) {
    refusal.set(TENON_REFUSE_FORM,
                plugin::cat("form ", node.form(), " of ", node.op(), ", this provider has form ", op->form));
    return nullptr;
  }
  return op->family->check(node, refusal) ? op : nullptr;
}

bool is_anchor(const Node& node) { return node.op() == "Conv" || node.op() == "MatMul" || node.op() == "Gemm"; }

class Session {
 public:
  explicit Session(SessionDesc desc) : desc_(std::move(desc)) {}

  void query(const plugin::Graph& graph, const plugin::Sink& sink) {
    const Uses uses(graph);
    for (uint32_t i = 0; i < graph.nnodes(); ++i) {
      const Node node = graph.node(i);
      Refusal refusal;
      if (acceptable(node, refusal) == nullptr) {
        sink.refuse(node, refusal.reason, refusal.text, refusal.value);
        continue;
      }
      plugin::Claim claim;
      claim.id = uint64_t{i} * 2;
      claim.nodes = {i};
      estimate(node, node.output(0), claim);
      sink.claim(claim);
      if (desc_.no_fusion()) continue;
      claim.id += 1;
      if (is_anchor(node)) {
        const Epilogue epilogue = find_epilogue(graph, uses, node, desc_);
        if (epilogue.nodes.empty()) continue;
        claim.nodes.insert(claim.nodes.end(), epilogue.nodes.begin(), epilogue.nodes.end());
        sink.claim(claim);
      } else if (node.is("ai.onnx", "Softmax")) {
        const auto attention = find_attention(graph, uses, node, desc_);
        if (!attention) continue;
        claim.nodes = attention->nodes;
        sum_estimates(graph, claim);
        sink.claim(claim);
      }
    }
  }

  std::unique_ptr<Kernel> compile(const Region& region, const Task&, tenon_exec_info& info) {
    auto kernel = make(region, region.graph());
    kernel->describe(info);
    return kernel;
  }

 private:
  std::unique_ptr<Kernel> make(const Region& region, const plugin::Graph& graph) const {
    if (graph.nnodes() > 1) {
      const Uses uses(graph);
      for (uint32_t i = 0; i < graph.nnodes(); ++i) {
        if (!graph.node(i).is("ai.onnx", "Softmax")) continue;
        auto attention = find_attention(graph, uses, graph.node(i), desc_);
        if (attention && attention->nodes.size() == graph.nnodes())
          return make_attention(desc_, region, graph.node(i), std::move(*attention));
      }
    }
    const Node node = graph.node(0);
    Refusal refusal;
    const Operator* op = acceptable(node, refusal);
    plugin::require(op != nullptr, TENON_DECLINED, node.text(), ": ", refusal.text);
    Epilogue epilogue;
    if (graph.nnodes() > 1) {
      epilogue = find_epilogue(graph, Uses(graph), node, desc_);
      plugin::require(epilogue.nodes.size() + 1 == graph.nnodes(), TENON_DECLINED, node.text(), ": a region of ",
                      graph.nnodes(), " nodes was not claimed");
    }
    return op->family->make(Build(desc_, region, node, std::move(epilogue)));
  }
  // What its nodes take one by one is an upper bound of what the region takes.
  static void sum_estimates(const plugin::Graph& graph, plugin::Claim& claim) {
    uint64_t total = 0;
    uint32_t kind = TENON_ESTIMATE_MODELLED;
    for (const uint32_t id : claim.nodes) {
      plugin::Claim one;
      estimate(graph.node(id), graph.node(id).output(0), one);
      total += one.est_ns;
      kind = std::min(kind, one.estimate);
    }
    claim.est_ns = total;
    claim.estimate = kind;
  }

  SessionDesc desc_;
};

class Provider {
 public:
  static constexpr plugin::Identity identity{.id = "cpu", .version = "0.1.0", .build = "C++20, " __VERSION__};

  explicit Provider(const plugin::Host& host) {
    set_host(host.raw());
    for (const Operator& op : kOperators) list_ += plugin::cat(op.domain, " ", op.name, " ", op.form, "\n");
  }
  std::span<const tenon_device> devices() { return {&device_, 1}; }
  std::unique_ptr<Session> create_session(SessionDesc desc) { return std::make_unique<Session>(std::move(desc)); }
  // "tenon_x_operators": domain, operator and form, one a line; a terminated text.
  const void* get_extension(std::string_view name) { return name == "tenon_x_operators" ? list_.c_str() : nullptr; }

 private:
  tenon_memory_kind memory_ = plugin::host_memory_kind();
  std::string name_ = plugin::cat("host processor, ", simd::kIsa, " kernels");
  tenon_device device_ = plugin::cpu_device(name_, {&memory_, 1});
  std::string list_;
};

}  // namespace
}  // namespace tenon::cpu

TENON_PROVIDER(tenon::cpu::Provider)
