// SPDX-License-Identifier: Apache-2.0
// ONNX MaxPool (form 8, without Indices) and AveragePool (form 1) over one or two spatial axes in float32.
#include "kernels/planes.hpp"
#include "ops/families.hpp"
#include "ops/window.hpp"

namespace tenon::cpu {
namespace {

struct PoolPlan : Plan {
  std::unique_ptr<PlanePlan> planes;
};

class Pool : public Kernel {
 public:
  explicit Pool(const Build& build)
      : Kernel(build, build.node.op() == "MaxPool" ? "max_pool" : "average_pool"),
        spatial_(spatial_axes(build.node)),
        max_(build.node.op() == "MaxPool"),
        count_padding_(build.node.attr_int("count_include_pad", 0) != 0),
        window_(Window::from(build.node, spatial_)),
        auto_pad_(window_.auto_pad) {
    window_.auto_pad = auto_pad_;
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<PoolPlan>();
    const DimsView x = dims(shapes, 0);
    plugin::require(x.size() == spatial_ + 2, TENON_INVALID_TENSOR, node_text_, ": input has dims ", x, ", expected ",
                    spatial_, " spatial axes");
    Window w = window_;
    PlaneDims d;
    static_cast<WindowDims&>(d) = w.over(x, spatial_, node_text_);
    d.planes_in = x[0] * x[1];
    d.pad_bottom = w.pad_end[0];
    d.pad_right = w.pad_end[1];
    const Dims y = window_output(x[0], x[1], spatial_, d.oh, d.ow);
    settle(shapes, 0, y);
    if (count_of(y) == 0) return plan;
    plan->planes = std::make_unique<PlanePlan>(d);
    info.workspace_bytes = static_cast<uint64_t>(plan->planes->workspace_floats(max_workers())) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const PoolPlan&>(plan);
    if (p.planes == nullptr) return;
    if (max_) {
      p.planes->max_pool(data<float>(run, 0), out<float>(run, 0), workspace(run), parallel(run));
    } else {
      p.planes->average_pool(data<float>(run, 0), count_padding_, out<float>(run, 0), workspace(run), parallel(run));
    }
  }

 private:
  uint32_t spatial_;
  bool max_;
  bool count_padding_;
  Window window_;
  std::string auto_pad_;
};

bool check(const Node& node, Refusal& refusal) {
  if (!check_dtypes(node, {TENON_FLOAT32}, refusal) || !check_window(node, refusal)) return false;
  if (node.has_output(1))
    return refusal.set(TENON_REFUSE_OP, "MaxPool's Indices are not in this provider", node.output(1).id());
  return true;
}

}  // namespace

const Family pool_family = {check, make_kernel<Pool>};

}  // namespace tenon::cpu
