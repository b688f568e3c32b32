// SPDX-License-Identifier: Apache-2.0
// ONNX Softmax and LogSoftmax (form 13), LayerNormalization (form 17), BatchNormalization (form 14, inference) and LRN
// (form 1) in float32.
#include "kernels/norm.hpp"

#include <cmath>

#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct NormPlan : Plan {
  int64_t outer = 0, axis = 0, inner = 0;
};

int64_t product(DimsView dims, size_t first, size_t last) { return count_of(dims.subspan(first, last - first)); }

class Softmax : public Kernel {
 public:
  explicit Softmax(const Build& build)
      : Kernel(build, build.node.op() == "LogSoftmax" ? "log_softmax" : "softmax"),
        axis_(build.node.attr_int("axis", -1)),
        logarithm_(build.node.op() == "LogSoftmax") {
    alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<NormPlan>();
    const DimsView x = dims(shapes, 0);
    settle(shapes, 0, x);
    plan->outer = plan->axis = plan->inner = 1;
    if (x.empty()) return plan;
    const auto axis = static_cast<size_t>(normal_axis(axis_, x.size(), node_text_));
    *plan = {};
    plan->outer = product(x, 0, axis);
    plan->axis = x[axis];
    plan->inner = product(x, axis + 1, x.size());
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const NormPlan&>(plan);
    softmax(data<float>(run, 0), out<float>(run, 0), p.outer, p.axis, p.inner, logarithm_, parallel(run));
  }

 private:
  int64_t axis_;
  bool logarithm_;
};

class LayerNormalization : public Kernel {
 public:
  explicit LayerNormalization(const Build& build)
      : Kernel(build, "layer_norm"),
        axis_(build.node.attr_int("axis", -1)),
        epsilon_(static_cast<float>(build.node.attr_float("epsilon", 1e-5))) {
    alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<NormPlan>();
    const DimsView x = dims(shapes, 0);
    const auto axis = static_cast<size_t>(normal_axis(axis_, x.size(), node_text_));
    plan->outer = product(x, 0, axis);
    plan->inner = product(x, axis, x.size());
    for (size_t i = 1; i < 3; ++i) {
      if (!has(i)) continue;
      plugin::require(count_of(dims(shapes, i)) == plan->inner, TENON_INVALID_TENSOR, node_text_, ": input ", i,
                      " has dims ", dims(shapes, i), ", expected ", x.subspan(axis));
    }
    settle(shapes, 0, x);
    Dims rows(x.begin(), x.end());
    std::fill(rows.begin() + static_cast<std::ptrdiff_t>(axis), rows.end(), 1);
    settle(shapes, 1, rows);
    settle(shapes, 2, rows);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const NormPlan&>(plan);
    LayerNorm n;
    n.rows = p.outer;
    n.width = p.inner;
    n.epsilon = epsilon_;
    n.scale = data<float>(run, 1);
    n.bias = data<float>(run, 2);
    n.mean = out<float>(run, 1);
    n.inv_std = out<float>(run, 2);
    layer_norm(n, data<float>(run, 0), out<float>(run, 0), parallel(run));
  }

 private:
  int64_t axis_;
  float epsilon_;
};

class BatchNormalization : public Kernel {
 public:
  explicit BatchNormalization(const Build& build)
      : Kernel(build, "batch_norm"), epsilon_(static_cast<float>(build.node.attr_float("epsilon", 1e-5))) {
    alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<NormPlan>();
    const DimsView x = dims(shapes, 0);
    settle(shapes, 0, x);
    plan->outer = x.empty() ? 1 : x[0];
    plan->axis = x.size() > 1 ? x[1] : 1;
    plan->inner = x.size() > 2 ? product(x, 2, x.size()) : 1;
    for (size_t i = 1; i < 5; ++i)
      plugin::require(count_of(dims(shapes, i)) == plan->axis, TENON_INVALID_TENSOR, node_text_, ": input ", i,
                      " has dims ", dims(shapes, i), ", expected ", plan->axis, " channels");
    info.workspace_bytes = static_cast<uint64_t>(plan->axis) * 2 * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const NormPlan&>(plan);
    float* scale = workspace(run);
    float* shift = scale + p.axis;
    for (int64_t c = 0; c < p.axis; ++c) {
      scale[c] = data<float>(run, 1)[c] / std::sqrt(data<float>(run, 4)[c] + epsilon_);
      shift[c] = data<float>(run, 2)[c] - data<float>(run, 3)[c] * scale[c];
    }
    scale_shift(data<float>(run, 0), out<float>(run, 0), p.outer, p.axis, p.inner, scale, shift, parallel(run));
  }

 private:
  float epsilon_;
};

class Lrn : public Kernel {
 public:
  explicit Lrn(const Build& build)
      : Kernel(build, "lrn"),
        size_(build.node.attr_int("size", 1)),
        alpha_(static_cast<float>(build.node.attr_float("alpha", 1e-4))),
        beta_(static_cast<float>(build.node.attr_float("beta", 0.75))),
        bias_(static_cast<float>(build.node.attr_float("bias", 1.0))) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<NormPlan>();
    const DimsView x = dims(shapes, 0);
    plugin::require(x.size() >= 2, TENON_INVALID_TENSOR, node_text_, ": input has dims ", x, ", expected 2 or more");
    settle(shapes, 0, x);
    plan->outer = x[0];
    plan->axis = x[1];
    plan->inner = product(x, 2, x.size());
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const NormPlan&>(plan);
    local_response_norm(data<float>(run, 0), out<float>(run, 0), p.outer, p.axis, p.inner, size_, alpha_, beta_, bias_,
                        parallel(run));
  }

 private:
  int64_t size_;
  float alpha_, beta_, bias_;
};

bool check(const Node& node, Refusal& refusal) {
  if (!check_dtypes(node, {TENON_FLOAT32}, refusal)) return false;
  if (node.op() == "BatchNormalization" && node.attr_int("training_mode", 0) != 0)
    return refusal.set(TENON_REFUSE_ATTR, "training_mode is not in this provider");
  if (node.op() == "LRN" && node.attr_int("size", 1) < 1) return refusal.set(TENON_REFUSE_ATTR, "size is below 1");
  return true;
}

std::unique_ptr<Kernel> make(const Build& build) {
  const std::string_view op = build.node.op();
  if (op == "LayerNormalization") return std::make_unique<LayerNormalization>(build);
  if (op == "BatchNormalization") return std::make_unique<BatchNormalization>(build);
  if (op == "LRN") return std::make_unique<Lrn>(build);
  return std::make_unique<Softmax>(build);
}

}  // namespace

const Family norm_family = {check, make};

}  // namespace tenon::cpu
