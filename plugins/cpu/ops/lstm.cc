// SPDX-License-Identifier: Apache-2.0
// ONNX LSTM (form 7) in float32: all directions, peepholes and sequence lengths, with the default activations; layout
// 0.
#include "kernels/lstm.hpp"

#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct LstmKernelPlan : Plan {
  std::unique_ptr<LstmPlan> lstm;
  int64_t steps = 0, batch = 0, input = 0, hidden = 0, dirs = 1;
  int64_t w_floats = 0, r_floats = 0;  // of one direction's packed weights
  int64_t weight_floats = 0;           // of workspace, for weights that are not constant
};

class Lstm : public Kernel {
 public:
  explicit Lstm(const Build& build) : Kernel(build, "lstm") {
    const std::string_view direction = build.node.attr_string("direction", "forward");
    reverse_ = direction == "reverse";
    const Value w = build.node.input(1);
    const Value r = build.node.input(2);
    if (!w.is_const() || !r.is_const() || !w.is_static() || !r.is_static()) return;
    constant_ = true;
    request(build, w, 0);
    request(build, r, 1);
  }
  void prepack(uint32_t pack, const tenon_tensor& dst, const Task&) override {
    pack_all(source_[pack], shape_[pack], static_cast<float*>(dst.data));
  }
  void bind_packed(uint32_t pack, const tenon_tensor& packed) override {
    packed_[pack] = static_cast<const float*>(packed.data);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<LstmKernelPlan>();
    const DimsView x = dims(shapes, 0);
    const DimsView w = dims(shapes, 1);
    const DimsView r = dims(shapes, 2);
    plugin::require(x.size() == 3 && w.size() == 3 && r.size() == 3 && w[2] == x[2] && w[1] == 4 * r[2] &&
                        r[1] == w[1] && r[0] == w[0],
                    TENON_INVALID_TENSOR, node_text_, ": X of dims ", x, ", W of dims ", w, " and R of dims ", r,
                    " do not fit");
    plan->steps = x[0];
    plan->batch = x[1];
    plan->input = x[2];
    plan->dirs = w[0];
    plan->hidden = r[2];
    check_extra(shapes, 3, plan->dirs * 8 * plan->hidden);
    check_extra(shapes, 4, plan->batch);
    check_extra(shapes, 5, plan->dirs * plan->batch * plan->hidden);
    check_extra(shapes, 6, plan->dirs * plan->batch * plan->hidden);
    check_extra(shapes, 7, plan->dirs * 3 * plan->hidden);
    settle(shapes, 0, Dims{plan->steps, plan->dirs, plan->batch, plan->hidden});
    settle(shapes, 1, Dims{plan->dirs, plan->batch, plan->hidden});
    settle(shapes, 2, Dims{plan->dirs, plan->batch, plan->hidden});
    plan->lstm = std::make_unique<LstmPlan>(plan->steps, plan->batch, plan->input, plan->hidden);
    plan->w_floats = packed_b_floats(plan->input, 4 * plan->hidden);
    plan->r_floats = packed_b_floats(plan->hidden, 4 * plan->hidden);
    if (!constant_) plan->weight_floats = round_up(plan->dirs * (plan->w_floats + plan->r_floats), 16);
    info.workspace_bytes = static_cast<uint64_t>(plan->weight_floats + plan->lstm->workspace_floats()) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const LstmKernelPlan&>(plan);
    float* scratch = workspace(run);
    const float* w = packed_[0];
    const float* r = packed_[1];
    if (!constant_) {
      pack_all(data<float>(run, 1), {p.dirs, 4 * p.hidden, p.input}, scratch);
      pack_all(data<float>(run, 2), {p.dirs, 4 * p.hidden, p.hidden}, scratch + p.dirs * p.w_floats);
      w = scratch;
      r = scratch + p.dirs * p.w_floats;
      scratch += p.weight_floats;
    }
    const int64_t state = p.batch * p.hidden;
    const auto part = [](auto* base, int64_t offset) { return base == nullptr ? nullptr : base + offset; };
    for (int64_t i = 0; i < p.dirs; ++i) {
      LstmDirection d;
      d.x = data<float>(run, 0);
      d.packed_w = w + i * p.w_floats;
      d.packed_r = r + i * p.r_floats;
      d.bias = part(data<float>(run, 3), i * 8 * p.hidden);
      d.lengths = data<int32_t>(run, 4);
      d.initial_h = part(data<float>(run, 5), i * state);
      d.initial_c = part(data<float>(run, 6), i * state);
      d.peephole = part(data<float>(run, 7), i * 3 * p.hidden);
      d.reverse = reverse_ || i == 1;
      d.y = part(out<float>(run, 0), i * state);
      d.y_step = p.dirs * state;
      d.last_h = part(out<float>(run, 1), i * state);
      d.last_c = part(out<float>(run, 2), i * state);
      p.lstm->run(d, scratch, parallel(run));
    }
  }

 private:
  void request(const Build& build, const Value& v, size_t which) {
    shape_[which].assign(v.dims().begin(), v.dims().end());
    const Dims& s = shape_[which];
    request_pack(v, s[0] * packed_b_floats(s[2], s[1]), plugin::cat("lstm.", s[0], "x", s[1], "x", s[2]));
    source_[which] = static_cast<const float*>(build.session.weight(v.const_id()).tensor.data);
  }
  // [dirs, n, k] -> one packed B of k by n a direction.
  static void pack_all(const float* w, const Dims& shape, float* to) {
    for (int64_t i = 0; i < shape[0]; ++i)
      pack_b(w + i * shape[1] * shape[2], 1, shape[2], shape[2], shape[1], 0, ceil_div(shape[1], kCols),
             to + i * packed_b_floats(shape[2], shape[1]));
  }
  void check_extra(const Shapes& shapes, size_t input, int64_t n) const {
    if (!has(input)) return;
    plugin::require(count_of(dims(shapes, input)) == n, TENON_INVALID_TENSOR, node_text_, ": input ", input,
                    " has dims ", dims(shapes, input), ", expected ", n, " elements");
  }
  bool reverse_ = false;
  bool constant_ = false;
  Dims shape_[2];
  const float* source_[2] = {};
  const float* packed_[2] = {};
};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool check(const Node& node, Refusal& refusal) {
  if (!check_input(node, 0, {TENON_FLOAT32}, refusal)) return false;
  static constexpr std::string_view wanted[] = {"Sigmoid", "Tanh", "Tanh"};
  const auto given = node.attr_strings("activations");
  for (size_t i = 0; i < given.size(); ++i)
    if (!equal_ignoring_case(given[i], wanted[i % 3]))
      return refusal.set(TENON_REFUSE_ATTR, plugin::cat("activation ", given[i], " is not in this provider"));
  if (node.attr_int("layout", 0) != 0) return refusal.set(TENON_REFUSE_ATTR, "layout 1 is not in this provider");
  if (node.attr_int("input_forget", 0) != 0)
    return refusal.set(TENON_REFUSE_ATTR, "input_forget is not in this provider");
  const auto* clip = node.attr("clip");
  if (clip != nullptr) return refusal.set(TENON_REFUSE_ATTR, "clip is not in this provider");
  return true;
}

}  // namespace

const Family lstm_family = {check, make_kernel<Lstm>};

}  // namespace tenon::cpu
