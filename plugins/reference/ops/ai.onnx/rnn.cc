// SPDX-License-Identifier: Apache-2.0
// ai.onnx RNN, form 7: H = f(X W + H R + biases) over X [steps, batch, width] (layout 1: [batch, steps, width]), in one
// direction or both. Sums in double over W, then R; the state is rounded once a step.
#include "recurrent.hpp"

namespace tenon::reference {
namespace {

constexpr std::string_view kDefaults[] = {"Tanh"};

void run(Context& c) {
  const Recurrence r(c, 1);
  require_dims(c, 3, {r.directions, 2 * r.hidden});
  require_dims(c, 4, {r.batch});
  require_dims(c, 5, r.state_dims());
  const std::vector<Activation> all = activations(c.attributes(), static_cast<size_t>(r.directions), kDefaults);
  const double clip = c.attributes().number("clip", INFINITY);
  Output* y = c.has_output(0) ? &c.output(0, r.y_dims()) : nullptr;
  Output* y_h = c.has_output(1) ? &c.output(1, r.state_dims()) : nullptr;
  kit::dispatch(kit::kFloats, c.input(0).dtype(), [&]<class T>(Tag<T>) {
    run_states<T>(c, r, y, y_h, [&](int64_t direction, const T* x, const T* before, T* after) {
      const T* bias = c.has_input(3) ? c.input(3).data<T>() + direction * 2 * r.hidden : nullptr;
      for (int64_t k = 0; k < r.hidden; ++k) {
        const int64_t row = direction * r.hidden + k;
        double sum = dot(x, c.input(1).data<T>() + row * r.width, r.width) +
                     dot(before, c.input(2).data<T>() + row * r.hidden, r.hidden);
        if (bias != nullptr) sum += kit::widen(bias[k]) + kit::widen(bias[r.hidden + k]);
        after[k] = kit::narrow<T>(all[static_cast<size_t>(direction)](bounded(sum, clip)));
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(rnn){
    .name = "RNN",
    .form = 7,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T", "T?", "int32?", "T?"},
    .outputs = {"T?", "T?"},
    .run = run,
};

}  // namespace tenon::reference
