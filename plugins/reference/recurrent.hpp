// SPDX-License-Identifier: Apache-2.0
// What LSTM, GRU and RNN share: directions, activations by name, and how X, Y and states lie in both layouts.
#ifndef TENON_REFERENCE_RECURRENT_HPP_
#define TENON_REFERENCE_RECURRENT_HPP_

#include <algorithm>
#include <cctype>
#include <cmath>

#include "operator.hpp"

namespace tenon::reference {

/// One of ONNX's eleven activation functions, with its alpha and beta.
struct Activation {
  std::string name;  // lower case
  double alpha = 0, beta = 0;

  double operator()(double x) const {
    if (name == "sigmoid") return 1 / (1 + std::exp(-x));
    if (name == "tanh") return std::tanh(x);
    if (name == "relu") return x < 0 ? 0 : x;
    if (name == "affine") return alpha * x + beta;
    if (name == "leakyrelu") return x < 0 ? alpha * x : x;
    if (name == "thresholdedrelu") return x > alpha ? x : 0;
    if (name == "scaledtanh") return alpha * std::tanh(beta * x);
    if (name == "hardsigmoid") return std::clamp(alpha * x + beta, 0.0, 1.0);
    if (name == "elu") return x < 0 ? alpha * std::expm1(x) : x;
    if (name == "softsign") return x / (1 + std::fabs(x));
    return std::log1p(std::exp(x));  // softplus; activations() lets no other name through
  }
};

/// As many activations for each direction as there are `defaults`: those of the attributes, else `defaults`. Alphas and
/// betas are taken in order by the activations that have some.
inline std::vector<Activation> activations(const kit::Attributes& a, size_t directions,
                                           std::span<const std::string_view> defaults) {
  struct Facts {
    std::string_view name;
    double alpha, beta;
    int parameters;
  };
  static constexpr Facts kFacts[] = {{"sigmoid", 0, 0, 0},      {"tanh", 0, 0, 0},
                                     {"relu", 0, 0, 0},         {"softsign", 0, 0, 0},
                                     {"softplus", 0, 0, 0},     {"affine", 1, 0, 2},
                                     {"leakyrelu", 0.01, 0, 1}, {"thresholdedrelu", 1, 0, 1},
                                     {"scaledtanh", 1, 1, 2},   {"hardsigmoid", 0.2, 0.5, 2},
                                     {"elu", 1, 0, 1}};
  std::vector<std::string> names(a.strings("activations").begin(), a.strings("activations").end());
  if (names.empty()) {
    for (size_t d = 0; d < directions; ++d) names.insert(names.end(), defaults.begin(), defaults.end());
  }
  // RNN's default in the schema is a list of two, whatever the direction.
  if (defaults.size() == 1 && directions == 1 && names.size() == 2) names.pop_back();
  require(names.size() == directions * defaults.size(), TENON_INVALID_MODEL, "attribute 'activations' has ",
          names.size(), " entries, expected ", directions * defaults.size());
  std::vector<Activation> out;
  size_t alphas = 0, betas = 0;
  for (std::string name : names) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char ch) { return std::tolower(ch); });
    const Facts* facts =
        std::find_if(std::begin(kFacts), std::end(kFacts), [&](const Facts& f) { return f.name == name; });
    require(facts != std::end(kFacts), TENON_INVALID_MODEL, "attribute 'activations' names '", name,
            "', which is none");
    Activation made{name, facts->alpha, facts->beta};
    if (facts->parameters > 0 && alphas < a.floats("activation_alpha").size()) {
      made.alpha = a.floats("activation_alpha")[alphas++];
    }
    if (facts->parameters > 1 && betas < a.floats("activation_beta").size()) {
      made.beta = a.floats("activation_beta")[betas++];
    }
    out.push_back(made);
  }
  return out;
}

/// Sizes of one recurrent node and where things lie. R is [directions, gates * hidden, hidden].
struct Recurrence {
  int64_t steps, batch, width, directions, hidden;
  bool batch_first, reverse_first;

