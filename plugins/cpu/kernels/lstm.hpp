// SPDX-License-Identifier: Apache-2.0
// One direction of a long short-term memory layer with sigmoid and tanh gates.
#ifndef TENON_CPU_KERNELS_LSTM_HPP_
#define TENON_CPU_KERNELS_LSTM_HPP_

#include <cstdint>

#include "kernels/matmul.hpp"

namespace tenon::cpu {

// What one direction reads and writes. Gates stand in ONNX's order i, o, f, c. NULL: absent (initial states are zero).
struct LstmDirection {
  const float* x = nullptr;          // [steps, batch, input]
  const float* packed_w = nullptr;   // pack_b of W^T: k = input, n = 4 * hidden
  const float* packed_r = nullptr;   // pack_b of R^T: k = hidden, n = 4 * hidden
  const float* bias = nullptr;       // [8 * hidden]: of W, then of R
  const float* peephole = nullptr;   // [3 * hidden]: i, o, f
  const float* initial_h = nullptr;  // [batch, hidden]
  const float* initial_c = nullptr;
  const int32_t* lengths = nullptr;  // [batch]: steps of each sequence; NULL: all of them
  bool reverse = false;
  float* y = nullptr;  // output t, b at y[t * y_step + b * hidden]
  int64_t y_step = 0;
  float* last_h = nullptr;  // [batch, hidden]
  float* last_c = nullptr;
};

class LstmPlan {
 public:
  LstmPlan(int64_t steps, int64_t batch, int64_t input, int64_t hidden);
  int64_t workspace_floats() const;
  void run(const LstmDirection& d, float* workspace, const Parallel& parallel) const;

 private:
  void step(const LstmDirection& d, int64_t s, const float* from_x, const float* from_h, float* h, float* c) const;
  int64_t steps_, batch_, input_, hidden_;
  MatPlan x_product_, h_product_;
};

}  // namespace tenon::cpu

#endif  // TENON_CPU_KERNELS_LSTM_HPP_
