// SPDX-License-Identifier: Apache-2.0
#include "attention.hpp"

#include <algorithm>

#include "kernels/attention.hpp"
#include "kernels/loops.hpp"

namespace tenon::cpu {
namespace {

class Finder {
 public:
  Finder(const plugin::Graph& graph, const Uses& uses, const SessionDesc& session)
      : graph_(graph), uses_(uses), session_(session) {}

  std::optional<AttentionRegion> find(const Node& softmax) {
    const Value scores = softmax.input(0);
    if (!scores || scores.dtype() != TENON_FLOAT32 || !scores.rank_known() || scores.rank() < 2) return std::nullopt;
    const int64_t axis = softmax.attr_int("axis", -1);
    if (axis != -1 && axis != static_cast<int64_t>(scores.rank()) - 1) return std::nullopt;
    rank_ = scores.rank();
    out_.nodes.push_back(softmax.id());
    if (!above(scores, softmax.id()) || !below(softmax.output(0))) return std::nullopt;
    std::ranges::sort(out_.nodes);
    return out_;
  }

 private:
  std::optional<Node> maker(const Value& v) const {
    const int64_t id = uses_.maker(v.id());
    return id < 0 ? std::nullopt : std::optional(graph_.node(static_cast<uint32_t>(id)));
  }
  // Index of the node that makes `v`, when only `reader` reads it and it computes `op`.
  std::optional<Node> inner(const Value& v, uint32_t reader) const {
    if (!v || uses_.only_reader(v.id()) != static_cast<int64_t>(reader)) return std::nullopt;
    const auto node = maker(v);
    return node && node->domain() == "ai.onnx" ? node : std::nullopt;
  }
  // Takes Mul and Div by a constant off `v`, as read by `reader`; returns what they scale.
  Value unscale(Value v, uint32_t reader) {
    for (auto node = inner(v, reader); node && (node->op() == "Mul" || node->op() == "Div"); node = inner(v, reader)) {
      const bool divides = node->op() == "Div";
      uint32_t factor = 1;
      auto c = const_scalar(*node, 1, session_, 1.0f);
      if (!c && !divides) c = const_scalar(*node, factor = 0, session_, 1.0f);
      const Value rest = node->input(1 - factor);
      // The constant must not widen what it scales.
      if (!c || !rest || !rest.rank_known() || node->input(factor).rank() > rest.rank()) return v;
      out_.scale *= divides ? 1.0f / *c : *c;
      out_.nodes.push_back(node->id());
      reader = node->id();
      v = rest;
    }
    return v;
  }
  bool above(Value scores, uint32_t reader) {
    auto node = inner(scores, reader);
    if (node && node->op() == "Add") {
      for (uint32_t side = 0; side < 2 && !out_.mask; ++side) {
        const AttentionRegion before = out_;
        out_.nodes.push_back(node->id());
        if (product(node->input(side), node->id()) && is_mask(node->input(1 - side))) {
          out_.mask = node->input(1 - side);
        } else {
          out_ = before;
        }
      }
      return static_cast<bool>(out_.mask);
    }
    return product(scores, reader);
  }
  bool is_mask(const Value& v) const { return v && v.dtype() == TENON_FLOAT32 && v.rank_known() && v.rank() <= rank_; }
  // `scores`, as read by `reader`, is scale * Q * K^T.
  bool product(const Value& scores, uint32_t reader) {
    const size_t count = out_.nodes.size();
    const Value v = unscale(scores, reader);
    if (out_.nodes.size() > count) reader = out_.nodes.back();
    const auto node = inner(v, reader);
    if (!node || node->op() != "MatMul") return false;
    out_.nodes.push_back(node->id());
    const Value q = node->input(0);
    const Value k = node->input(1);
    if (!fits(q) || !fits(k) || q.id() == k.id()) return false;
    out_.q = unscale(q, node->id());
    out_.k = unscale(k, node->id());
    return fits(out_.q) && fits(out_.k);
  }
  bool fits(const Value& v) const { return v && v.dtype() == TENON_FLOAT32 && v.rank_known() && v.rank() == rank_; }