  explicit Recurrence(const Context& c, int64_t gates) {
    const Input &x = c.input(0), &w = c.input(1), &r = c.input(2);
    require(x.rank() == 3 && w.rank() == 3 && r.rank() == 3, TENON_RUN, "X, W and R have dims ", DimsView(x.dims()),
            ", ", DimsView(w.dims()), " and ", DimsView(r.dims()), ", expected three axes each");
    batch_first = c.attributes().flag("layout");
    steps = x.dim(batch_first ? 1 : 0);
    batch = x.dim(batch_first ? 0 : 1);
    width = x.dim(2);
    hidden = r.dim(2);
    const std::string_view direction = c.attributes().string("direction", "forward");
    directions = direction == "bidirectional" ? 2 : 1;
    reverse_first = direction == "reverse";
    require(w.dims() == Dims{directions, gates * hidden, width} && r.dims() == Dims{directions, gates * hidden, hidden},
            TENON_RUN, "W and R have dims ", DimsView(w.dims()), " and ", DimsView(r.dims()), ", expected [",
            directions, ",", gates * hidden, ",", width, "] and [", directions, ",", gates * hidden, ",", hidden, "]");
  }
  bool reversed(int64_t direction) const { return reverse_first || direction == 1; }
  int64_t x_at(int64_t step, int64_t b) const { return (batch_first ? b * steps + step : step * batch + b) * width; }
  int64_t y_at(int64_t step, int64_t direction, int64_t b) const {
    return (batch_first ? (b * steps + step) * directions + direction : (step * directions + direction) * batch + b) *
           hidden;
  }
  int64_t state_at(int64_t direction, int64_t b) const {
    return (batch_first ? b * directions + direction : direction * batch + b) * hidden;
  }
  Dims y_dims() const {
    return batch_first ? Dims{batch, steps, directions, hidden} : Dims{steps, directions, batch, hidden};
  }
  Dims state_dims() const { return batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden}; }
  /// Steps of sequence b: sequence_lens where it is given.
  int64_t length(const Context& c, size_t input, int64_t b) const {
    if (!c.has_input(input)) return steps;
    const int64_t n = c.input(input).data<int32_t>()[b];
    require(n >= 0 && n <= steps, TENON_RUN, "sequence_lens[", b, "] is ", n, ", expected one in [0, ", steps, "]");
    return n;
  }
};

/// Throws unless the optional input `i` is absent or has these dims.
inline void require_dims(const Context& c, size_t i, const Dims& dims) {
  require(!c.has_input(i) || c.input(i).dims() == dims, TENON_RUN, "input ", i, " has other dims than ",
          DimsView(dims));
}

/// a . b over n elements, in double.
template <class T>
double dot(const T* a, const T* b, int64_t n) {
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += kit::widen(a[i]) * kit::widen(b[i]);
  return sum;
}

/// x, but not below -bound or above bound; NaN stays NaN.
inline double bounded(double x, double bound) { return x < -bound ? -bound : x > bound ? bound : x; }

/// GRU and RNN: inputs X, W, R, B, sequence_lens, initial_h; outputs Y and Y_h. `cell(direction, x, before, after)`
/// makes the state (of r.hidden elements) behind one step from that step's x (of r.width) and the state before it.
template <class T, class F>
void run_states(Context& c, const Recurrence& r, Output* y, Output* y_h, F&& cell) {
  const auto hidden = static_cast<size_t>(r.hidden);
  c.parallel_for(r.directions * r.batch, [&](int64_t i) {
    const int64_t direction = i / r.batch, b = i % r.batch;
    const int64_t at = r.state_at(direction, b);
    std::vector<T> before(hidden, T{}), after(hidden, T{});
    if (c.has_input(5)) std::copy_n(c.input(5).data<T>() + at, hidden, before.begin());
    const int64_t n = r.length(c, 4, b);
    for (int64_t k = 0; k < n; ++k) {
      c.check();
      const int64_t step = r.reversed(direction) ? n - 1 - k : k;
      cell(direction, c.input(0).data<T>() + r.x_at(step, b), before.data(), after.data());
      before.swap(after);
      if (y != nullptr) std::copy_n(before.begin(), hidden, y->data<T>() + r.y_at(step, direction, b));
    }
    for (int64_t step = n; y != nullptr && step < r.steps; ++step) {
      std::fill_n(y->data<T>() + r.y_at(step, direction, b), hidden, T{});
    }
    if (y_h != nullptr) std::copy_n(before.begin(), hidden, y_h->data<T>() + at);
  });
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_RECURRENT_HPP_
