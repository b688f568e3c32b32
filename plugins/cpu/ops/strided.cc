// SPDX-License-Identifier: Apache-2.0
// ONNX Transpose (form 1), Slice (form 10) and Expand (form 8): a dense copy of a strided reading, by element size.
#include "kernels/move.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct StridedPlan : Plan {
  bool ready = false;  // false: what decides the reading comes with the run
  Dims x, y;
  CopyPlan walk;
  int64_t offset = 0;  // of the first element read
};

class Strided : public Kernel {
 public:
  Strided(const Build& build, const char* name)
      : Kernel(build, name), bytes_(element_bytes(build.node.input(0).dtype())) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<StridedPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    std::vector<std::optional<std::vector<int64_t>>> ints(in_.size());
    plan->ready = true;
    for (size_t i = 1; i < in_.size(); ++i) {
      if (!has(i)) continue;
      ints[i] = consts_.size() > i && consts_[i] ? consts_[i] : known_ints(shapes, i);
      if (!ints[i]) plan->ready = false;
    }
    if (!plan->ready) return plan;
    resolve(ints, *plan);
    settle(shapes, 0, plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const StridedPlan&>(plan);
    if (p.ready) return copy(p, run, out_of(run, 0, p.y));
    std::vector<std::optional<std::vector<int64_t>>> ints(in_.size());
    for (size_t i = 1; i < in_.size(); ++i)
      if (has(i)) ints[i] = ints_of(in(run, i));
    StridedPlan now;
    now.x = p.x;
    resolve(ints, now);
    copy(now, run, out_of(run, 0, now.y));
  }

 protected:
  using Ints = std::vector<std::optional<std::vector<int64_t>>>;
  // Sets y, walk and offset from x and the integer inputs.
  virtual void resolve(const Ints& ints, StridedPlan& plan) const = 0;
  void keep_consts(const Build& build) {
    consts_.resize(build.node.ninputs());
    for (uint32_t i = 1; i < build.node.ninputs(); ++i) consts_[i] = build.const_ints(i);
  }

 private:
  void copy(const StridedPlan& p, const Run& run, void* y) const {
    if (count_of(p.y) == 0) return;
    copy_strided(bytes_, p.walk, data<std::byte>(run, 0) + p.offset * bytes_, y, parallel(run));
  }
  int64_t bytes_;
  Ints consts_;
};

class Transpose : public Strided {
 public:
  explicit Transpose(const Build& build) : Strided(build, "transpose") {
    const auto perm = build.node.attr_ints("perm");
    perm_.assign(perm.begin(), perm.end());
  }

 protected:
  void resolve(const Ints&, StridedPlan& p) const override {
    const std::vector<int64_t> own = dense_strides(p.x);
    std::vector<int64_t> from;
    plugin::require(perm_.empty() || perm_.size() == p.x.size(), TENON_INVALID_TENSOR, node_text_, ": perm of ",
                    perm_.size(), " axes on dims ", p.x);
    for (size_t i = 0; i < p.x.size(); ++i) {
      const auto a =
          perm_.empty() ? p.x.size() - 1 - i : static_cast<size_t>(normal_axis(perm_[i], p.x.size(), node_text_));
      p.y.push_back(p.x[a]);
      from.push_back(own[a]);
    }
    p.walk = copy_plan(p.y, from, dense_strides(p.y));
  }

 private:
  std::vector<int64_t> perm_;
};

class Expand : public Strided {
 public:
  explicit Expand(const Build& build) : Strided(build, "expand") { keep_consts(build); }

 protected:
  void resolve(const Ints& ints, StridedPlan& p) const override {
    p.y = broadcast_dims(p.x, *ints[1], node_text_);
    for (const int64_t d : p.y) plugin::require(d >= 0, TENON_RUN, node_text_, ": cannot expand to ", *ints[1]);
    p.walk = copy_plan(p.y, broadcast_strides(p.x, p.y), dense_strides(p.y));
  }
};

// Inputs: data, starts, ends, axes, steps.
class Slice : public Strided {
 public:
  explicit Slice(const Build& build) : Strided(build, "slice") { keep_consts(build); }

 protected:
  void resolve(const Ints& ints, StridedPlan& p) const override {
    const std::vector<int64_t> own = dense_strides(p.x);
    std::vector<int64_t> from = own;
    p.y = p.x;
    const auto& starts = *ints[1];
    const auto& ends = *ints[2];
    for (size_t i = 0; i < starts.size(); ++i) {
      const int64_t wanted =
          ints.size() > 3 && ints[3] && i < ints[3]->size() ? (*ints[3])[i] : static_cast<int64_t>(i);
      const auto a = static_cast<size_t>(normal_axis(wanted, p.x.size(), node_text_));
      const int64_t step = ints.size() > 4 && ints[4] && i < ints[4]->size() ? (*ints[4])[i] : 1;
      plugin::require(step != 0 && step != INT64_MIN && i < ends.size(), TENON_RUN, node_text_, ": step ", step,
                      " is not allowed, or ends are missing");
      const int64_t n = p.x[a];
      const auto from_end = [&](int64_t v) { return v < 0 ? v + n : v; };
      int64_t count = 0;
      int64_t first = 0;
      if (step > 0) {
        first = std::clamp<int64_t>(from_end(starts[i]), 0, n);
        const int64_t last = std::clamp<int64_t>(from_end(ends[i]), 0, n);
        count = last > first ? (last - first - 1) / step + 1 : 0;
      } else if (n > 0) {
        first = std::clamp<int64_t>(from_end(starts[i]), 0, n - 1);
        const int64_t last = std::clamp<int64_t>(from_end(ends[i]), -1, n - 1);
        count = first > last ? (first - last - 1) / -step + 1 : 0;
      }
      p.y[a] = count;
      if (count > 0) p.offset += first * own[a];
      from[a] = count > 1 ? own[a] * step : 0;
    }
    if (count_of(p.y) == 0) return;
    p.walk = copy_plan(p.y, from, dense_strides(p.y));
  }
};

bool check(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(0).dtype()) != 0) return true;
  return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
}

std::unique_ptr<Kernel> make(const Build& build) {
  if (build.node.op() == "Transpose") return std::make_unique<Transpose>(build);
  if (build.node.op() == "Expand") return std::make_unique<Expand>(build);
  return std::make_unique<Slice>(build);
}

}  // namespace

const Family strided_family = {check, make};

}  // namespace tenon::cpu
