// SPDX-License-Identifier: Apache-2.0
// ONNX IsNaN (float32) and Not: one byte an element.
#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct FlagsPlan : Plan {
  int64_t n = 0;
};

class Flags : public Kernel {
 public:
  explicit Flags(const Build& build) : Kernel(build, build.node.op() == "Not" ? "not" : "is_nan") {
    negate_ = build.node.op() == "Not";
    if (negate_) alias(0, 0);
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<FlagsPlan>();
    plan->n = count_of(dims(shapes, 0));
    settle(shapes, 0, dims(shapes, 0));
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const void* x = data<void>(run, 0);
    auto* y = out<uint8_t>(run, 0);
    parallel(run).ranges(static_cast<const FlagsPlan&>(plan).n, 4 * kGrain, [&](int64_t first, int64_t last) {
      const auto* flags = static_cast<const uint8_t*>(x);
      const auto* floats = static_cast<const float*>(x);
      if (negate_) {
        for (int64_t i = first; i < last; ++i) y[i] = flags[i] == 0 ? 1 : 0;
      } else {
        for (int64_t i = first; i < last; ++i) y[i] = floats[i] != floats[i] ? 1 : 0;
      }
    });
  }

 private:
  bool negate_;
};

bool check(const Node& node, Refusal& refusal) {
  if (node.op() == "Not") return check_dtypes(node, {TENON_BOOL}, refusal);
  return check_dtypes(node, {TENON_FLOAT32}, refusal);
}

}  // namespace

const Family flags_family = {check, make_kernel<Flags>};

}  // namespace tenon::cpu
