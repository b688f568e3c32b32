// SPDX-License-Identifier: Apache-2.0
// ONNX Pad (form 18): modes constant, edge, reflect and wrap, by element size; negative pads crop.
#include "kernels/move.hpp"
#include "kernels/resize.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct PadPlan : Plan {
  bool ready = false;
  Dims x, y;
  Dims before, after;  // elements added at the front and the end of each axis, negative: removed
};

class Pad : public Kernel {
 public:
  explicit Pad(const Build& build)
      : Kernel(build, "pad"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        mode_(build.node.attr_string("mode", "constant")),
        pads_(build.const_ints(1)),
        axes_(build.const_ints(3)) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<PadPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    const auto pads = pads_ ? pads_ : known_ints(shapes, 1);
    const auto axes = axes_ ? axes_ : known_ints(shapes, 3);
    if (!pads || (has(3) && !axes)) return plan;
    plan->ready = true;
    resolve(*pads, axes, *plan);
    settle(shapes, 0, plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const PadPlan&>(plan);
    if (p.ready) return write(p, run);
    PadPlan now;
    now.x = p.x;
    resolve(ints_of(in(run, 1)), has(3) ? std::optional(ints_of(in(run, 3))) : std::nullopt, now);
    write(now, run);
  }

 private:
  void resolve(const std::vector<int64_t>& pads, const std::optional<std::vector<int64_t>>& axes, PadPlan& p) const {
    Dims chosen = axes && has(3) ? *axes : Dims();
    if (!has(3))
      for (size_t i = 0; i < p.x.size(); ++i) chosen.push_back(static_cast<int64_t>(i));
    plugin::require(pads.size() == 2 * chosen.size(), TENON_RUN, node_text_, ": ", pads.size(), " pads for ",
                    chosen.size(), " axes");
    p.y = p.x;
    p.before.assign(p.x.size(), 0);
    p.after.assign(p.x.size(), 0);
    for (size_t i = 0; i < chosen.size(); ++i) {
      const auto a = static_cast<size_t>(normal_axis(chosen[i], p.x.size(), node_text_));
      p.before[a] = pads[i];
      p.after[a] = pads[chosen.size() + i];
      plugin::require(!__builtin_add_overflow(p.x[a], pads[i], &p.y[a]) &&
                          !__builtin_add_overflow(p.y[a], p.after[a], &p.y[a]) && p.y[a] >= 0,
                      TENON_RUN, node_text_, ": pads ", pads, " do not fit dims ", p.x);
      plugin::require(mode_ == "constant" || p.y[a] == 0 || kept(p, a) > 0, TENON_RUN, node_text_,
                      ": an empty axis has nothing to repeat");
    }
  }
  // Elements of an axis that are left when those are removed that negative pads name.
  static int64_t kept(const PadPlan& p, size_t a) {
    return p.x[a] - std::max<int64_t>(0, -p.before[a]) - std::max<int64_t>(0, -p.after[a]);
  }
  void write(const PadPlan& p, const Run& run) const {
    void* y = out_of(run, 0, p.y);
    if (count_of(p.y) == 0) return;
    if (mode_ == "constant") return write_constant(p, run, static_cast<std::byte*>(y));
    std::vector<std::vector<int64_t>> tables(p.x.size());
    for (size_t a = 0; a < p.x.size(); ++a) {
      const int64_t first = std::max<int64_t>(0, -p.before[a]);
      const int64_t lead = std::max<int64_t>(0, p.before[a]);
      for (int64_t i = 0; i < p.y[a]; ++i) tables[a].push_back(first + source(i - lead, kept(p, a)));
    }
    if (tables.empty()) tables.push_back({0});
    gather_axes(bytes_, p.x, tables, data<void>(run, 0), y, parallel(run));
  }
  int64_t source(int64_t i, int64_t n) const {
    if (mode_ == "edge") return std::clamp<int64_t>(i, 0, n - 1);
    if (mode_ == "wrap") return ((i % n) + n) % n;
    if (n == 1) return 0;
    const int64_t period = 2 * (n - 1);
    const int64_t t = ((i % period) + period) % period;
    return t < n ? t : period - t;
  }
  void write_constant(const PadPlan& p, const Run& run, std::byte* y) const {
    std::byte value[16] = {};
    const auto* given = data<void>(run, 2);
    if (given != nullptr) std::memcpy(value, given, static_cast<size_t>(bytes_));
    fill(bytes_, value, y, count_of(p.y), parallel(run));
    const std::vector<int64_t> from = dense_strides(p.x);
    const std::vector<int64_t> to = dense_strides(p.y);
    Dims kept;
    int64_t from_at = 0;
    int64_t to_at = 0;
    for (size_t a = 0; a < p.x.size(); ++a) {
      const int64_t skip = std::max<int64_t>(0, -p.before[a]);
      const int64_t lead = std::max<int64_t>(0, p.before[a]);
      kept.push_back(std::max<int64_t>(0, std::min(p.x[a] - skip, p.y[a] - lead)));
      from_at += skip * from[a];
      to_at += lead * to[a];
    }
    if (count_of(kept) == 0) return;
    copy_strided(bytes_, copy_plan(kept, from, to), data<std::byte>(run, 0) + from_at * bytes_, y + to_at * bytes_,
                 parallel(run));
  }

  int64_t bytes_;
  std::string mode_;
  std::optional<std::vector<int64_t>> pads_, axes_;
};

bool check(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(0).dtype()) == 0)
    return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
  return true;
}

}  // namespace

const Family pad_family = {check, make_kernel<Pad>};

}  // namespace tenon::cpu
