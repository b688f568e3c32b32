// SPDX-License-Identifier: Apache-2.0
// ONNX Resize (form 13): nearest by element size on any axes, linear in float32 on the last two; sizes or scales, the
// five coordinate modes without crop.
#include "kernels/resize.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

constexpr std::pair<std::string_view, Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::kHalfPixel},
    {"half_pixel_symmetric", Coordinates::kHalfPixelSymmetric},
    {"pytorch_half_pixel", Coordinates::kPytorchHalfPixel},
    {"align_corners", Coordinates::kAlignCorners},
    {"asymmetric", Coordinates::kAsymmetric},
};
constexpr std::pair<std::string_view, Nearest> kNearest[] = {
    {"round_prefer_floor", Nearest::kRoundPreferFloor},
    {"round_prefer_ceil", Nearest::kRoundPreferCeil},
    {"floor", Nearest::kFloor},
    {"ceil", Nearest::kCeil},
};

constexpr int64_t kLongestAxis = int64_t{1} << 26;  // each has a table

template <class T, size_t N>
const T* find(const std::pair<std::string_view, T> (&table)[N], std::string_view name) {
  for (const auto& [key, value] : table)
    if (key == name) return &value;
  return nullptr;
}

struct ResizePlan : Plan {
  bool ready = false;
  Dims x, y;
  std::vector<std::vector<int64_t>> tables;  // nearest
  LinearTable rows, cols;                    // linear
};

