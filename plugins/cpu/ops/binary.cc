// SPDX-License-Identifier: Apache-2.0
// ONNX's element-wise operators of two tensors, with broadcasting: arithmetic and comparison in float32, int32 and
// int64, logic in bool.
#include "kernels/binary.hpp"

#include <algorithm>
#include <type_traits>

#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

enum class Kind : uint8_t { kArithmetic, kCompare, kLogic };

struct Entry {
  std::string_view name;
  Kind kind;
  uint8_t op;
};

template <class T>
constexpr uint8_t u8(T op) {
  return static_cast<uint8_t>(op);
}

constexpr Entry kEntries[] = {
    {"Add", Kind::kArithmetic, u8(BinaryOp::kAdd)},
    {"Sub", Kind::kArithmetic, u8(BinaryOp::kSub)},
    {"Mul", Kind::kArithmetic, u8(BinaryOp::kMul)},
    {"Div", Kind::kArithmetic, u8(BinaryOp::kDiv)},
    {"Pow", Kind::kArithmetic, u8(BinaryOp::kPow)},
    {"PRelu", Kind::kArithmetic, u8(BinaryOp::kPrelu)},
    {"Equal", Kind::kCompare, u8(CompareOp::kEqual)},
    {"Less", Kind::kCompare, u8(CompareOp::kLess)},
    {"LessOrEqual", Kind::kCompare, u8(CompareOp::kLessOrEqual)},
    {"Greater", Kind::kCompare, u8(CompareOp::kGreater)},
    {"GreaterOrEqual", Kind::kCompare, u8(CompareOp::kGreaterOrEqual)},
    {"And", Kind::kLogic, u8(LogicOp::kAnd)},
    {"Or", Kind::kLogic, u8(LogicOp::kOr)},
    {"Xor", Kind::kLogic, u8(LogicOp::kXor)},
};

const Entry& entry_of(std::string_view op) {
  return *std::ranges::find_if(kEntries, [&](const Entry& e) { return e.name == op; });
}

struct BinaryPlan : Plan {
  LoopNest<3> nest;
};

