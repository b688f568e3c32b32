// SPDX-License-Identifier: Apache-2.0
// What LSTM and GRU share: weights packed for products, sizes, and what neither of them has here (activations other
// than the default ones, clip, layout 1).
#ifndef TENON_CPU_OPS_RECURRENT_HPP_
#define TENON_CPU_OPS_RECURRENT_HPP_

#include <algorithm>

#include "kernels/matmul.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {

// The sizes of one set of input shapes.
struct RecurrentPlan : Plan {
  int64_t steps = 0, batch = 0, input = 0, hidden = 0, dirs = 1;
  int64_t w_floats = 0, r_floats = 0;  // of one direction's packed weights
  int64_t weight_floats = 0;           // of workspace, for weights that are not constant
};

// W and R are [dirs, gates * hidden, k]. Each direction's rows are packed in parts of so many gates as are multiplied
// together: W in one part, R in those of `r_parts`.
class Recurrent : public Kernel {
 public:
  void prepack(uint32_t pack, const tenon_tensor& dst, const Task&) override {
    pack_all(source_[pack], shape_[pack], parts_[pack], static_cast<float*>(dst.data));
  }
  void bind_packed(uint32_t pack, const tenon_tensor& packed) override {
    packed_[pack] = static_cast<const float*>(packed.data);
  }

 protected:
  Recurrent(const Build& build, std::string name, Dims r_parts) : Kernel(build, std::move(name)) {
    gates_ = 0;
    for (const int64_t part : r_parts) gates_ += part;
    parts_[0] = {gates_};
    parts_[1] = std::move(r_parts);
    reverse_ = build.node.attr_string("direction", "forward") == "reverse";
    const Value w = build.node.input(1);
    const Value r = build.node.input(2);
    if (!w.is_const() || !r.is_const() || !w.is_static() || !r.is_static() || w.rank() != 3 || r.rank() != 3) return;
    constant_ = true;
    request(build, w, 0);
    request(build, r, 1);
  }
  // Checks X, W and R and fills in the plan; the caller settles outputs.
  void measure(const Shapes& shapes, RecurrentPlan* plan) const {
    const DimsView x = dims(shapes, 0);
    const DimsView w = dims(shapes, 1);
    const DimsView r = dims(shapes, 2);
    plugin::require(x.size() == 3 && w.size() == 3 && r.size() == 3 && w[2] == x[2] && w[1] == gates_ * r[2] &&
                        r[1] == w[1] && r[0] == w[0],
                    TENON_INVALID_TENSOR, node_text_, ": X of dims ", x, ", W of dims ", w, " and R of dims ", r,
                    " do not fit");
    plan->steps = x[0];
    plan->batch = x[1];
    plan->input = x[2];
    plan->dirs = w[0];
    plan->hidden = r[2];
    plan->w_floats = packed_floats(plan->input, plan->hidden, parts_[0]);
    plan->r_floats = packed_floats(plan->hidden, plan->hidden, parts_[1]);
    if (!constant_) plan->weight_floats = round_up(plan->dirs * (plan->w_floats + plan->r_floats), 16);
  }
  // The packed weights of all directions: the host's, or made at `scratch`.
  std::pair<const float*, const float*> weights(const Run& run, const RecurrentPlan& p, float* scratch) const {
    if (constant_) return {packed_[0], packed_[1]};
    float* r = scratch + p.dirs * p.w_floats;
    pack_all(data<float>(run, 1), {p.dirs, gates_ * p.hidden, p.input}, parts_[0], scratch);
    pack_all(data<float>(run, 2), {p.dirs, gates_ * p.hidden, p.hidden}, parts_[1], r);
    return {scratch, r};
  }
  void check_extra(const Shapes& shapes, size_t input, int64_t n) const {
    if (!has(input)) return;
    plugin::require(count_of(dims(shapes, input)) == n, TENON_INVALID_TENSOR, node_text_, ": input ", input,
                    " has dims ", dims(shapes, input), ", expected ", n, " elements");
  }
  bool reversed(int64_t direction) const { return reverse_ || direction == 1; }

 private:
  static int64_t packed_floats(int64_t k, int64_t hidden, const Dims& parts) {
    int64_t n = 0;
    for (const int64_t part : parts) n += packed_b_floats(k, part * hidden);
    return n;
  }
  void request(const Build& build, const Value& v, size_t which) {
    shape_[which].assign(v.dims().begin(), v.dims().end());
    const Dims& s = shape_[which];
    std::string key = plugin::cat("gates.", s[0], "x", s[1], "x", s[2]);
    for (const int64_t part : parts_[which]) key += plugin::cat(".", part);
    request_pack(v, s[0] * packed_floats(s[2], s[1] / gates_, parts_[which]), key);
    source_[which] = static_cast<const float*>(build.session.weight(v.const_id()).tensor.data);
  }
  // [dirs, gates * hidden, k] -> one packed B of k by part * hidden for each part of each direction.
  void pack_all(const float* w, const Dims& shape, const Dims& parts, float* to) const {
    const int64_t k = shape[2];
    for (int64_t i = 0; i < shape[0]; ++i) {
      for (const int64_t part : parts) {
        const int64_t n = part * (shape[1] / gates_);
        pack_b(w, 1, k, k, n, 0, ceil_div(n, kCols), to);
        w += n * k;
        to += packed_b_floats(k, n);
      }
    }
  }

  int64_t gates_;
  bool reverse_ = false;
  bool constant_ = false;
  Dims parts_[2];
  Dims shape_[2];
  const float* source_[2] = {};
  const float* packed_[2] = {};
};

// base + offset, or NULL for what is absent.
template <class T>
T* part_of(T* base, int64_t offset) {
  return base == nullptr ? nullptr : base + offset;
}

// Whether the node is float32 with the activations `wanted` (for one direction) and none of what is not here.
inline bool check_recurrent(const Node& node, std::span<const std::string_view> wanted, Refusal& refusal) {
  if (!check_input(node, 0, {TENON_FLOAT32}, refusal)) return false;
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const auto given = node.attr_strings("activations");
  for (size_t i = 0; i < given.size(); ++i)
    if (!std::ranges::equal(given[i], wanted[i % wanted.size()], {}, lower, lower))
      return refusal.set(TENON_REFUSE_ATTR, plugin::cat("activation ", given[i], " is not in this provider"));
  if (node.attr_int("layout", 0) != 0) return refusal.set(TENON_REFUSE_ATTR, "layout 1 is not in this provider");
  if (node.attr("clip") != nullptr) return refusal.set(TENON_REFUSE_ATTR, "clip is not in this provider");
  return true;
}

}  // namespace tenon::cpu

#endif  // TENON_CPU_OPS_RECURRENT_HPP_
