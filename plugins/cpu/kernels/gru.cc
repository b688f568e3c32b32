// SPDX-License-Identifier: Apache-2.0
#include "kernels/gru.hpp"

#include <algorithm>

#include "kernels/math.hpp"

namespace tenon::cpu {

using simd::kLanes;
using simd::V;

// Parts of the workspace.
struct GruPlan::Buffers {
  float* x_bias;  // [3 * hidden]: added to x's products
  float* h_bias;  // [hidden]: added to the product of gate h with the state
  float* from_x;  // [steps * batch, 3 * hidden]
  float* gates;   // [batch, 2 * hidden]: the state's products for z and r
  float* h;       // [batch, hidden]
  float* reset;   // [batch, hidden]: r * h, what gate h multiplies unless linear_before_reset
  float* from_h;  // [batch, hidden]: the product of gate h
  float* scratch;
};

GruPlan::GruPlan(int64_t steps, int64_t batch, int64_t input, int64_t hidden, bool linear_before_reset)
    : steps_(steps),
      batch_(batch),
      input_(input),
      hidden_(hidden),
      linear_before_reset_(linear_before_reset),
      x_product_(steps * batch, input, 3 * hidden),
      gates_product_(batch, hidden, 2 * hidden),
      state_product_(batch, hidden, hidden) {}

int64_t GruPlan::workspace_floats() const {
  return 4 * hidden_ + steps_ * batch_ * 3 * hidden_ + 5 * batch_ * hidden_ +
         std::max(
             {x_product_.workspace_floats(), gates_product_.workspace_floats(), state_product_.workspace_floats()});
}

GruPlan::Buffers GruPlan::cut(float* workspace) const {
  const auto take = [&](int64_t n) {
    float* part = workspace;
    workspace += n;
    return part;
  };
  Buffers at;
  at.x_bias = take(3 * hidden_);
  at.h_bias = take(hidden_);
  at.from_x = take(steps_ * batch_ * 3 * hidden_);
  at.gates = take(2 * batch_ * hidden_);
  at.h = take(batch_ * hidden_);
  at.reset = take(batch_ * hidden_);
  at.from_h = take(batch_ * hidden_);
  at.scratch = workspace;
  return at;
}

// R's bias of gate h belongs to what r multiplies when linear_before_reset; all others are added to x's products.
void GruPlan::add_biases(const GruDirection& d, const Buffers& at) const {
  for (int64_t i = 0; i < 3 * hidden_; ++i) {
    const bool with_r = i < 2 * hidden_ || !linear_before_reset_;
    at.x_bias[i] = d.bias == nullptr ? 0.0f : with_r ? d.bias[i] + d.bias[3 * hidden_ + i] : d.bias[i];
  }
  for (int64_t i = 0; i < hidden_; ++i) {
    at.h_bias[i] = d.bias == nullptr || !linear_before_reset_ ? 0.0f : d.bias[5 * hidden_ + i];
  }
}

// Which of x's rows sequence b reads in step s; -1 when it has ended.
int64_t GruPlan::row(const GruDirection& d, int64_t s, int64_t b) const {
  const int64_t length = d.lengths == nullptr ? steps_ : std::clamp<int64_t>(d.lengths[b], 0, steps_);
  if (s >= length) return -1;
  return (d.reverse ? length - 1 - s : s) * batch_ + b;
}

// The new state: z * h + (1 - z) * tanh(x's part + h's part).
void GruPlan::finish_step(const GruDirection& d, int64_t s, const Buffers& at) const {
  const int64_t n = hidden_;
  for (int64_t b = 0; b < batch_; ++b) {
    const int64_t line = row(d, s, b);
    if (line < 0) continue;
    const float* x = at.from_x + line * 3 * n;
    const float* gates = at.gates + b * 2 * n;
    float* h = at.h + b * n;
    for (int64_t i = 0; i < n; i += kLanes) {
      const int lanes = static_cast<int>(std::min<int64_t>(kLanes, n - i));
      const auto part = [&](const float* p) { return simd::load_first(p + i, lanes); };
      const V z = simd::sigmoid(part(x) + part(gates));
      V state = part(at.from_h + b * n);
      if (linear_before_reset_) state = state * simd::sigmoid(part(x + n) + part(gates + n));
      const V next = simd::tanh(part(x + 2 * n) + state);
      simd::store_first(h + i, simd::fma(z, part(h) - next, next), lanes);
    }
    if (d.y != nullptr) std::copy_n(h, n, d.y + line / batch_ * d.y_step + b * n);
  }
}

void GruPlan::run(const GruDirection& d, float* workspace, const Parallel& parallel) const {
  const Buffers at = cut(workspace);
  const int64_t n = hidden_;
  add_biases(d, at);
  if (d.initial_h == nullptr) {
    std::fill_n(at.h, batch_ * n, 0.0f);
  } else {
    std::copy_n(d.initial_h, batch_ * n, at.h);
  }
  if (d.y != nullptr && d.lengths != nullptr) {  // steps past a sequence's end are zero
    for (int64_t t = 0; t < steps_; ++t) std::fill_n(d.y + t * d.y_step, batch_ * n, 0.0f);
  }
  MatOut x_out, gates_out, state_out;
  x_out.y = at.from_x;
  x_out.bias = at.x_bias;
  gates_out.y = at.gates;
  state_out.y = at.from_h;
  state_out.bias = at.h_bias;
  x_product_.run(d.x, input_, 1, d.packed_w, x_out, at.scratch, parallel);
  const float* packed_h = d.packed_r + packed_b_floats(n, 2 * n);
  for (int64_t s = 0; s < steps_; ++s) {
    gates_product_.run(at.h, n, 1, d.packed_r, gates_out, at.scratch, parallel);
    for (int64_t b = 0; !linear_before_reset_ && b < batch_; ++b) {
      const int64_t line = row(d, s, b);
      for (int64_t i = 0; i < n; i += kLanes) {
        const int lanes = static_cast<int>(std::min<int64_t>(kLanes, n - i));
        const auto part = [&](const float* p) { return simd::load_first(p + i, lanes); };
        const V x = line < 0 ? simd::zero() : part(at.from_x + line * 3 * n + n);
        simd::store_first(at.reset + b * n + i,
                          simd::sigmoid(x + part(at.gates + (2 * b + 1) * n)) * part(at.h + b * n), lanes);
      }
    }
    state_product_.run(linear_before_reset_ ? at.h : at.reset, n, 1, packed_h, state_out, at.scratch, parallel);
    finish_step(d, s, at);
  }
  if (d.last_h != nullptr) std::copy_n(at.h, batch_ * n, d.last_h);
}

}  // namespace tenon::cpu
