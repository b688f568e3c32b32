// SPDX-License-Identifier: Apache-2.0
// ONNX Conv (form 1) over one or two spatial axes in float32, any groups, strides and dilations; with what follows it
// in a fused region: residual and activation. Sums run over input channel, then kernel row and column, in float32.
#include "kernels/conv.hpp"

#include "kernels/planes.hpp"
#include "ops/families.hpp"
#include "ops/late_add.hpp"
#include "ops/window.hpp"

namespace tenon::cpu {
namespace {

struct ConvKernelPlan : Plan {
  std::unique_ptr<ConvPlan> conv;
  std::unique_ptr<PlanePlan> planes;
  int64_t channels = 0;
  int64_t weight_floats = 0;  // of workspace, for weights that are not constant
  ConvPacking packing = ConvPacking::kRows;
  ConvDims dims;
  LateAdd late;
};

class Conv : public Kernel {
 public:
  explicit Conv(const Build& build)
      : Kernel(build, kernel_name(build.node)),
        spatial_(spatial_axes(build.node)),
        groups_(build.node.attr_int("group", 1)),
        window_(Window::from(build.node, spatial_)),
        auto_pad_(window_.auto_pad),
        residual_(build.run_input(build.epilogue.residual)),
        activation_(build.epilogue.activation) {
    window_.auto_pad = auto_pad_;
    alias_residual(build);
    const Value w = build.node.input(1);
    if (!w.is_const() || !w.is_static() || w.rank() != spatial_ + 2) return;
    oc_ = w.dims()[0];
    icg_ = w.dims()[1];
    window_.take_kernel(w.dims(), spatial_, node_text_);
    if (is_depthwise()) return;
    packed_weights_ = true;
    packing_ = choose_packing(oc_ / groups_, k(), known_pixels(build.node.output(0)));
    request_pack(w, packed_weight_floats(packing_, groups_, oc_ / groups_, k()),
                 plugin::cat("conv.", packing_ == ConvPacking::kRows ? "rows" : "cols", ".g", groups_));
    source_ = static_cast<const float*>(build.session.weight(w.const_id()).tensor.data);
  }
  void prepack(uint32_t, const tenon_tensor& dst, const Task&) override {
    pack_weights(packing_, groups_, oc_ / groups_, k(), source_, static_cast<float*>(dst.data));
  }
  void bind_packed(uint32_t, const tenon_tensor& packed) override { packed_ = static_cast<const float*>(packed.data); }

  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<ConvKernelPlan>();
    const DimsView x = dims(shapes, 0);
    const DimsView w = dims(shapes, 1);
    plugin::require(x.size() == w.size() && x.size() == spatial_ + 2 && x[1] == w[1] * groups_ && w[0] % groups_ == 0,
                    TENON_INVALID_TENSOR, node_text_, ": input of dims ", x, " does not fit weights of dims ", w,
                    " in ", groups_, " groups");
    plugin::require(!has(2) || count_of(dims(shapes, 2)) == w[0], TENON_INVALID_TENSOR, node_text_, ": the bias has ",
                    "other dims than [", w[0], "]");
    Window window = window_;
    window.take_kernel(w, spatial_, node_text_);
    ConvDims& d = plan->dims;
    d.n = x[0];
    d.groups = groups_;
    d.icg = w[1];
    d.ocg = w[0] / groups_;
    static_cast<WindowDims&>(d) = window.over(x, spatial_, node_text_);
    Dims y = window_output(d.n, w[0], spatial_, d.oh, d.ow);
    const bool empty = count_of(y) == 0;
    if (residual_ >= 0) plan->late = plan_late_add(shapes.dims(static_cast<uint32_t>(residual_)), y, node_text_);
    settle(shapes, 0, y);
    if (empty) return plan;
    turn(d);
    int64_t floats = 0;
    if (is_depthwise(w)) {
      plan->channels = groups_;
      plan->planes = std::make_unique<PlanePlan>(plane_dims(d));
      floats = plan->planes->workspace_floats(max_workers());
    } else if (d.k() > 0) {
      plan->packing = packed_weights_ ? packing_ : choose_packing(d.ocg, d.k(), d.pixels());
      plan->conv = std::make_unique<ConvPlan>(d, plan->packing);
      if (!packed_weights_)
        plan->weight_floats = round_up(packed_weight_floats(plan->packing, groups_, d.ocg, d.k()), 16);
      floats = plan->weight_floats + plan->conv->workspace_floats(max_workers());
    }
    info.workspace_bytes = static_cast<uint64_t>(floats + plan->late.product_floats) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const ConvKernelPlan&>(plan);
    const float* residual = run_data<float>(run, residual_);
    float* y = out<float>(run, 0);
    float* scratch = workspace(run);
    if (!p.late.active) return compute(p, run, {data<float>(run, 2), residual, activation_, y}, scratch);
    compute(p, run, {data<float>(run, 2), nullptr, {}, scratch}, scratch + p.late.product_floats);
    late_add(p.late, scratch, residual, activation_, y, parallel(run));
  }

