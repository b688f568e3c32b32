// SPDX-License-Identifier: Apache-2.0
// ai.onnx LSTM, form 7; gates in the order i, o, f, c:
//   i = f(X Wi + H Ri + Pi C + bi)   f = f(X Wf + H Rf + Pf C + bf)   c = g(X Wc + H Rc + bc)   C' = f C + i c
//   o = f(X Wo + H Ro + Po C' + bo)   H' = o h(C')
// clip bounds what goes into f, g and h; input_forget makes f = 1 - i. H and C are rounded to T after each step.
#include "recurrent.hpp"

namespace tenon::reference {
namespace {

enum Gate : int64_t { kIn, kOut, kForget, kCell, kGates };
constexpr std::string_view kDefaults[] = {"Sigmoid", "Tanh", "Tanh"};

// One sequence in one direction.
template <class T>
class Sequence {
 public:
  Sequence(const Context& c, const Recurrence& r, const std::vector<Activation>& all, int64_t direction, int64_t b)
      : c_(c),
        r_(r),
        f_(all[static_cast<size_t>(direction) * 3]),
        g_(all[static_cast<size_t>(direction) * 3 + 1]),
        h_(all[static_cast<size_t>(direction) * 3 + 2]),
        direction_(direction),
        batch_(b),
        clip_(c.attributes().number("clip", INFINITY)),
        coupled_(c.attributes().flag("input_forget")),
        hidden_(initial(5)),
        cell_(initial(6)) {}

  void run(T* y) {
    const int64_t n = r_.length(c_, 4, batch_);
    for (int64_t i = 0; i < n; ++i) {
      c_.check();
      const int64_t step = r_.reversed(direction_) ? n - 1 - i : i;
      advance(c_.input(0).data<T>() + r_.x_at(step, batch_));
      if (y != nullptr) std::copy(hidden_.begin(), hidden_.end(), y + r_.y_at(step, direction_, batch_));
    }
    for (int64_t step = n; y != nullptr && step < r_.steps; ++step) {
      std::fill_n(y + r_.y_at(step, direction_, batch_), r_.hidden, T{});
    }
  }
  const std::vector<T>& hidden() const { return hidden_; }
  const std::vector<T>& cell() const { return cell_; }

 private:
  std::vector<T> initial(size_t input) const {
    std::vector<T> state(static_cast<size_t>(r_.hidden), T{});
    if (c_.has_input(input)) {
      std::copy_n(c_.input(input).data<T>() + r_.state_at(direction_, batch_), r_.hidden, state.begin());
    }
    return state;
  }
  double bounded(double x) const { return x < -clip_ ? -clip_ : x > clip_ ? clip_ : x; }

  // X W + H R + biases of one gate for hidden unit k; `before` is H of the step before.
  double sum(Gate gate, int64_t k, const T* x, const std::vector<T>& before) const {
    const int64_t row = (direction_ * kGates + gate) * r_.hidden + k;
    const T* w = c_.input(1).data<T>() + row * r_.width;
    const T* r = c_.input(2).data<T>() + row * r_.hidden;
    double total = 0;
    for (int64_t i = 0; i < r_.width; ++i) total += kit::widen(x[i]) * kit::widen(w[i]);
    for (int64_t i = 0; i < r_.hidden; ++i) total += kit::widen(before[static_cast<size_t>(i)]) * kit::widen(r[i]);
    if (c_.has_input(3)) {
      const T* bias = c_.input(3).data<T>() + direction_ * 2 * kGates * r_.hidden + gate * r_.hidden + k;
      total += kit::widen(bias[0]) + kit::widen(bias[kGates * r_.hidden]);
    }
    return total;
  }
  // Peepholes lie in the order i, o, f, which is that of the gates.
  double peephole(Gate gate, int64_t k, double cell) const {
    return c_.has_input(7) ? kit::widen(c_.input(7).data<T>()[(direction_ * 3 + gate) * r_.hidden + k]) * cell : 0;
  }

  void advance(const T* x) {
    const std::vector<T> before = hidden_;
    for (int64_t k = 0; k < r_.hidden; ++k) {
      const auto at = static_cast<size_t>(k);
      const double old = kit::widen(cell_[at]);
      const double in = f_(bounded(sum(kIn, k, x, before) + peephole(kIn, k, old)));
      const double forget = coupled_ ? 1 - in : f_(bounded(sum(kForget, k, x, before) + peephole(kForget, k, old)));
      cell_[at] = kit::narrow<T>(forget * old + in * g_(bounded(sum(kCell, k, x, before))));
      const double now = kit::widen(cell_[at]);
      const double out = f_(bounded(sum(kOut, k, x, before) + peephole(kOut, k, now)));
      hidden_[at] = kit::narrow<T>(out * h_(bounded(now)));
    }
  }

  const Context& c_;
  const Recurrence& r_;
  const Activation &f_, &g_, &h_;
  int64_t direction_, batch_;
  double clip_;
  bool coupled_;
  std::vector<T> hidden_, cell_;
};

void run(Context& c) {
  const Recurrence r(c, kGates);
  require_dims(c, 3, {r.directions, 2 * kGates * r.hidden});
  require_dims(c, 4, {r.batch});
  require_dims(c, 5, r.state_dims());
  require_dims(c, 6, r.state_dims());
  require_dims(c, 7, {r.directions, 3 * r.hidden});
  const std::vector<Activation> all = activations(c.attributes(), static_cast<size_t>(r.directions), kDefaults);
  Output* y = c.has_output(0) ? &c.output(0, r.y_dims()) : nullptr;
  Output* y_h = c.has_output(1) ? &c.output(1, r.state_dims()) : nullptr;
  Output* y_c = c.has_output(2) ? &c.output(2, r.state_dims()) : nullptr;
  kit::dispatch(kit::kFloats, c.input(0).dtype(), [&]<class T>(Tag<T>) {
    c.parallel_for(r.directions * r.batch, [&](int64_t i) {
      const int64_t direction = i / r.batch, b = i % r.batch;
      Sequence<T> sequence(c, r, all, direction, b);
      sequence.run(y != nullptr ? y->data<T>() : nullptr);
      const int64_t at = r.state_at(direction, b);
      if (y_h != nullptr) std::ranges::copy(sequence.hidden(), y_h->data<T>() + at);
      if (y_c != nullptr) std::ranges::copy(sequence.cell(), y_c->data<T>() + at);
    });
  });
}

}  // namespace

TENON_OPERATOR(lstm){
    .name = "LSTM",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T", "T?", "int32?", "T?", "T?", "T?"},
    .outputs = {"T?", "T?", "T?"},
    .run = run,
};

}  // namespace tenon::reference