  // The readers of the probabilities.
  bool below(Value p) {
    const auto& readers = uses_.readers(p.id());
    if (readers.size() == 2) {
      const uint32_t first = std::min(readers[0], readers[1]);
      const uint32_t second = std::max(readers[0], readers[1]);
      if (!nan_to_zero(p, graph_.node(first), graph_.node(second))) return false;
      out_.nodes.insert(out_.nodes.end(), {first, second});
      out_.nan_is_zero = true;
      p = graph_.node(second).output(0);
    }
    const int64_t next = uses_.only_reader(p.id());
    if (next < 0) return false;
    const Node product = graph_.node(static_cast<uint32_t>(next));
    if (!product.is("ai.onnx", "MatMul") || product.input_ids()[0] != p.id()) return false;
    out_.v = product.input(1);
    if (!fits(out_.v)) return false;
    out_.nodes.push_back(product.id());
    out_.result = product.output(0);
    const int64_t last = uses_.only_reader(out_.result.id());
    if (last < 0) return true;
    const Node transpose = graph_.node(static_cast<uint32_t>(last));
    const auto perm = transpose.attr_ints("perm");
    if (!transpose.is("ai.onnx", "Transpose") || perm.size() != rank_ || perm.back() != static_cast<int64_t>(rank_) - 1)
      return true;
    out_.perm.assign(perm.begin(), perm.end());
    out_.nodes.push_back(transpose.id());
    out_.result = transpose.output(0);
    return true;
  }
  // Where(IsNaN(p), 0, p).
  bool nan_to_zero(const Value& p, const Node& is_nan, const Node& where) const {
    if (!is_nan.is("ai.onnx", "IsNaN") || !where.is("ai.onnx", "Where")) return false;
    const auto zero = const_scalar(where, 1, session_, 1.0f);
    return where.input(0) && where.input(0).id() == is_nan.output(0).id() &&
           uses_.only_reader(is_nan.output(0).id()) == static_cast<int64_t>(where.id()) && zero && *zero == 0.0f &&
           where.input(1).rank() <= rank_ && where.input(2).id() == p.id();
  }

  const plugin::Graph& graph_;
  const Uses& uses_;
  const SessionDesc& session_;
  uint32_t rank_ = 0;
  AttentionRegion out_;
};

struct AttentionKernelPlan : Plan {
  std::unique_ptr<AttentionPlan> attention;
};

enum Input : size_t { kQ, kK, kV, kMask };

class Attention : public Kernel {
 public:
  Attention(const Build& build, const AttentionRegion& found)
      : Kernel(build, found.mask ? "attention + mask" : "attention"),
        scale_(found.scale),
        nan_is_zero_(found.nan_is_zero),
        perm_(found.perm) {
    in_ = {build.run_input(found.q), build.run_input(found.k), build.run_input(found.v), build.run_input(found.mask)};
  }
  std::unique_ptr<Plan> prepare(const Shapes& shapes, tenon_prepared_info& info) override {
    auto plan = std::make_unique<AttentionKernelPlan>();
    const DimsView q = dims(shapes, kQ);
    const DimsView k = dims(shapes, kK);
    const DimsView v = dims(shapes, kV);
    const size_t rank = q.size();
    plugin::require(k.size() == rank && v.size() == rank && rank >= 2 && q[rank - 1] == k[rank - 2],
                    TENON_INVALID_TENSOR, node_text_, ": Q of dims ", q, " and K of dims ", k, " do not multiply");
    AttentionDims d;
    d.queries = q[rank - 2];
    d.keys = k[rank - 1];
    d.depth = q[rank - 1];
    d.width = v[rank - 1];
    d.scale = scale_;
    d.nan_is_zero = nan_is_zero_;
    Dims batch = broadcast_dims(q.first(rank - 2), k.first(rank - 2), node_text_);
    batch = broadcast_dims(batch, v.first(rank - 2), node_text_);
    if (has(kMask)) {
      Dims mask(rank - dims(shapes, kMask).size(), 1);
      mask.insert(mask.end(), dims(shapes, kMask).begin(), dims(shapes, kMask).end());
      d.one_query = widen(d.queries, mask[rank - 2], mask);
      d.one_key = widen(d.keys, mask[rank - 1], mask);
      batch = broadcast_dims(batch, DimsView(mask).first(rank - 2), node_text_);
      d.mask = batch_offsets(DimsView(mask).first(rank - 2), batch, mask[rank - 2] * mask[rank - 1]);
      d.mask_row = mask[rank - 2] == 1 ? 0 : mask[rank - 1];
      d.mask_col = mask[rank - 1] == 1 ? 0 : 1;
    }
    plugin::require(v[rank - 2] == d.keys, TENON_INVALID_TENSOR, node_text_, ": probabilities of ", d.keys,
                    " keys and V of dims ", v, " do not multiply");
    d.q = batch_offsets(q.first(rank - 2), batch, q[rank - 2] * d.depth);
    d.k = batch_offsets(k.first(rank - 2), batch, d.depth * k[rank - 1]);
    d.v = batch_offsets(v.first(rank - 2), batch, d.keys * d.width);
    Dims y = batch;
    y.insert(y.end(), {d.queries, d.width});
    place(y, batch, d);
    if (!perm_.empty()) {
      const Dims logical = y;
      for (size_t i = 0; i < rank; ++i) y[i] = logical[static_cast<size_t>(perm_[i])];
    }
    settle(shapes, 0, y);
    if (count_of(y) == 0) return plan;
    plan->attention = std::make_unique<AttentionPlan>(std::move(d));
    info.workspace_bytes = static_cast<uint64_t>(plan->attention->workspace_floats(max_workers())) * sizeof(float);
    return plan;
  }
  void execute(const Plan& plan, const Run& run) override {
    const auto& p = static_cast<const AttentionKernelPlan&>(plan);
    if (p.attention == nullptr) return;
    p.attention->run(data<float>(run, kQ), data<float>(run, kK), data<float>(run, kV), data<float>(run, kMask),
                     out<float>(run, 0), workspace(run), parallel(run));
  }

