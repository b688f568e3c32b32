// SPDX-License-Identifier: Apache-2.0
// ai.onnx GroupNormalization, form 21: num_groups groups of channels of X [N, C, D1...], each over its own mean and
// deviation, times scale plus bias of the channel.
#include "normalize.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) { normalize_groups(c, c.attributes().integer("num_groups")); }

}  // namespace

TENON_OPERATOR(groupnormalization){
    .name = "GroupNormalization",
    .form = 21,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
