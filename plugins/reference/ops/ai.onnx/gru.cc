// SPDX-License-Identifier: Apache-2.0
// ai.onnx GRU, form 7: gates z, r, h over X [steps, batch, width] (layout 1: [batch, steps, width]), in one direction
// or both; linear_before_reset applies r to the product with R instead of the state. Sums in double over W, then R; the
// state is rounded once a step.
#include "recurrent.hpp"

namespace tenon::reference {
namespace {

enum Gate : int64_t { kUpdate, kReset, kHidden, kGates };
constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh"};

// The weights of one direction.
template <class T>
class Cell {
 public:
  Cell(const Context& c, const Recurrence& r, const std::vector<Activation>& all, int64_t direction)
      : r_(r),
        f_(all[static_cast<size_t>(direction) * 2]),
        g_(all[static_cast<size_t>(direction) * 2 + 1]),
        w_(c.input(1).data<T>() + direction * kGates * r.hidden * r.width),
        recurrent_(c.input(2).data<T>() + direction * kGates * r.hidden * r.hidden),
        bias_(c.has_input(3) ? c.input(3).data<T>() + direction * 2 * kGates * r.hidden : nullptr),
        clip_(c.attributes().number("clip", INFINITY)),
        linear_before_reset_(c.attributes().flag("linear_before_reset")) {}

  void step(const T* x, const T* before, T* after) const {
    const auto n = static_cast<size_t>(r_.hidden);
    std::vector<double> reset(n);
    for (int64_t k = 0; k < r_.hidden; ++k) reset[static_cast<size_t>(k)] = gate(kReset, k, x, before);
    for (int64_t k = 0; k < r_.hidden; ++k) {
      const double z = gate(kUpdate, k, x, before);
      const double h = g_(bounded(from_x(kHidden, k, x) + candidate(k, reset, before), clip_));
      after[k] = kit::narrow<T>((1 - z) * h + z * kit::widen(before[k]));
    }
  }

 private:
  double bias(int64_t at) const { return bias_ == nullptr ? 0 : kit::widen(bias_[at]); }
  double from_x(Gate gate, int64_t k, const T* x) const {
    const int64_t row = gate * r_.hidden + k;
    return dot(x, w_ + row * r_.width, r_.width) + bias(row);
  }
  double from_state(Gate gate, int64_t k, const T* before) const {
    const int64_t row = gate * r_.hidden + k;
    return dot(before, recurrent_ + row * r_.hidden, r_.hidden) + bias(kGates * r_.hidden + row);
  }
  double gate(Gate gate, int64_t k, const T* x, const T* before) const {
    return f_(bounded(from_x(gate, k, x) + from_state(gate, k, before), clip_));
  }
  double candidate(int64_t k, const std::vector<double>& reset, const T* before) const {
    if (linear_before_reset_) return reset[static_cast<size_t>(k)] * from_state(kHidden, k, before);
    const int64_t row = kHidden * r_.hidden + k;
    double sum = 0;
    for (int64_t i = 0; i < r_.hidden; ++i) {
      const double state = reset[static_cast<size_t>(i)] * kit::widen(before[i]);
      sum += state * kit::widen(recurrent_[row * r_.hidden + i]);
    }
    return sum + bias(kGates * r_.hidden + row);
  }

  const Recurrence& r_;
  const Activation &f_, &g_;
  const T *w_, *recurrent_, *bias_;
  double clip_;
  bool linear_before_reset_;
};

void run(Context& c) {
  const Recurrence r(c, kGates);
  require_dims(c, 3, {r.directions, 2 * kGates * r.hidden});
  require_dims(c, 4, {r.batch});
  require_dims(c, 5, r.state_dims());
  const std::vector<Activation> all = activations(c.attributes(), static_cast<size_t>(r.directions), kDefaults);
  Output* y = c.has_output(0) ? &c.output(0, r.y_dims()) : nullptr;
  Output* y_h = c.has_output(1) ? &c.output(1, r.state_dims()) : nullptr;
  kit::dispatch(kit::kFloats, c.input(0).dtype(), [&]<class T>(Tag<T>) {
    std::vector<Cell<T>> cells;
    for (int64_t d = 0; d < r.directions; ++d) cells.emplace_back(c, r, all, d);
    run_states<T>(c, r, y, y_h, [&](int64_t direction, const T* x, const T* before, T* after) {
      cells[static_cast<size_t>(direction)].step(x, before, after);
    });
  });
}

}  // namespace

TENON_OPERATOR(gru){
    .name = "GRU",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T", "T?", "int32?", "T?"},
    .outputs = {"T?", "T?"},
    .run = run,
};

}  // namespace tenon::reference
