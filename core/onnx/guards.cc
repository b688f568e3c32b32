// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/guards.hpp"

#include <string>

namespace tenon::onnx_facts {
namespace {

// libonnx multiplies and adds dims and attributes as int64 without checks in places: keep every number far from the
// ends, so that no sum or product of two overflows.
constexpr int64_t kMaxNumber = int64_t{1} << 48;

bool bounded(int64_t number) { return number >= -kMaxNumber && number <= kMaxNumber; }

}  // namespace

Status guard_inference(const Operator& op, const Node& node, std::span<const InferInput> inputs) {
  (void)op;
  (void)node;
  for (const InferInput& input : inputs) {
    if (input.type == nullptr || !input.type->shape) {
      continue;
    }
    for (const Dim& dim : *input.type->shape) {
      if (!bounded(dim.size)) {
        return Status(TENON_INVALID_MODEL, "an input has a dim of " + std::to_string(dim.size));
      }
    }
  }
  return {};
}

}  // namespace tenon::onnx_facts
