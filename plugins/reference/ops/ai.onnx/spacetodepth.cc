// SPDX-License-Identifier: Apache-2.0
// ai.onnx SpaceToDepth, form 1: blocks of pixels into channels.
#include "blocks.hpp"

namespace tenon::reference {
namespace {

std::string refuse(const plugin::Node& node) { return refuse_mode(node); }

void run(Context& c) { move_blocks(c, false); }

}  // namespace

TENON_OPERATOR(spacetodepth){
    .name = "SpaceToDepth",
    .form = 1,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
