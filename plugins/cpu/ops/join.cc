// SPDX-License-Identifier: Apache-2.0
// ONNX Concat (form 4) and Split (form 18), by element size.
#include "kernels/move.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct Part {
  CopyPlan copy;
  int64_t offset = 0;  // of the part in the whole, in elements
};

// Parts of `sizes` along the middle of [outer, axis, inner]; `joining`: parts are read and the whole is written.
std::vector<Part> parts_of(int64_t outer, int64_t axis, int64_t inner, DimsView sizes, bool joining) {
  std::vector<Part> out;
  int64_t at = 0;
  for (const int64_t size : sizes) {
    Part p;
    const int64_t own = size * inner;
    const int64_t whole = axis * inner;
    const Dims dims = {outer, own};
    p.copy = joining ? copy_plan(dims, Dims{own, 1}, Dims{whole, 1}) : copy_plan(dims, Dims{whole, 1}, Dims{own, 1});
    p.offset = at * inner;
    at += size;
    out.push_back(std::move(p));
  }
  return out;
}

struct JoinPlan : Plan {
  std::vector<Part> parts;
  Dims x;
};

class Concat : public Kernel {
 public:
  explicit Concat(const Build& build)
      : Kernel(build, "concat"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        axis_(build.node.attr_int("axis", 0)) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<JoinPlan>();
    Dims y(dims(shapes, 0).begin(), dims(shapes, 0).end());
    const auto axis = static_cast<size_t>(normal_axis(axis_, y.size(), node_text_));
    Dims sizes;
    y[axis] = 0;
    for (size_t i = 0; i < in_.size(); ++i) {
      const DimsView x = dims(shapes, i);
      for (size_t a = 0; a < std::max(x.size(), y.size()); ++a)
        plugin::require(x.size() == y.size() && (a == axis || x[a] == y[a]), TENON_INVALID_TENSOR, node_text_,
                        ": input ", i, " has dims ", x, ", which do not match ", dims(shapes, 0));
      sizes.push_back(x[axis]);
      y[axis] += x[axis];
    }
    settle(shapes, 0, y);
    plan->parts =
        parts_of(count_of(DimsView(y).first(axis)), y[axis], count_of(DimsView(y).subspan(axis + 1)), sizes, true);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& parts = static_cast<const JoinPlan&>(plan).parts;
    auto* y = out<std::byte>(run, 0);
    for (size_t i = 0; i < parts.size(); ++i)
      copy_strided(bytes_, parts[i].copy, data<void>(run, i), y + parts[i].offset * bytes_, parallel(run));
  }

 private:
  int64_t bytes_, axis_;
};

class Split : public Kernel {
 public:
  explicit Split(const Build& build)
      : Kernel(build, "split"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        axis_(build.node.attr_int("axis", 0)),
        wanted_(build.const_ints(1)) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<JoinPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    const auto sizes = wanted_ ? wanted_ : known_ints(shapes, 1);
    if (has(1) && !sizes) return plan;
    const Dims parts = resolve(plan->x, sizes);
    plan->parts = cut(plan->x, parts);
    for (size_t i = 0; i < parts.size(); ++i) settle(shapes, i, part_dims(plan->x, parts[i]));
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const JoinPlan&>(plan);
    const auto* x = data<std::byte>(run, 0);
    if (!p.parts.empty()) {
      for (size_t i = 0; i < p.parts.size(); ++i)
        if (makes(i))
          copy_strided(bytes_, p.parts[i].copy, x + p.parts[i].offset * bytes_, out<void>(run, i), parallel(run));
      return;
    }
    const Dims sizes = resolve(p.x, ints_of(in(run, 1)));
    const auto parts = cut(p.x, sizes);
    for (size_t i = 0; i < parts.size(); ++i) {
      if (!makes(i)) continue;
      copy_strided(bytes_, parts[i].copy, x + parts[i].offset * bytes_, out_of(run, i, part_dims(p.x, sizes[i])),
                   parallel(run));
    }
  }

 private:
  size_t axis(const Dims& x) const { return static_cast<size_t>(normal_axis(axis_, x.size(), node_text_)); }
  Dims part_dims(const Dims& x, int64_t size) const {
    Dims y = x;
    y[axis(x)] = size;
    return y;
  }
  Dims resolve(const Dims& x, const std::optional<std::vector<int64_t>>& wanted) const {
    const int64_t n = x[axis(x)];
    const auto count = static_cast<int64_t>(out_.size());
    Dims sizes;
    if (wanted && has(1)) {
      sizes = *wanted;
    } else {
      // Equal parts; the last one is smaller when they do not fit.
      const int64_t each = (n + count - 1) / count;
      for (int64_t i = 0; i < count; ++i) sizes.push_back(std::clamp<int64_t>(n - i * each, 0, each));
    }
    int64_t sum = 0;
    for (const int64_t s : sizes) {
      plugin::require(s >= 0 && s <= n, TENON_RUN, node_text_, ": a part has ", s, " elements of ", n);
      sum += s;
    }
    plugin::require(sum == n && static_cast<int64_t>(sizes.size()) == count, TENON_RUN, node_text_, ": parts ", sizes,
                    " do not make ", n, " in ", count, " outputs");
    return sizes;
  }
  std::vector<Part> cut(const Dims& x, const Dims& sizes) const {
    const size_t a = axis(x);
    return parts_of(count_of(DimsView(x).first(a)), x[a], count_of(DimsView(x).subspan(a + 1)), sizes, false);
  }

  int64_t bytes_, axis_;
  std::optional<std::vector<int64_t>> wanted_;
};

bool check(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(0).dtype()) != 0) return true;
  return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
}

std::unique_ptr<Kernel> make(const Build& build) {
  if (build.node.op() == "Split") return std::make_unique<Split>(build);
  return std::make_unique<Concat>(build);
}

}  // namespace

const Family join_family = {check, make};

}  // namespace tenon::cpu