class Binary : public Kernel {
 public:
  explicit Binary(const Build& build)
      : Kernel(build, plugin::cat("elementwise ", build.node.op())),
        entry_(entry_of(build.node.op())),
        dtype_(build.node.input(0).dtype()) {
    if (entry_.kind != Kind::kArithmetic && !(dtype_ == TENON_BOOL)) return;
    const Value y = build.node.output(0);
    for (uint32_t i = 0; i < 2; ++i) {
      // Only an operand that is read once per output may give its memory away.
      const Value x = build.node.input(i);
      if (x.is_static() && y.is_static() && std::ranges::equal(x.dims(), y.dims())) alias(0, i);
    }
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<BinaryPlan>();
    const Dims y = broadcast_dims(dims(shapes, 0), dims(shapes, 1), node_text_);
    settle(shapes, 0, y);
    plan->nest = broadcast_loops<3>({dims(shapes, 0), dims(shapes, 1)}, y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const LoopNest<3>& nest = static_cast<const BinaryPlan&>(plan).nest;
    switch (dtype_) {
      case TENON_FLOAT32:
        return numbers<float>(nest, run);
      case TENON_INT32:
        return numbers<int32_t>(nest, run);
      case TENON_INT64:
        return numbers<int64_t>(nest, run);
      default:
        return flags(nest, run);
    }
  }

 private:
  template <class T>
  void numbers(const LoopNest<3>& nest, const Run& run) const {
    if (entry_.kind == Kind::kArithmetic) {
      if constexpr (std::is_integral_v<T>) check_divisor<T>(run);
      binary(static_cast<BinaryOp>(entry_.op), nest, data<T>(run, 0), data<T>(run, 1), out<T>(run, 0), parallel(run));
    } else {
      compare(static_cast<CompareOp>(entry_.op), nest, data<T>(run, 0), data<T>(run, 1), out<uint8_t>(run, 0),
              parallel(run));
    }
  }
  // ONNX leaves integer division by zero undefined; the reference reports it, so it is reported here.
  template <class T>
  void check_divisor(const Run& run) const {
    if (static_cast<BinaryOp>(entry_.op) != BinaryOp::kDiv) return;
    const T* divisor = data<T>(run, 1);
    int64_t n = 1;
    for (const int64_t dim : plugin::dims_of(run.input(1))) n *= dim;
    const T* zero = std::find(divisor, divisor + n, T{0});
    plugin::require(zero == divisor + n, TENON_RUN, node_text_, ": element ", zero - divisor,
                    " of the divisor is 0, expected another integer");
  }
  void flags(const LoopNest<3>& nest, const Run& run) const {
    const auto* a = data<uint8_t>(run, 0);
    const auto* b = data<uint8_t>(run, 1);
    auto* y = out<uint8_t>(run, 0);
    if (entry_.kind == Kind::kLogic) {
      logic(static_cast<LogicOp>(entry_.op), nest, a, b, y, parallel(run));
    } else {
      compare(static_cast<CompareOp>(entry_.op), nest, a, b, y, parallel(run));
    }
  }

  const Entry& entry_;
  uint32_t dtype_;
};

bool check(const Node& node, Refusal& refusal) {
  const Entry& e = entry_of(node.op());
  if (e.kind == Kind::kLogic) return check_dtypes(node, {TENON_BOOL}, refusal);
  if (node.op() == "Equal") return check_dtypes(node, {TENON_FLOAT32, TENON_INT32, TENON_INT64, TENON_BOOL}, refusal);
  if (!check_dtypes(node, {TENON_FLOAT32, TENON_INT32, TENON_INT64}, refusal)) return false;
  if (node.input(0).dtype() == node.input(1).dtype()) return true;
  return refusal.set(TENON_REFUSE_DTYPE, "base and exponent of different types are not in this provider",
                     node.input(1).id());
}

// Max, Min and Sum of any number of tensors, two at a time in order.
struct VariadicPlan : Plan {
  std::vector<LoopNest<3>> steps;  // accumulated value, next input, output
  int64_t n = 0;
};

class Variadic : public Kernel {
 public:
  explicit Variadic(const Build& build)
      : Kernel(build, plugin::cat("elementwise ", build.node.op())), dtype_(build.node.input(0).dtype()) {
    op_ = build.node.op() == "Max" ? BinaryOp::kMax : build.node.op() == "Min" ? BinaryOp::kMin : BinaryOp::kAdd;
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<VariadicPlan>();
    Dims y(dims(shapes, 0).begin(), dims(shapes, 0).end());
    for (size_t i = 1; i < in_.size(); ++i) y = broadcast_dims(y, dims(shapes, i), node_text_);
    settle(shapes, 0, y);
    // The first step reads inputs 0 and 1 (0 twice is never needed: one input is a copy), later ones the output.
    for (size_t i = 1; i < in_.size(); ++i)
      plan->steps.push_back(broadcast_loops<3>({i == 1 ? dims(shapes, 0) : DimsView(y), dims(shapes, i)}, y));
    plan->n = count_of(y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const VariadicPlan&>(plan);
    if (dtype_ == TENON_FLOAT32) return steps<float>(p, run);
    return dtype_ == TENON_INT32 ? steps<int32_t>(p, run) : steps<int64_t>(p, run);
  }

 private:
  template <class T>
  void steps(const VariadicPlan& plan, const Run& run) const {
    T* y = out<T>(run, 0);
    if (plan.steps.empty()) {
      std::copy_n(data<T>(run, 0), plan.n, y);
      return;
    }
    const T* left = data<T>(run, 0);
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      binary(op_, plan.steps[i], left, data<T>(run, i + 1), y, parallel(run));
      left = y;
    }
  }

  BinaryOp op_;
  uint32_t dtype_;
};

bool check_variadic(const Node& node, Refusal& refusal) {
  return check_dtypes(node, {TENON_FLOAT32, TENON_INT32, TENON_INT64}, refusal);
}

struct WherePlan : Plan {
  LoopNest<4> nest;
};

class Where : public Kernel {
 public:
  explicit Where(const Build& build) : Kernel(build, "where"), size_(element_bytes(build.node.input(1).dtype())) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<WherePlan>();
    Dims y = broadcast_dims(dims(shapes, 1), dims(shapes, 2), node_text_);
    y = broadcast_dims(dims(shapes, 0), y, node_text_);
    settle(shapes, 0, y);
    plan->nest = broadcast_loops<4>({dims(shapes, 0), dims(shapes, 1), dims(shapes, 2)}, y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    where(size_, static_cast<const WherePlan&>(plan).nest, data<uint8_t>(run, 0), data<void>(run, 1),
          data<void>(run, 2), out<void>(run, 0), parallel(run));
  }

 private:
  int64_t size_;
};

bool check_where(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(1).dtype()) != 0) return true;
  return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(1).id());
}

}  // namespace

const Family binary_family = {check, make_kernel<Binary>};
const Family variadic_family = {check_variadic, make_kernel<Variadic>};
const Family where_family = {check_where, make_kernel<Where>};

}  // namespace tenon::cpu
