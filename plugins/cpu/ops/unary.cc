// SPDX-License-Identifier: Apache-2.0
// ONNX's functions of one float32 tensor (opset 28 forms): Relu, Sigmoid, Gelu, Clip, ... Errors:
// kernels/activation.hpp.
#include "fuse.hpp"
#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

constexpr int64_t kUnaryGrain = 8 * 1024;  // elements of one piece of work

struct UnaryPlan : Plan {
  int64_t n = 0;
};

class Unary : public Kernel {
 public:
  explicit Unary(const Build& build) : Kernel(build, "") {
    // A Clip whose bounds are not constant gets them from the run.
    const auto known = activation_of(build.node, build.session);
    bounds_from_run_ = !known;
    activation_ = known.value_or(Activation{Function::kClamp, -__builtin_inff(), __builtin_inff()});
    rename(std::string(name_of(activation_.function)));
    alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<UnaryPlan>();
    plan->n = count_of(dims(shapes, 0));
    settle(shapes, 0, dims(shapes, 0));
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const int64_t n = static_cast<const UnaryPlan&>(plan).n;
    Activation f = activation_;
    if (bounds_from_run_) {
      if (has(1)) f.a = *data<float>(run, 1);
      if (has(2)) f.b = *data<float>(run, 2);
    }
    const float* x = data<float>(run, 0);
    float* y = out<float>(run, 0);
    if (n <= kUnaryGrain) return apply(f, x, y, n);
    parallel(run).ranges(n, kUnaryGrain,
                         [&](int64_t first, int64_t last) { apply(f, x + first, y + first, last - first); });
  }

 private:
  Activation activation_;
  bool bounds_from_run_ = false;
};

bool check(const Node& node, Refusal& refusal) { return check_dtypes(node, {TENON_FLOAT32}, refusal); }

}  // namespace

const Family unary_family = {check, make_kernel<Unary>};

}  // namespace tenon::cpu
