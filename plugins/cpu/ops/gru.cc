// SPDX-License-Identifier: Apache-2.0
// ONNX GRU (form 7) in float32: all directions and sequence lengths, linear_before_reset or not, with the default
// activations; layout 0.
#include "kernels/gru.hpp"

#include "ops/recurrent.hpp"

namespace tenon::cpu {
namespace {

struct GruKernelPlan : RecurrentPlan {
  std::unique_ptr<GruPlan> gru;
};

class Gru : public Recurrent {
 public:
  explicit Gru(const Build& build)
      : Recurrent(build, "gru", {2, 1}), linear_before_reset_(build.node.attr_int("linear_before_reset", 0) != 0) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<GruKernelPlan>();
    measure(shapes, plan.get());
    check_extra(shapes, 3, plan->dirs * 6 * plan->hidden);
    check_extra(shapes, 4, plan->batch);
    check_extra(shapes, 5, plan->dirs * plan->batch * plan->hidden);
    settle(shapes, 0, Dims{plan->steps, plan->dirs, plan->batch, plan->hidden});
    settle(shapes, 1, Dims{plan->dirs, plan->batch, plan->hidden});
    plan->gru = std::make_unique<GruPlan>(plan->steps, plan->batch, plan->input, plan->hidden, linear_before_reset_);
    info.workspace_bytes = static_cast<uint64_t>(plan->weight_floats + plan->gru->workspace_floats()) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const GruKernelPlan&>(plan);
    float* scratch = workspace(run);
    const auto [w, r] = weights(run, p, scratch);
    const int64_t state = p.batch * p.hidden;
    for (int64_t i = 0; i < p.dirs; ++i) {
      GruDirection d;
      d.x = data<float>(run, 0);
      d.packed_w = w + i * p.w_floats;
      d.packed_r = r + i * p.r_floats;
      d.bias = part_of(data<float>(run, 3), i * 6 * p.hidden);
      d.lengths = data<int32_t>(run, 4);
      d.initial_h = part_of(data<float>(run, 5), i * state);
      d.reverse = reversed(i);
      d.y = part_of(out<float>(run, 0), i * state);
      d.y_step = p.dirs * state;
      d.last_h = part_of(out<float>(run, 1), i * state);
      p.gru->run(d, scratch + p.weight_floats, parallel(run));
    }
  }

 private:
  bool linear_before_reset_;
};

bool check(const Node& node, Refusal& refusal) {
  static constexpr std::string_view wanted[] = {"Sigmoid", "Tanh"};
  return check_recurrent(node, wanted, refusal);
}

}  // namespace

const Family gru_family = {check, make_kernel<Gru>};

}  // namespace tenon::cpu
