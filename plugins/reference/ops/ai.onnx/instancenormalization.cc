// SPDX-License-Identifier: Apache-2.0
// ai.onnx InstanceNormalization, form 6: each plane of X [N, C, D1...] over its own mean and deviation, times scale
// plus bias of its channel.
#include "normalize.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) { normalize_groups(c, c.input(0).rank() < 2 ? 1 : c.input(0).dim(1)); }

}  // namespace

TENON_OPERATOR(instancenormalization){
    .name = "InstanceNormalization",
    .form = 6,
    .types = {{"T", kit::kFloats}},
    .inputs = {"T", "T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
