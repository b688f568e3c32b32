// SPDX-License-Identifier: Apache-2.0
// ONNX operators whose output is their input under other dims: Reshape (form 5), Squeeze and Unsqueeze (form 13),
// Flatten, Identity and Dropout (form 12, inference). Hosts make views of most of them; what is left is a copy.
#include <algorithm>
#include <cstring>

#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

enum class Kind : uint8_t { kSame, kReshape, kSqueeze, kUnsqueeze, kFlatten };

struct ViewPlan : Plan {
  Dims x;
  std::optional<Dims> y;  // none: the wanted dims come with the run
};

class View : public Kernel {
 public:
  explicit View(const Build& build)
      : Kernel(build, "copy"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        axis_(build.node.attr_int("axis", 1)),
        allow_zero_(build.node.attr_int("allowzero", 0) != 0),
        wanted_(build.const_ints(1)) {
    const std::string_view op = build.node.op();
    kind_ = op == "Reshape"     ? Kind::kReshape
            : op == "Squeeze"   ? Kind::kSqueeze
            : op == "Unsqueeze" ? Kind::kUnsqueeze
            : op == "Flatten"   ? Kind::kFlatten
                                : Kind::kSame;
    alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<ViewPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    const bool needs = (kind_ == Kind::kReshape || kind_ == Kind::kSqueeze || kind_ == Kind::kUnsqueeze) && has(1);
    const auto wanted = wanted_ ? wanted_ : known_ints(shapes, 1);
    if (needs && !wanted) return plan;
    plan->y = resolve(plan->x, needs ? *wanted : Dims{});
    settle(shapes, 0, *plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const ViewPlan&>(plan);
    Dims late;
    if (!p.y) late = resolve(p.x, ints_of(in(run, 1)));
    const Dims& y = p.y ? *p.y : late;
    auto* to = static_cast<std::byte*>(out_of(run, 0, y));
    const auto* from = data<std::byte>(run, 0);
    if (to == from) return;
    parallel(run).ranges(count_of(y) * bytes_, 16 * kGrain, [&](int64_t first, int64_t last) {
      std::memcpy(to + first, from + first, static_cast<size_t>(last - first));
    });
  }

 private:
  Dims resolve(const Dims& x, const Dims& wanted) const {
    Dims y;
    switch (kind_) {
      case Kind::kSame:
        return x;
      case Kind::kFlatten: {
        // In [-rank, rank]: the end itself counts, from the front only.
        const auto rank = static_cast<int64_t>(x.size());
        const auto axis = static_cast<size_t>(axis_ == rank ? axis_ : normal_axis(axis_, x.size(), node_text_));
        return {count_of(DimsView(x).first(axis)), count_of(DimsView(x).subspan(axis))};
      }
      case Kind::kReshape:
        y = reshape(x, wanted);
        break;
      case Kind::kSqueeze:
        y = squeeze(x, wanted);
        break;
      case Kind::kUnsqueeze:
        y = unsqueeze(x, wanted);
        break;
    }
    plugin::require(count_of(y) == count_of(x), TENON_RUN, node_text_, ": dims ", x, " cannot become ", y);
    return y;
  }
  Dims reshape(const Dims& x, const Dims& wanted) const {
    Dims y = wanted;
    int64_t rest = -1;
    int64_t known = 1;
    for (size_t i = 0; i < y.size(); ++i) {
      if (y[i] == 0 && !allow_zero_ && i < x.size()) y[i] = x[i];
      if (y[i] < 0) {
        rest = static_cast<int64_t>(i);
      } else {
        known *= y[i];
      }
    }
    if (rest >= 0) y[static_cast<size_t>(rest)] = known == 0 ? 0 : count_of(x) / known;
    return y;
  }
  Dims squeeze(const Dims& x, const Dims& axes) const {
    std::vector<bool> drop(x.size(), false);
    for (const int64_t a : axes) drop[static_cast<size_t>(normal_axis(a, x.size(), node_text_))] = true;
    Dims y;
    for (size_t i = 0; i < x.size(); ++i)
      if (!(has(1) ? drop[i] : x[i] == 1)) y.push_back(x[i]);
    return y;
  }
  Dims unsqueeze(const Dims& x, const Dims& axes) const {
    const size_t rank = x.size() + axes.size();
    std::vector<bool> added(rank, false);
    for (const int64_t a : axes) added[static_cast<size_t>(normal_axis(a, rank, node_text_))] = true;
    Dims y;
    size_t next = 0;
    for (size_t i = 0; i < rank; ++i) y.push_back(added[i] || next >= x.size() ? 1 : x[next++]);
    return y;
  }

  Kind kind_;
  int64_t bytes_, axis_;
  bool allow_zero_;
  std::optional<std::vector<int64_t>> wanted_;
};

bool check(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(0).dtype()) == 0)
    return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
  if (node.op() == "Dropout" && (node.has_output(1) || node.has_input(2)))
    return refusal.set(TENON_REFUSE_OP, "Dropout's mask and training are not in this provider");
  return true;
}

}  // namespace

const Family view_family = {check, make_kernel<View>};

}  // namespace tenon::cpu
