// SPDX-License-Identifier: Apache-2.0
// Walks a serialized ModelProto into wire::Model.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/status.hpp"
#include "core/onnx/wire/messages.hpp"

namespace tenon::wire {

struct ParseLimits {
  uint64_t table_bytes = uint64_t{1} << 28;  // memory of the messages themselves; views into the file count nothing
  uint32_t nesting = 200;                    // messages in messages
};

// The messages view `bytes`. TENON_MALFORMED with the byte's offset, TENON_LIMIT. Fields that are unknown, and training
// information, quantization annotations and device configurations, are skipped. Singular messages that come
// twice are merged, scalars are overwritten, as protobuf defines.
Status parse_model(std::string_view bytes, const ParseLimits& limits, Model* out);
Status parse_function(std::string_view bytes, const ParseLimits& limits, Function* out);
Status parse_tensor(std::string_view bytes, const ParseLimits& limits, Tensor* out);

}  // namespace tenon::wire
