// SPDX-License-Identifier: Apache-2.0
// ONNX Gather (form 1) and GatherND (form 11), by element size; indices int32 or int64, negative ones count from the
// end.
#include <atomic>
#include <cstring>

#include "kernels/loops.hpp"
#include "ops/families.hpp"

namespace tenon::cpu {
namespace {

struct GatherPlan : Plan {
  Dims x, y;
  int64_t outer = 1, axis = 1, inner = 1;  // Gather: data is [outer, axis, inner]
  int64_t indices = 0;                     // Gather: how many; GatherND: how many tuples in a batch
  int64_t tuple = 0;                       // GatherND: indices in a tuple
};

class Gather : public Kernel {
 public:
  explicit Gather(const Build& build)
      : Kernel(build, build.node.op() == "Gather" ? "gather" : "gather_nd"),
        nd_(build.node.op() == "GatherND"),
        bytes_(element_bytes(build.node.input(0).dtype())),
        long_(build.node.input(1).dtype() == TENON_INT64),
        axis_(build.node.attr_int("axis", 0)),
        batch_dims_(build.node.attr_int("batch_dims", 0)) {}
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info&) override {
    auto plan = std::make_unique<GatherPlan>();
    plan->x.assign(dims(shapes, 0).begin(), dims(shapes, 0).end());
    nd_ ? plan_nd(*plan, dims(shapes, 1)) : plan_axis(*plan, dims(shapes, 1));
    settle(shapes, 0, plan->y);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const GatherPlan&>(plan);
    std::atomic<bool> outside = false;
    nd_ ? run_nd(p, run, outside) : run_axis(p, run, outside);
    plugin::require(!outside, TENON_RUN, node_text_, ": an index lies outside of data of dims ", p.x);
  }

 private:
  void plan_axis(GatherPlan& p, DimsView indices) const {
    const auto axis = static_cast<size_t>(normal_axis(axis_, p.x.size(), node_text_));
    p.outer = count_of(DimsView(p.x).first(axis));
    p.axis = p.x[axis];
    p.inner = count_of(DimsView(p.x).subspan(axis + 1));
    p.indices = count_of(indices);
    p.y.assign(p.x.begin(), p.x.begin() + static_cast<std::ptrdiff_t>(axis));
    p.y.insert(p.y.end(), indices.begin(), indices.end());
    p.y.insert(p.y.end(), p.x.begin() + static_cast<std::ptrdiff_t>(axis) + 1, p.x.end());
  }
  void plan_nd(GatherPlan& p, DimsView indices) const {
    const auto batch = static_cast<size_t>(batch_dims_);
    const int64_t tuple = indices.empty() ? 0 : indices.back();
    plugin::require(!indices.empty() && batch_dims_ >= 0 && batch < indices.size() && tuple >= 0 &&
                        batch + static_cast<size_t>(tuple) <= p.x.size(),
                    TENON_INVALID_TENSOR, node_text_, ": indices of dims ", indices, " do not fit data of dims ", p.x);
    for (size_t i = 0; i < batch; ++i)
      plugin::require(indices[i] == p.x[i], TENON_INVALID_TENSOR, node_text_, ": batch dims of ", indices, " and ", p.x,
                      " differ");
    p.tuple = tuple;
    p.outer = count_of(DimsView(p.x).first(batch));
    p.indices = count_of(indices.subspan(batch, indices.size() - batch - 1));
    p.inner = count_of(DimsView(p.x).subspan(batch + static_cast<size_t>(tuple)));
    p.axis = count_of(DimsView(p.x).subspan(batch, static_cast<size_t>(tuple)));
    p.y.assign(indices.begin(), indices.end() - 1);
    p.y.insert(p.y.end(), p.x.begin() + static_cast<std::ptrdiff_t>(batch) + tuple, p.x.end());
  }
  int64_t index(const Run& run, int64_t i) const { return long_ ? data<int64_t>(run, 1)[i] : data<int32_t>(run, 1)[i]; }
  // Calls move(row) for each of `rows` rows of `inner` elements.
  template <class Move>
  void for_rows(const GatherPlan& p, int64_t rows, const Run& run, Move&& move) const {
    if (p.inner == 0) return;
    const auto range = [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) move(i);
    };
    const int64_t step = std::max<int64_t>(1, 64 * 1024 / (p.inner * bytes_));
    if (rows <= step) return range(0, rows);
    parallel(run).ranges(rows, step, range);
  }
  void run_axis(const GatherPlan& p, const Run& run, std::atomic<bool>& outside) const {
    const auto* x = data<std::byte>(run, 0);
    auto* y = out<std::byte>(run, 0);
    const auto row = static_cast<size_t>(p.inner * bytes_);
    for_rows(p, p.outer * p.indices, run, [&](int64_t i) {
      int64_t at = index(run, i % p.indices);
      if (at < 0) at += p.axis;
      if (at < 0 || at >= p.axis) {
        outside = true;
        return;
      }
      std::memcpy(y + static_cast<size_t>(i) * row, x + static_cast<size_t>(i / p.indices * p.axis + at) * row, row);
    });
  }
  void run_nd(const GatherPlan& p, const Run& run, std::atomic<bool>& outside) const {
    const auto* x = data<std::byte>(run, 0);
    auto* y = out<std::byte>(run, 0);
    const auto row = static_cast<size_t>(p.inner * bytes_);
    const int64_t* dims = p.x.data() + batch_dims_;
    for_rows(p, p.outer * p.indices, run, [&](int64_t i) {
      int64_t at = 0;
      for (int64_t t = 0; t < p.tuple; ++t) {
        int64_t k = index(run, i * p.tuple + t);
        if (k < 0) k += dims[t];
        if (k < 0 || k >= dims[t]) {
          outside = true;
          return;
        }
        at = at * dims[t] + k;
      }
      std::memcpy(y + static_cast<size_t>(i) * row, x + static_cast<size_t>(i / p.indices * p.axis + at) * row, row);
    });
  }

  bool nd_;
  int64_t bytes_;
  bool long_;
  int64_t axis_, batch_dims_;
};

bool check(const Node& node, Refusal& refusal) {
  if (element_bytes(node.input(0).dtype()) == 0)
    return refusal.set(TENON_REFUSE_DTYPE, "only elements of whole bytes are moved", node.input(0).id());
  return check_input(node, 1, {TENON_INT32, TENON_INT64}, refusal);
}

}  // namespace

const Family gather_family = {check, make_kernel<Gather>};

}  // namespace tenon::cpu
