// SPDX-License-Identifier: Apache-2.0
// One direction of a gated recurrent unit layer with sigmoid and tanh gates.
#ifndef TENON_CPU_KERNELS_GRU_HPP_
#define TENON_CPU_KERNELS_GRU_HPP_

#include <cstdint>

#include "kernels/matmul.hpp"

namespace tenon::cpu {

// What one direction reads and writes. Gates stand in ONNX's order z, r, h. NULL: absent (the initial state is zero).
struct GruDirection {
  const float* x = nullptr;          // [steps, batch, input]
  const float* packed_w = nullptr;   // pack_b of W^T: k = input, n = 3 * hidden
  const float* packed_r = nullptr;   // pack_b of R^T's gates z and r: k = hidden, n = 2 * hidden; behind it that of h
  const float* bias = nullptr;       // [6 * hidden]: of W, then of R
  const float* initial_h = nullptr;  // [batch, hidden]
  const int32_t* lengths = nullptr;  // [batch]: steps of each sequence; NULL: all of them
  bool reverse = false;
  float* y = nullptr;  // output t, b at y[t * y_step + b * hidden]
  int64_t y_step = 0;
  float* last_h = nullptr;  // [batch, hidden]
};

class GruPlan {
 public:
  // linear_before_reset: the gate r is applied to the product of the state with R, not to the state.
  GruPlan(int64_t steps, int64_t batch, int64_t input, int64_t hidden, bool linear_before_reset);
  int64_t workspace_floats() const;
  void run(const GruDirection& d, float* workspace, const Parallel& parallel) const;

 private:
  struct Buffers;
  Buffers cut(float* workspace) const;
  void add_biases(const GruDirection& d, const Buffers& at) const;
  int64_t row(const GruDirection& d, int64_t s, int64_t b) const;
  void finish_step(const GruDirection& d, int64_t s, const Buffers& at) const;
  int64_t steps_, batch_, input_, hidden_;
  bool linear_before_reset_;
  MatPlan x_product_, gates_product_, state_product_;
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_GRU_HPP_
