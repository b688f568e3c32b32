// SPDX-License-Identifier: Apache-2.0
// Checks before a call into libonnx, for what its inference functions don't check themselves.
#pragma once

#include <span>

#include "core/base/status.hpp"
#include "core/onnx/facts.hpp"
#include "core/onnx/schema.hpp"

namespace tenon::onnx_facts {

// TENON_INVALID_MODEL without the node's name when the call must not be made.
Status guard_inference(const Operator& op, const Node& node, std::span<const InferInput> inputs);

}  // namespace tenon::onnx_facts
