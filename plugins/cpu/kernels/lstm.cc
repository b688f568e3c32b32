// SPDX-License-Identifier: Apache-2.0
#include "kernels/lstm.hpp"

#include <algorithm>

#include "kernels/math.hpp"

namespace tenon::cpu {
namespace {

using simd::kLanes;
using simd::V;

// The four gates of one sequence at one step; h and c are its states, n of each.
void gates(const float* x, const float* r, const float* peephole, float* h, float* c, int64_t n) {
  for (int64_t at = 0; at < n; at += kLanes) {
    const int lanes = static_cast<int>(std::min<int64_t>(kLanes, n - at));
    const auto gate = [&](int64_t g) {
      return simd::load_first(x + g * n + at, lanes) + simd::load_first(r + g * n + at, lanes);
    };
    const auto peep = [&](int64_t g, V state) {
      return peephole == nullptr ? simd::zero() : simd::load_first(peephole + g * n + at, lanes) * state;
    };
    const V before = simd::load_first(c + at, lanes);
    const V input = simd::sigmoid(gate(0) + peep(0, before));
    const V forget = simd::sigmoid(gate(2) + peep(2, before));
    const V state = simd::fma(forget, before, input * simd::tanh(gate(3)));
    const V output = simd::sigmoid(gate(1) + peep(1, state));
    simd::store_first(c + at, state, lanes);
    simd::store_first(h + at, output * simd::tanh(state), lanes);
  }
}

}  // namespace

LstmPlan::LstmPlan(int64_t steps, int64_t batch, int64_t input, int64_t hidden)
    : steps_(steps),
      batch_(batch),
      input_(input),
      hidden_(hidden),
      x_product_(steps * batch, input, 4 * hidden),
      h_product_(batch, hidden, 4 * hidden) {}

int64_t LstmPlan::workspace_floats() const {
  return 4 * hidden_ + steps_ * batch_ * 4 * hidden_ + batch_ * 4 * hidden_ + 2 * batch_ * hidden_ +
         std::max(x_product_.workspace_floats(), h_product_.workspace_floats());
}

void LstmPlan::step(const LstmDirection& d, int64_t s, const float* from_x, const float* from_h, float* h,
                    float* c) const {
  for (int64_t b = 0; b < batch_; ++b) {
    const int64_t length = d.lengths == nullptr ? steps_ : std::clamp<int64_t>(d.lengths[b], 0, steps_);
    if (s >= length) continue;
    const int64_t t = d.reverse ? length - 1 - s : s;
    gates(from_x + (t * batch_ + b) * 4 * hidden_, from_h + b * 4 * hidden_, d.peephole, h + b * hidden_,
          c + b * hidden_, hidden_);
    if (d.y != nullptr) std::copy_n(h + b * hidden_, hidden_, d.y + t * d.y_step + b * hidden_);
  }
}

void LstmPlan::run(const LstmDirection& d, float* workspace, const Parallel& parallel) const {
  float* bias = workspace;
  float* from_x = bias + 4 * hidden_;
  float* from_h = from_x + steps_ * batch_ * 4 * hidden_;
  float* h = from_h + batch_ * 4 * hidden_;
  float* c = h + batch_ * hidden_;
  float* scratch = c + batch_ * hidden_;
  for (int64_t i = 0; i < 4 * hidden_; ++i) bias[i] = d.bias == nullptr ? 0.0f : d.bias[i] + d.bias[4 * hidden_ + i];
  const auto start = [&](const float* from, float* to) {
    if (from == nullptr) {
      std::fill_n(to, batch_ * hidden_, 0.0f);
    } else {
      std::copy_n(from, batch_ * hidden_, to);
    }
  };
  start(d.initial_h, h);
  start(d.initial_c, c);
  if (d.y != nullptr && d.lengths != nullptr) {  // steps past a sequence's end are zero
    for (int64_t t = 0; t < steps_; ++t) std::fill_n(d.y + t * d.y_step, batch_ * hidden_, 0.0f);
  }
  MatOut x_out;
  x_out.y = from_x;
  x_out.bias = bias;
  x_product_.run(d.x, input_, 1, d.packed_w, x_out, scratch, parallel);
  MatOut h_out;
  h_out.y = from_h;
  for (int64_t s = 0; s < steps_; ++s) {
    h_product_.run(h, hidden_, 1, d.packed_r, h_out, scratch, parallel);
    step(d, s, from_x, from_h, h, c);
  }
  if (d.last_h != nullptr) std::copy_n(h, batch_ * hidden_, d.last_h);
  if (d.last_c != nullptr) std::copy_n(c, batch_ * hidden_, d.last_c);
}

}  // namespace tenon::cpu
