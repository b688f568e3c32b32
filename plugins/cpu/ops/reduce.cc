// SPDX-License-Identifier: Apache-2.0
// ONNX Reduce* (forms 13 and 18; float32, and int32 and int64 where no root is taken) and the global pools (form 1).
#include "kernels/reduce.hpp"

#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct Entry {
  std::string_view name;
  ReduceOp op;
};

constexpr Entry kEntries[] = {
    {"ReduceSum", ReduceOp::kSum},
    {"ReduceMean", ReduceOp::kMean},
    {"ReduceMax", ReduceOp::kMax},
    {"ReduceMin", ReduceOp::kMin},
    {"ReduceProd", ReduceOp::kProd},
    {"ReduceL1", ReduceOp::kL1},
    {"ReduceL2", ReduceOp::kL2},
    {"ReduceSumSquare", ReduceOp::kSumSquare},
    {"GlobalAveragePool", ReduceOp::kMean},
    {"GlobalMaxPool", ReduceOp::kMax},
};

struct ReduceKernelPlan : Plan {
  std::unique_ptr<ReducePlan> reduce;  // NULL: the axes come with the run
  Dims x, y;
};

class Reduce : public Kernel {
 public:
  explicit Reduce(const Build& build)
      : Kernel(build, std::string(build.node.op())),
        global_(build.node.op().starts_with("Global")),
        keepdims_(global_ || build.node.attr_int("keepdims", 1) != 0),
        noop_(build.node.attr_int("noop_with_empty_axes", 0) != 0),
        dtype_(build.node.input(0).dtype()),
        axes_(build.const_ints(1)) {
    for (const Entry& e : kEntries)
      if (e.name == build.node.op()) op_ = e.op;
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<ReduceKernelPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    auto axes = axes_ ? axes_ : known_ints(shapes, 1);
    if (!has(1) && !axes) axes.emplace();
    if (!axes) return plan;
    plan->reduce = std::make_unique<ReducePlan>(resolve(plan->x, *axes, plan->y));
    settle(shapes, 0, plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const ReduceKernelPlan&>(plan);
    if (p.reduce != nullptr) return reduce(*p.reduce, run, out<void>(run, 0));
    Dims y;
    const ReducePlan now = resolve(p.x, ints_of(in(run, 1)), y);
    reduce(now, run, out_of(run, 0, y));
  }

 private:
  ReducePlan resolve(const Dims& x, const std::vector<int64_t>& axes, Dims& y) const {
    std::vector<bool> reduced(x.size(), axes.empty() && !noop_);
    if (global_) {
      plugin::require(x.size() >= 2, TENON_INVALID_TENSOR, node_text_, ": input has dims ", x, ", expected 2 or more");
      reduced[0] = reduced[1] = false;
    }
    for (const int64_t a : axes) reduced[static_cast<size_t>(normal_axis(a, x.size(), node_text_))] = true;
    for (size_t i = 0; i < x.size(); ++i) {
      if (!reduced[i]) y.push_back(x[i]);
      if (reduced[i] && keepdims_) y.push_back(1);
    }
    return ReducePlan(x, reduced);
  }
  void reduce(const ReducePlan& plan, const Run& run, void* y) const {
    if (dtype_ == TENON_FLOAT32) return plan.run(op_, data<float>(run, 0), static_cast<float*>(y), parallel(run));
    if (dtype_ == TENON_INT32) return plan.run(op_, data<int32_t>(run, 0), static_cast<int32_t*>(y), parallel(run));
    plan.run(op_, data<int64_t>(run, 0), static_cast<int64_t*>(y), parallel(run));
  }

  bool global_, keepdims_, noop_;
  uint32_t dtype_;
  std::optional<std::vector<int64_t>> axes_;
  ReduceOp op_ = ReduceOp::kSum;
};

bool check(const Node& node, Refusal& refusal) {
  if (node.op().starts_with("Global") || node.op() == "ReduceL1" || node.op() == "ReduceL2")
    return check_input(node, 0, {TENON_FLOAT32}, refusal);
  return check_input(node, 0, {TENON_FLOAT32, TENON_INT32, TENON_INT64}, refusal);
}

}  // namespace

const Family reduce_family = {check, make_kernel<Reduce>};

}  // namespace tenon::cpu
