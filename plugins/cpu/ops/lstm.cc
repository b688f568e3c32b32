// SPDX-License-Identifier: Apache-2.0
// ONNX LSTM (form 7) in float32: all directions, peepholes and sequence lengths, with the default activations; layout
// 0.
#include "kernels/lstm.hpp"

#include "ops/recurrent.hpp"

namespace tenon::cpu {
namespace {

struct LstmKernelPlan : RecurrentPlan {
  std::unique_ptr<LstmPlan> lstm;
};

class Lstm : public Recurrent {
 public:
  explicit Lstm(const Build& build) : Recurrent(build, "lstm", {4}) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<LstmKernelPlan>();
    measure(shapes, plan.get());
    check_extra(shapes, 3, plan->dirs * 8 * plan->hidden);
    check_extra(shapes, 4, plan->batch);
    check_extra(shapes, 5, plan->dirs * plan->batch * plan->hidden);
    check_extra(shapes, 6, plan->dirs * plan->batch * plan->hidden);
    check_extra(shapes, 7, plan->dirs * 3 * plan->hidden);
    settle(shapes, 0, Dims{plan->steps, plan->dirs, plan->batch, plan->hidden});
    settle(shapes, 1, Dims{plan->dirs, plan->batch, plan->hidden});
    settle(shapes, 2, Dims{plan->dirs, plan->batch, plan->hidden});
    plan->lstm = std::make_unique<LstmPlan>(plan->steps, plan->batch, plan->input, plan->hidden);
    info.workspace_bytes = static_cast<uint64_t>(plan->weight_floats + plan->lstm->workspace_floats()) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const LstmKernelPlan&>(plan);
    float* scratch = workspace(run);
    const auto [w, r] = weights(run, p, scratch);
    const int64_t state = p.batch * p.hidden;
    for (int64_t i = 0; i < p.dirs; ++i) {
      LstmDirection d;
      d.x = data<float>(run, 0);
      d.packed_w = w + i * p.w_floats;
      d.packed_r = r + i * p.r_floats;
      d.bias = part_of(data<float>(run, 3), i * 8 * p.hidden);
      d.lengths = data<int32_t>(run, 4);
      d.initial_h = part_of(data<float>(run, 5), i * state);
      d.initial_c = part_of(data<float>(run, 6), i * state);
      d.peephole = part_of(data<float>(run, 7), i * 3 * p.hidden);
      d.reverse = reversed(i);
      d.y = part_of(out<float>(run, 0), i * state);
      d.y_step = p.dirs * state;
      d.last_h = part_of(out<float>(run, 1), i * state);
      d.last_c = part_of(out<float>(run, 2), i * state);
      p.lstm->run(d, scratch + p.weight_floats, parallel(run));
    }
  }
};

bool check(const Node& node, Refusal& refusal) {
  static constexpr std::string_view wanted[] = {"Sigmoid", "Tanh", "Tanh"};
  if (!check_recurrent(node, wanted, refusal)) return false;
  if (node.attr_int("input_forget", 0) != 0)
    return refusal.set(TENON_REFUSE_ATTR, "input_forget is not in this provider");
  return true;
}

}  // namespace

const Family lstm_family = {check, make_kernel<Lstm>};

}  // namespace tenon::cpu
