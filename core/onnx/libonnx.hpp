// SPDX-License-Identifier: Apache-2.0
// Between the IR's types and libonnx's messages. The only header of ours that includes libonnx's.
#pragma once

#include <cstdint>
#include <vector>

#include "core/ir/graph.hpp"
#include "onnx/defs/function.h"
#include "onnx/defs/schema.h"
#include "onnx/defs/shape_inference.h"
#include "onnx/onnx_pb.h"

namespace tenon::onnx_facts {

// A symbol becomes the dim_param of its number: "7".
void to_proto(const Type& type, tenon_onnx::TypeProto* out);
// Any dim_param that is not such a number becomes an unknown dim. False when it holds what the IR has no place for
// (an opaque type, an unknown element type, a negative dim).
bool from_proto(const tenon_onnx::TypeProto& proto, Type* out);
void to_proto(const Attribute& attribute, tenon_onnx::AttributeProto* out);
void from_proto(const tenon_onnx::AttributeProto& proto, Attribute* out);
// Dense, without a name. A splat is spread.
void to_proto(const Constant& constant, tenon_onnx::TensorProto* out);

}  // namespace tenon::onnx_facts
