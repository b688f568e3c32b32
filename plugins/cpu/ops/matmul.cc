// SPDX-License-Identifier: Apache-2.0
// ONNX MatMul (form 1) and Gemm (form 11) in float32. A constant right side is packed once and multiplied by own
// kernels, with row bias, residual and activation of a fused region; products of two activations are OpenBLAS's. Sums
// run over k in float32.
#include "kernels/matmul.hpp"

#include <algorithm>
#include <climits>

#include "kernels/loops.hpp"
#include "ops/families.hpp"
#include "ops/late_add.hpp"

namespace tenon::cpu {
namespace {

struct PackedPlan : Plan {
  std::unique_ptr<MatPlan> mat;  // NULL: nothing to compute
  int64_t m = 0, k = 0, n = 0;
  int64_t row_stride = 0, col_stride = 1;  // of A
  int64_t weight_floats = 0;               // of workspace, for a B that is not constant
  int64_t addend_floats = 0;               // of workspace, for beta * C when it is not a plain row
  LoopNest<2> addend;                      // C read as [m, n]
  LateAdd late;
};

// Product with B packed: MatMul and Gemm with a constant B, and Gemm with any.
class PackedMatMul : public Kernel {
 public:
  explicit PackedMatMul(const Build& build)
      : Kernel(build, build.node.op() == "Gemm" ? "gemm" : "matmul"),
        gemm_(build.node.op() == "Gemm"),
        trans_a_(gemm_ && build.node.attr_int("transA", 0) != 0),
        trans_b_(gemm_ && build.node.attr_int("transB", 0) != 0),
        alpha_(gemm_ ? static_cast<float>(build.node.attr_float("alpha", 1.0)) : 1.0f),
        beta_(gemm_ ? static_cast<float>(build.node.attr_float("beta", 1.0)) : 1.0f),
        bias_(build.run_input(build.epilogue.bias)),
        residual_(build.run_input(build.epilogue.residual)),
        activation_(build.epilogue.activation) {
    alias_residual(build);
    const Value b = build.node.input(1);
    if (!b.is_const() || !b.is_static() || b.rank() != 2) return;
    k_ = b.dims()[trans_b_ ? 1 : 0];
    n_ = b.dims()[trans_b_ ? 0 : 1];
    if (packed_b_floats(k_, n_) == 0) return;
    constant_ = true;
    request_pack(b, packed_b_floats(k_, n_), plugin::cat("gemm.", trans_b_ ? "t" : "n", ".", k_, "x", n_, ".", alpha_));
    source_ = static_cast<const float*>(build.session.weight(b.const_id()).tensor.data);
  }
  void prepack(uint32_t, const tenon_tensor& dst, const Task&) override {
    pack(source_, k_, n_, static_cast<float*>(dst.data));
  }
  void bind_packed(uint32_t, const tenon_tensor& packed) override { packed_ = static_cast<const float*>(packed.data); }

  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<PackedPlan>();
    const DimsView a = dims(shapes, 0);
    const DimsView b = dims(shapes, 1);
    plugin::require(b.size() == 2 && a.size() >= 2 && (!gemm_ || a.size() == 2), TENON_INVALID_TENSOR, node_text_,
                    ": dims ", a, " and ", b, " do not multiply");
    const int64_t k = a.empty() ? 0 : a[trans_a_ ? a.size() - 2 : a.size() - 1];
    plan->k = b[b.size() - (trans_b_ ? 1 : 2)];
    plan->n = b[b.size() - (trans_b_ ? 2 : 1)];
    plugin::require(k == plan->k, TENON_INVALID_TENSOR, node_text_, ": dims ", a, " and ", b, " do not multiply");
    Dims y(a.begin(), a.end());
    if (trans_a_) y[0] = a[1];
    y.back() = plan->n;
    plan->m = count_of(DimsView(y).first(y.size() - 1));
    plan->row_stride = trans_a_ ? 1 : k;
    plan->col_stride = trans_a_ ? plan->m : 1;
    if (residual_ >= 0) plan->late = plan_late_add(shapes.dims(static_cast<uint32_t>(residual_)), y, node_text_);
    settle(shapes, 0, y);
    if (gemm_ && has(2)) {
      const Dims product = {plan->m, plan->n};
      plugin::require(broadcast_dims(dims(shapes, 2), product, node_text_) == product, TENON_INVALID_TENSOR, node_text_,
                      ": C of dims ", dims(shapes, 2), " widens a product of dims ", DimsView(product));
    }
    if (plan->m == 0 || plan->n == 0) return plan;
    plan->mat = std::make_unique<MatPlan>(plan->m, k, plan->n);
    if (!constant_) plan->weight_floats = round_up(packed_b_floats(k, plan->n), 16);
    if (gemm_ && has(2) && (beta_ != 1.0f || !is_row(dims(shapes, 2), plan->n))) {
      plan->addend_floats = round_up(plan->m * plan->n, 16);
      plan->addend = broadcast_loops<2>({dims(shapes, 2)}, Dims{plan->m, plan->n});
    }
    info.workspace_bytes = static_cast<uint64_t>(plan->weight_floats + plan->addend_floats + plan->late.product_floats +
                                                 plan->mat->workspace_floats()) *
                           sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const PackedPlan&>(plan);
    if (p.mat == nullptr) return;
    float* scratch = workspace(run);
    MatOut o;
    o.y = out<float>(run, 0);
    o.activation = activation_;
    o.residual = run_data<float>(run, residual_);
    o.bias = run_data<float>(run, bias_);
    const float* packed = packed_;
    if (p.weight_floats > 0) {
      pack(data<float>(run, 1), p.k, p.n, scratch);
      packed = scratch;
      scratch += p.weight_floats;
    }
    if (p.addend_floats > 0) {
      o.residual = spread(p, data<float>(run, 2), scratch);
      scratch += p.addend_floats;
    } else if (gemm_ && has(2)) {
      o.bias = data<float>(run, 2);
    }
    if (p.late.active) {
      o.y = scratch;
      o.residual = nullptr;
      o.activation = {};
      scratch += p.late.product_floats;
    }
    p.mat->run(data<float>(run, 0), p.row_stride, p.col_stride, packed, o, scratch, parallel(run));
    if (p.late.active)
      late_add(p.late, o.y, run_data<float>(run, residual_), activation_, out<float>(run, 0), parallel(run));
  }

