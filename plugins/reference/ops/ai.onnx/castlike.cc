// SPDX-License-Identifier: Apache-2.0
// ai.onnx CastLike, form 15: input 0 in the type of input 1, by the rules of Cast.
#include "cast.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::kNarrow + kit::Types<kit::Bool, kit::String>{};

std::string refuse(const plugin::Node& node) {
  const std::string_view round = node.attr_string("round_mode", "up");
  return round == "up" || round == "down" || round == "nearest"
             ? ""
             : plugin::cat("attribute 'round_mode' is '", round, "', expected up, down or nearest");
}

void run(Context& c) { cast(c, c.output(0, c.input(0).dims())); }

}  // namespace

TENON_OPERATOR(castlike){
    .name = "CastLike",
    .form = 15,
    .types = {{"T1", kTypes}, {"T2", kTypes}},
    .inputs = {"T1", "T2"},
    .outputs = {"T2"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
