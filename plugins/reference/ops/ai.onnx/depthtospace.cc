// SPDX-License-Identifier: Apache-2.0
// ai.onnx DepthToSpace, form 1: blocks of pixels out of channels.
#include "blocks.hpp"

namespace tenon::reference {
namespace {

std::string refuse(const plugin::Node& node) { return refuse_mode(node); }

void run(Context& c) { move_blocks(c, true); }

}  // namespace

TENON_OPERATOR(depthtospace){
    .name = "DepthToSpace",
    .form = 1,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
