// SPDX-License-Identifier: Apache-2.0
// ai.onnx Identity, form 1, of tensors: a copy.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
}

}  // namespace

TENON_OPERATOR(identity){
    .name = "Identity",
    .form = 1,
    .types = {{"V", kit::kAll}},
    .inputs = {"V"},
    .outputs = {"V"},
    .run = run,
};

}  // namespace tenon::reference