class Resize : public Kernel {
 public:
  explicit Resize(const Build& build)
      : Kernel(build, plugin::cat("resize_", build.node.attr_string("mode", "nearest"))),
        linear_(build.node.attr_string("mode", "nearest") == "linear"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        coordinates_(*find(kCoordinates, build.node.attr_string("coordinate_transformation_mode", "half_pixel"))),
        nearest_(*find(kNearest, build.node.attr_string("nearest_mode", "round_prefer_floor"))),
        scales_(build.const_floats(2)),
        sizes_(build.const_ints(3)) {
    const auto axes = build.node.attr_ints("axes");
    axes_.assign(axes.begin(), axes.end());
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<ResizePlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    const auto sizes = sizes_ ? sizes_ : known_ints(shapes, 3);
    auto scales = scales_;
    if (!scales && has(2)) {
      if (const tenon_tensor* known = shapes.inputs()[static_cast<uint32_t>(in_[2])].value) scales = floats_of(*known);
    }
    if (has(3) ? !sizes : !scales) return plan;
    plan->ready = true;
    resolve(scales, sizes, *plan);
    settle(shapes, 0, plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const ResizePlan&>(plan);
    if (p.ready) return write(p, run);
    ResizePlan now;
    now.x = p.x;
    resolve(has(2) ? std::optional(floats_of(in(run, 2))) : std::nullopt,
            has(3) ? std::optional(ints_of(in(run, 3))) : std::nullopt, now);
    write(now, run);
  }

 private:
  static std::vector<float> floats_of(const tenon_tensor& t) {
    const auto* data = static_cast<const float*>(t.data);
    return {data, data + plugin::element_count(plugin::dims_of(t))};
  }
  void resolve(const std::optional<std::vector<float>>& scales, const std::optional<std::vector<int64_t>>& sizes,
               ResizePlan& p) const {
    std::vector<ResizeAxis> axes;
    for (const int64_t d : p.x) axes.push_back({d, d, 1.0});
    Dims chosen = axes_;
    if (chosen.empty())
      for (size_t i = 0; i < p.x.size(); ++i) chosen.push_back(static_cast<int64_t>(i));
    const bool by_size = sizes && has(3);
    const size_t given = by_size ? sizes->size() : scales->size();
    plugin::require(given == chosen.size(), TENON_RUN, node_text_, ": ", given, " sizes or scales for ", chosen.size(),
                    " axes");
    for (size_t i = 0; i < chosen.size(); ++i) {
      ResizeAxis& axis = axes[static_cast<size_t>(normal_axis(chosen[i], p.x.size(), node_text_))];
      if (by_size) {
        axis.out = (*sizes)[i];
        axis.scale = axis.in == 0 ? 1.0 : static_cast<double>(axis.out) / static_cast<double>(axis.in);
      } else {
        axis.scale = static_cast<double>((*scales)[i]);
        const double out = std::floor(static_cast<double>(axis.in) * axis.scale);
        axis.out = out < 9e15 ? static_cast<int64_t>(out) : -1;
      }
      plugin::require(axis.out >= 0 && axis.scale > 0 && (axis.in > 0 || axis.out == 0), TENON_RUN, node_text_,
                      ": cannot make ", axis.out, " elements of ", axis.in);
      plugin::require(axis.out <= kLongestAxis, TENON_LIMIT, node_text_, ": an axis of ", axis.out,
                      " elements, at most ", kLongestAxis, " are allowed");
    }
    for (const ResizeAxis& axis : axes) p.y.push_back(axis.out);
    plugin::require(count_of(p.y) < INT64_MAX / 16, TENON_LIMIT, node_text_, " makes too many elements");
    if (!linear_) {
      for (const ResizeAxis& axis : axes)
        p.tables.push_back(axis.in == axis.out && axis.scale == 1.0 ? whole(axis.in)
                                                                    : nearest_table(coordinates_, nearest_, axis));
      return;
    }
    const size_t rank = axes.size();
    for (size_t i = 0; i + 2 < rank; ++i)
      plugin::require(axes[i].in == axes[i].out, TENON_UNSUPPORTED, node_text_, ": linear resizing of axis ", i,
                      " is not in this provider");
    p.rows = linear_table(coordinates_, rank >= 2 ? axes[rank - 2] : ResizeAxis{});
    p.cols = linear_table(coordinates_, axes[rank - 1]);
  }
  static std::vector<int64_t> whole(int64_t n) {
    std::vector<int64_t> out;
    for (int64_t i = 0; i < n; ++i) out.push_back(i);
    return out;
  }
  void write(const ResizePlan& p, const Run& run) const {
    void* y = out_of(run, 0, p.y);
    if (count_of(p.y) == 0) return;
    if (!linear_) return gather_axes(bytes_, p.x, p.tables, data<void>(run, 0), y, parallel(run));
    const size_t rank = p.x.size();
    const int64_t ih = rank >= 2 ? p.x[rank - 2] : 1;
    resize_linear(data<float>(run, 0), static_cast<float*>(y), count_of(p.x) / (ih * p.x[rank - 1]), ih, p.x[rank - 1],
                  p.rows, p.cols, parallel(run));
  }

  bool linear_;
  int64_t bytes_;
  Coordinates coordinates_;
  Nearest nearest_;
  Dims axes_;
  std::optional<std::vector<float>> scales_;
  std::optional<std::vector<int64_t>> sizes_;
};

// The linear kernel works on the last two axes: scales or sizes must be known to leave the others alone.
bool only_last_two(const Node& node) {
  const Value x = node.input(0);
  const Value y = node.output(0);
  if (!x.rank_known() || x.rank() == 0) return false;
  const auto axes = node.attr_ints("axes");
  const auto rank = static_cast<int64_t>(x.rank());
  if (!axes.empty()) return std::ranges::all_of(axes, [&](int64_t a) { return (a < 0 ? a + rank : a) >= rank - 2; });
  if (!y || !y.rank_known() || y.rank() != x.rank()) return false;
  for (uint32_t i = 0; i + 2 < x.rank(); ++i) {
    const bool symbol = x.raw().symbols != nullptr && y.raw().symbols != nullptr && x.raw().symbols[i] != 0 &&
                        x.raw().symbols[i] == y.raw().symbols[i];
    const bool same = x.dims()[i] >= 0 && (x.dims()[i] == y.dims()[i] || x.dims()[i] == 0);  // nothing stays nothing
    if (!symbol && !same) return false;
  }
  return true;
}

bool check(const Node& node, Refusal& refusal) {
  const std::string_view mode = node.attr_string("mode", "nearest");
  const auto attr = [&](std::string_view name) {
    return refusal.set(TENON_REFUSE_ATTR, plugin::cat("this ", name, " is not in this provider"));
  };
  if (mode != "nearest" && mode != "linear") return attr("mode");
  if (find(kCoordinates, node.attr_string("coordinate_transformation_mode", "half_pixel")) == nullptr)
    return attr("coordinate_transformation_mode");
  if (find(kNearest, node.attr_string("nearest_mode", "round_prefer_floor")) == nullptr) return attr("nearest_mode");
  if (node.attr_string("keep_aspect_ratio_policy", "stretch") != "stretch") return attr("keep_aspect_ratio_policy");
  if (node.attr_int("antialias", 0) != 0) return attr("antialias");
  if (element_bytes(node.input(0).dtype()) == 0)
    return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
  if (mode == "nearest") return true;
  if (!check_input(node, 0, {TENON_FLOAT32}, refusal)) return false;
  if (node.attr_int("exclude_outside", 0) != 0) return attr("exclude_outside");
  if (only_last_two(node)) return true;
  return refusal.set(TENON_REFUSE_RANK, "linear resizing is for the last two axes, others must be known to stay",
                     node.input(0).id());
}

}  // namespace

const Family resize_family = {check, make_kernel<Resize>};

}  // namespace tenon::cpu