 private:
  void compute(const ConvKernelPlan& p, const Run& run, const ConvOut& out, float* scratch) const {
    const float* x = data<float>(run, 0);
    if (p.planes != nullptr) {
      p.planes->convolve(x, data<float>(run, 1), p.channels, out.bias, out.residual, out.activation, out.y, scratch,
                         parallel(run));
    } else if (p.conv != nullptr) {
      const float* packed = packed_;
      if (p.weight_floats > 0) {
        pack_weights(p.packing, groups_, p.dims.ocg, p.dims.k(), data<float>(run, 1), scratch);
        packed = scratch;
        scratch += p.weight_floats;
      }
      p.conv->run(x, packed, out, scratch, parallel(run));
    }
  }
  // "conv3x3", "depthwise5x5", "conv" when the weights' dims are not known.
  static std::string kernel_name(const Node& node) {
    const Value w = node.input(1);
    if (!w.is_static() || w.rank() < 3) return "conv";
    std::string name = w.dims()[1] == 1 && node.attr_int("group", 1) > 1 ? "depthwise" : "conv";
    for (uint32_t i = 2; i < w.rank(); ++i) name += plugin::cat(i > 2 ? "x" : "", w.dims()[i]);
    return name;
  }
  int64_t k() const { return icg_ * window_.kernel[0] * window_.kernel[1]; }
  bool is_depthwise() const { return icg_ == 1 && groups_ > 1; }
  bool is_depthwise(DimsView w) const { return w[1] == 1 && groups_ > 1; }
  int64_t known_pixels(const Value& y) const {
    if (!y || !y.rank_known()) return 0;
    int64_t n = 1;
    for (uint32_t i = 2; i < y.rank(); ++i) n = y.dims()[i] < 0 ? 0 : n * y.dims()[i];
    return n;
  }
  // An image one column wide is one row high: the kernels work along rows.
  static void turn(ConvDims& d) {
    if (d.iw != 1 || d.ow != 1 || d.kw != 1 || d.pad_left != 0) return;
    std::swap(d.iw, d.ih);
    std::swap(d.ow, d.oh);
    std::swap(d.kw, d.kh);
    std::swap(d.sw, d.sh);
    std::swap(d.dw, d.dh);
    std::swap(d.pad_left, d.pad_top);
  }
  static PlaneDims plane_dims(const ConvDims& d) {
    PlaneDims p;
    static_cast<WindowDims&>(p) = d;
    p.planes_in = d.n * d.groups;
    p.multiplier = d.ocg;
    return p;
  }

  uint32_t spatial_;
  int64_t groups_;
  Window window_;
  std::string auto_pad_;  // the node's text does not outlive compile
  int residual_;
  Activation activation_;
  int64_t oc_ = 0, icg_ = 0;
  ConvPacking packing_ = ConvPacking::kRows;
  bool packed_weights_ = false;
  const float* source_ = nullptr;
  const float* packed_ = nullptr;
};

bool check(const Node& node, Refusal& refusal) {
  return check_dtypes(node, {TENON_FLOAT32}, refusal) && check_window(node, refusal);
}

}  // namespace

const Family conv_family = {check, make_kernel<Conv>};

}  // namespace tenon::cpu