 private:
  // The sum of scores and mask along one axis: true when the mask makes more of a score that there is one of.
  bool widen(int64_t& scores, int64_t mask, const Dims& of) const {
    plugin::require(mask == 1 || scores == 1 || mask == scores, TENON_INVALID_TENSOR, node_text_, ": a mask of dims ",
                    of, " and ", scores, " scores along an axis do not broadcast");
    const bool widens = scores == 1 && mask != 1;
    scores = widens ? mask : scores;
    return widens;
  }
  // Where the products go: y's logical dims, written in the order of perm.
  void place(const Dims& y, const Dims& batch, AttentionDims& d) const {
    const size_t rank = y.size();
    Dims written(rank);
    for (size_t i = 0; i < rank; ++i) written[i] = y[perm_.empty() ? i : static_cast<size_t>(perm_[i])];
    const std::vector<int64_t> dense = dense_strides(written);
    std::vector<int64_t> stride(rank);
    for (size_t i = 0; i < rank; ++i) stride[perm_.empty() ? i : static_cast<size_t>(perm_[i])] = dense[i];
    d.y_row = stride[rank - 2];
    for (int64_t b = 0; b < count_of(batch); ++b) {
      int64_t rest = b;
      int64_t at = 0;
      for (size_t a = rank - 2; a-- > 0;) {
        at += rest % batch[a] * stride[a];
        rest /= batch[a];
      }
      d.y.push_back(at);
    }
  }

  float scale_;
  bool nan_is_zero_;
  std::vector<int64_t> perm_;
};

}  // namespace

std::optional<AttentionRegion> find_attention(const plugin::Graph& graph, const Uses& uses, const Node& softmax,
                                              const SessionDesc& session) {
  return Finder(graph, uses, session).find(softmax);
}

std::unique_ptr<Kernel> make_attention(const SessionDesc& session, const Region& region, const Node& softmax,
                                       AttentionRegion found) {
  Epilogue epilogue;
  epilogue.nodes = found.nodes;
  epilogue.result = found.result;
  return std::make_unique<Attention>(Build(session, region, softmax, std::move(epilogue)), found);
}

}  // namespace tenon::cpu
