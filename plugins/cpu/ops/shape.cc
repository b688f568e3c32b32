// SPDX-License-Identifier: Apache-2.0
// ONNX Shape and Size (form 1), ConstantOfShape (form 9) and Range (form 11; float32, int32, int64).
#include <cmath>
#include <type_traits>

#include "kernels/move.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct DimsPlan : Plan {
  Dims x;
};

class ShapeOf : public Kernel {
 public:
  explicit ShapeOf(const Build& build)
      : Kernel(build, build.node.op() == "Size" ? "size" : "shape"),
        size_(build.node.op() == "Size"),
        start_(build.node.attr_int("start", 0)),
        end_(build.node.attr_int("end")) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<DimsPlan>();
    const DimsView x = dims(shapes, 0);
    if (size_) {
      plan->x = {count_of(x)};
      settle(shapes, 0, Dims{});
      return plan;
    }
    const auto rank = static_cast<int64_t>(x.size());
    const auto clip = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
    for (int64_t i = clip(start_); i < clip(end_.value_or(rank)); ++i) plan->x.push_back(x[static_cast<size_t>(i)]);
    settle(shapes, 0, Dims{static_cast<int64_t>(plan->x.size())});
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const Dims& values = static_cast<const DimsPlan&>(plan).x;
    std::copy(values.begin(), values.end(), out<int64_t>(run, 0));
  }

 private:
  bool size_;
  int64_t start_;
  std::optional<int64_t> end_;
};

class ConstantOfShape : public Kernel {
 public:
  explicit ConstantOfShape(const Build& build)
      : Kernel(build, "fill"), bytes_(element_bytes(build.node.output(0).dtype())) {
    if (const tenon_tensor* value = build.node.attr_tensor("value"))
      std::memcpy(value_, value->data, static_cast<size_t>(bytes_));
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    if (const auto y = known_ints(shapes, 0)) settle(shapes, 0, *y);
    return std::make_unique<Plan>();
  }
  void execute(const Plan&, const Run& run) override {
    const std::vector<int64_t> y = ints_of(in(run, 0));
    fill(bytes_, value_, out_of(run, 0, y), count_of(y), parallel(run));
  }

 private:
  int64_t bytes_;
  std::byte value_[16] = {};
};

class Range : public Kernel {
 public:
  explicit Range(const Build& build) : Kernel(build, "range"), dtype_(build.node.input(0).dtype()) {}
  std::unique_ptr<Plan> prepare(const Shapes&, tenon_prepared_info&) override { return std::make_unique<Plan>(); }
  void execute(const Plan&, const Run& run) override {
    if (dtype_ == TENON_FLOAT32) return write<float>(run);
    return dtype_ == TENON_INT32 ? write<int32_t>(run) : write<int64_t>(run);
  }

 private:
  template <class T>
  void write(const Run& run) const {
    const T start = *data<T>(run, 0);
    const T limit = *data<T>(run, 1);
    const T delta = *data<T>(run, 2);
    plugin::require(delta != 0, TENON_RUN, node_text_, ": delta is 0");
    using Wide = std::conditional_t<std::is_same_v<T, float>, double, int64_t>;
    const int64_t n = length(Wide{start}, Wide{limit}, Wide{delta});
    T* y = static_cast<T*>(out_of(run, 0, DimsView(&n, 1)));
    for (int64_t i = 0; i < n; ++i) y[i] = static_cast<T>(start + static_cast<T>(i) * delta);
  }
  int64_t length(double start, double limit, double delta) const {
    const double steps = std::ceil((limit - start) / delta);
    plugin::require(steps < static_cast<double>(kMostSteps), TENON_LIMIT, node_text_, " makes too many elements");
    return steps > 0 ? static_cast<int64_t>(steps) : 0;
  }
  int64_t length(int64_t start, int64_t limit, int64_t delta) const {
    if (start == limit || (start < limit) != (delta > 0)) return 0;
    const auto distance = [](int64_t from, int64_t to) {
      return static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
    };
    const uint64_t way = delta > 0 ? distance(start, limit) : distance(limit, start);
    const uint64_t steps =
        (way - 1) / (delta > 0 ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta)) + 1;
    plugin::require(steps < uint64_t{kMostSteps}, TENON_LIMIT, node_text_, " makes too many elements");
    return static_cast<int64_t>(steps);
  }
  static constexpr int64_t kMostSteps = 1'000'000'000'000'000;
  uint32_t dtype_;
};

bool check(const Node& node, Refusal& refusal) {
  if (node.op() == "Range") return check_dtypes(node, {TENON_FLOAT32, TENON_INT32, TENON_INT64}, refusal);
  if (node.op() == "ConstantOfShape" && element_bytes(node.output(0).dtype()) == 0)
    return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are filled", node.output(0).id());
  return true;
}

std::unique_ptr<Kernel> make(const Build& build) {
  if (build.node.op() == "Range") return std::make_unique<Range>(build);
  if (build.node.op() == "ConstantOfShape") return std::make_unique<ConstantOfShape>(build);
  return std::make_unique<ShapeOf>(build);
}

}  // namespace

const Family shape_family = {check, make};

}  // namespace tenon::cpu
