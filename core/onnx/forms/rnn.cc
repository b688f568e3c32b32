// SPDX-License-Identifier: Apache-2.0
// RNN, GRU and LSTM of opsets 1 to 6: `output_sequence` only said whether the optional output Y is there. GRU 1 spelt
// its default direction wrongly.
#include "core/onnx/forms/rules.hpp"

namespace tenon::forms {

Status raise_rnn(Raise& raise) {
  raise.node.erase_attribute("output_sequence");
  if (raise.node.string_or("direction", "") == "foward") {
    raise.node.set_string("direction", "forward");
  }
  return {};
}

}  // namespace tenon::forms