 private:
  static bool is_row(DimsView c, int64_t n) { return !c.empty() && c.back() == n && count_of(c) == n; }
  void pack(const float* b, int64_t k, int64_t n, float* to) const {
    pack_b(b, trans_b_ ? 1 : n, trans_b_ ? k : 1, k, n, 0, ceil_div(n, kCols), to);
    if (alpha_ != 1.0f)
      for (int64_t i = 0; i < packed_b_floats(k, n); ++i) to[i] *= alpha_;
  }
  // beta * C, spread over [m, n].
  const float* spread(const PackedPlan& p, const float* c, float* to) const {
    const int64_t step = p.addend.inner_stride(0);
    for (int64_t r = 0; r < p.addend.rows(); ++r) {
      const auto at = p.addend.offsets(r);
      for (int64_t i = 0; i < p.addend.inner(); ++i) to[at[1] + i] = beta_ * c[at[0] + i * step];
    }
    return to;
  }

  bool gemm_, trans_a_, trans_b_;
  float alpha_, beta_;
  int bias_, residual_;
  Activation activation_;
  bool constant_ = false;
  int64_t k_ = 0, n_ = 0;
  const float* source_ = nullptr;
  const float* packed_ = nullptr;
};

struct ProductPlan : Plan {
  BatchedProduct product;
  std::vector<int64_t> a_offsets, b_offsets;
};

// MatMul of two activations, any ranks.
class Product : public Kernel {
 public:
  explicit Product(const Build& build) : Kernel(build, "matmul_blas") {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<ProductPlan>();
    Dims a(dims(shapes, 0).begin(), dims(shapes, 0).end());
    Dims b(dims(shapes, 1).begin(), dims(shapes, 1).end());
    plugin::require(!a.empty() && !b.empty(), TENON_INVALID_TENSOR, node_text_, ": a scalar cannot be multiplied");
    const bool row = a.size() == 1;
    const bool column = b.size() == 1;
    if (row) a = {1, a[0]};
    if (column) b = {b[0], 1};
    BatchedProduct& p = plan->product;
    p.m = a[a.size() - 2];
    p.k = a.back();
    p.n = b.back();
    plugin::require(b[b.size() - 2] == p.k, TENON_INVALID_TENSOR, node_text_, ": dims ", dims(shapes, 0), " and ",
                    dims(shapes, 1), " do not multiply");
    plugin::require(p.k < INT_MAX && p.n < INT_MAX, TENON_LIMIT, node_text_, ": a row of a factor is too long");
    const Dims batch = broadcast_dims(DimsView(a).first(a.size() - 2), DimsView(b).first(b.size() - 2), node_text_);
    Dims y = batch;
    if (!row) y.push_back(p.m);
    if (!column) y.push_back(p.n);
    settle(shapes, 0, y);
    if (count_of(DimsView(b).first(b.size() - 2)) == 1) {  // one right side: all rows at once
      p.m *= count_of(batch);
      p.batch = 1;
      plan->a_offsets = plan->b_offsets = {0};
    } else {
      p.batch = count_of(batch);
      plan->a_offsets = batch_offsets(DimsView(a).first(a.size() - 2), batch, p.m * p.k);
      plan->b_offsets = batch_offsets(DimsView(b).first(b.size() - 2), batch, p.k * p.n);
    }
    p.a_offsets = plan->a_offsets.data();
    p.b_offsets = plan->b_offsets.data();
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    batched_product(static_cast<const ProductPlan&>(plan).product, data<float>(run, 0), data<float>(run, 1),
                    out<float>(run, 0), parallel(run));
  }
};

bool check(const Node& node, Refusal& refusal) { return check_dtypes(node, {TENON_FLOAT32}, refusal); }

std::unique_ptr<Kernel> make(const Build& build) {
  const Value a = build.node.input(0);
  const Value b = build.node.input(1);
  if (build.node.op() == "Gemm" || (b.is_const() && b.is_static() && b.rank() == 2 && a.rank_known() && a.rank() >= 2))
    return std::make_unique<PackedMatMul>(build);
  return std::make_unique<Product>(build);
}

}  // namespace

const Family matmul_family = {check, make};

}  // namespace tenon::cpu
