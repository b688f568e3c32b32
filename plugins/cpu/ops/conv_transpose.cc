// SPDX-License-Identifier: Apache-2.0
// ONNX ConvTranspose (form 1) over one or two spatial axes in float32: one product per image and group, whose columns
// are then added where they belong. Sums run over input channel, then kernel row and column.
#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/matmul.hpp"
#include "ops/families.hpp"
#include "ops/window.hpp"

namespace tenon::cpu {
namespace {

struct TransposedPlan : Plan {
  int64_t n = 0, groups = 1, icg = 0, ocg = 0;
  int64_t ih = 1, iw = 1, oh = 1, ow = 1;
  Window window;
  int64_t weight_floats = 0;  // of one group's packed weights
  std::unique_ptr<MatPlan> mat;
};

class ConvTranspose : public Kernel {
 public:
  explicit ConvTranspose(const Build& build)
      : Kernel(build, "conv_transpose"),
        spatial_(spatial_axes(build.node)),
        groups_(build.node.attr_int("group", 1)),
        window_(Window::from(build.node, spatial_)),
        auto_pad_(window_.auto_pad) {
    window_.auto_pad = auto_pad_;
    const auto read = [&](std::string_view name, int64_t* to) {
      const auto values = build.node.attr_ints(name);
      for (uint32_t i = 0; i < spatial_ && i < values.size(); ++i) to[2 - spatial_ + i] = values[i];
      return !values.empty();
    };
    read("output_padding", output_padding_);
    has_output_shape_ = read("output_shape", output_shape_);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<TransposedPlan>();
    const DimsView x = dims(shapes, 0);
    const DimsView w = dims(shapes, 1);
    plugin::require(x.size() == spatial_ + 2 && w.size() == x.size() && w[0] == x[1] && x[1] % groups_ == 0,
                    TENON_INVALID_TENSOR, node_text_, ": input of dims ", x, " does not fit weights of dims ", w);
    plugin::require(!has(2) || count_of(dims(shapes, 2)) == w[1] * groups_, TENON_INVALID_TENSOR, node_text_,
                    ": the bias has other dims than [", w[1] * groups_, "]");
    plan->n = x[0];
    plan->groups = groups_;
    plan->icg = x[1] / groups_;
    plan->ocg = w[1];
    plan->ih = spatial_ == 2 ? x[2] : 1;
    plan->iw = x[spatial_ + 1];
    plan->window = window_;
    plan->window.take_kernel(w, spatial_, node_text_);
    plan->oh = resolve(plan->window, 0, plan->ih);
    plan->ow = resolve(plan->window, 1, plan->iw);
    const Dims y = window_output(plan->n, plan->ocg * groups_, spatial_, plan->oh, plan->ow);
    settle(shapes, 0, y);
    if (count_of(y) == 0) return plan;
    // Rows of the product: input pixels. Columns: (oc, i, j), which is how the weights lie.
    const int64_t cols = plan->ocg * plan->window.kernel[0] * plan->window.kernel[1];
    const int64_t pixels = plan->ih * plan->iw;
    count_of(std::array{pixels, cols, int64_t{64}});  // throws when the product's bytes are no 64-bit number
    plan->mat = std::make_unique<MatPlan>(pixels, plan->icg, cols);
    plan->weight_floats = packed_b_floats(plan->icg, cols);
    const int64_t floats =
        round_up(groups_ * plan->weight_floats, 16) + round_up(pixels * cols, 16) + plan->mat->workspace_floats();
    info.workspace_bytes = static_cast<uint64_t>(floats) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const TransposedPlan&>(plan);
    if (p.mat == nullptr) return;
    const int64_t cols = p.ocg * p.window.kernel[0] * p.window.kernel[1];
    const int64_t pixels = p.ih * p.iw;
    float* packed = workspace(run);
    float* product = packed + round_up(groups_ * p.weight_floats, 16);
    float* scratch = product + round_up(pixels * cols, 16);
    for (int64_t g = 0; g < groups_; ++g)
      pack_b(data<float>(run, 1) + g * p.icg * cols, cols, 1, p.icg, cols, 0, ceil_div(cols, kCols),
             packed + g * p.weight_floats);
    for (int64_t i = 0; i < p.n * groups_; ++i) {
      MatOut o;
      o.y = product;
      p.mat->run(data<float>(run, 0) + i * p.icg * pixels, 1, pixels, packed + i % groups_ * p.weight_floats, o,
                 scratch, parallel(run));
      const float* bias = has(2) ? data<float>(run, 2) + i % groups_ * p.ocg : nullptr;
      float* y = out<float>(run, 0) + i * p.ocg * p.oh * p.ow;
      parallel(run)(p.ocg, [&](int64_t oc, uint32_t) {
        scatter(p, product, oc, bias == nullptr ? 0.0f : bias[oc], y + oc * p.oh * p.ow);
      });
    }
  }

