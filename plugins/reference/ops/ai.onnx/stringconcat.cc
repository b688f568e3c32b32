// SPDX-License-Identifier: Apache-2.0
// ai.onnx StringConcat, form 20: the strings of X, each with that of Y behind it, broadcast.
#include "elementwise.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input &x = c.input(0), &y = c.input(1);
  Output& z = c.output(0, kit::broadcast(x.dims(), y.dims()));
  broadcast_into(c, x.dims(), x.data<kit::String>(), y.dims(), y.data<kit::String>(), z.dims(), z.data<kit::String>(),
                 [&](kit::String a, kit::String b) { return z.hold(std::string(a).append(b)); });
}

}  // namespace

TENON_OPERATOR(stringconcat){
    .name = "StringConcat",
    .form = 20,
    .types = {{"T", kit::Types<kit::String>{}}},
    .inputs = {"T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