 private:
  int64_t resolve(Window& w, int axis, int64_t in) const {
    plugin::require(in <= int64_t{1} << 40 && output_padding_[axis] >= 0 && output_padding_[axis] <= 65536, TENON_LIMIT,
                    node_text_, ": ", in, " elements along an axis or output_padding ", output_padding_[axis],
                    " are too many");
    const int64_t full = (in - 1) * w.stride[axis] + output_padding_[axis] + w.reach(axis);
    int64_t out = full - w.pad_begin[axis] - w.pad_end[axis];
    const bool same = w.auto_pad == "SAME_UPPER" || w.auto_pad == "SAME_LOWER";
    const bool given = has_output_shape_ && (axis == 1 || spatial_ == 2);
    if (given || same) {
      out = given ? output_shape_[axis] : in * w.stride[axis];
      const int64_t total = std::max<int64_t>(0, full - out);
      w.pad_begin[axis] = w.auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.pad_end[axis] = total - w.pad_begin[axis];
    }
    plugin::require(out >= 0, TENON_INVALID_TENSOR, node_text_, ": pads are larger than the output");
    return out;
  }
  // Adds each pixel's kernel window of one output channel; product [pixels, oc, i, j].
  static void scatter(const TransposedPlan& p, const float* product, int64_t oc, float bias, float* y) {
    const Window& w = p.window;
    const int64_t taps = w.kernel[0] * w.kernel[1];
    std::fill(y, y + p.oh * p.ow, bias);
    for (int64_t iy = 0; iy < p.ih; ++iy) {
      for (int64_t i = 0; i < w.kernel[0]; ++i) {
        const int64_t oy = iy * w.stride[0] + i * w.dilation[0] - w.pad_begin[0];
        if (oy < 0 || oy >= p.oh) continue;
        for (int64_t j = 0; j < w.kernel[1]; ++j) {
          const float* from = product + ((iy * p.iw) * p.ocg + oc) * taps + i * w.kernel[1] + j;
          for (int64_t ix = 0; ix < p.iw; ++ix) {
            const int64_t ox = ix * w.stride[1] + j * w.dilation[1] - w.pad_begin[1];
            if (ox >= 0 && ox < p.ow) y[oy * p.ow + ox] += from[ix * p.ocg * taps];
          }
        }
      }
    }
  }

  uint32_t spatial_;
  int64_t groups_;
  Window window_;
  std::string auto_pad_;
  int64_t output_padding_[2] = {0, 0};
  int64_t output_shape_[2] = {0, 0};
  bool has_output_shape_ = false;
};

bool check(const Node& node, Refusal& refusal) {
  return check_dtypes(node, {TENON_FLOAT32}, refusal) && check_window(node, refusal);
}

}  // namespace

const Family conv_transpose_family = {check, make_kernel<ConvTranspose>};

}  // namespace tenon::cpu
