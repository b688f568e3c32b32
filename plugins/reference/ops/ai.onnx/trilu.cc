// SPDX-License-Identifier: Apache-2.0
// ai.onnx Trilu, form 14: the upper triangles of the matrices in the last two axes (the lower ones without `upper`),
// from diagonal k on; zeros elsewhere.
#include <algorithm>

#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() >= 2, TENON_RUN, "the input has dims ", DimsView(x.dims()), ", expected a rank of 2 or more");
  const int64_t k = c.has_input(1) && c.input(1).count() == 1 ? c.integers(1)[0] : 0;
  const bool upper = c.attributes().flag("upper", true);
  Output& y = c.output(0, x.dims());
  const int64_t rows = x.dim(x.rank() - 2), columns = x.dim(x.rank() - 1);
  // Diagonals beyond the corners are as those.
  const int64_t diagonal = std::clamp(k, -rows - 1, columns + 1);
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      const int64_t at = i % columns - i / columns % rows;
      y.data<T>()[i] = (upper ? at >= diagonal : at <= diagonal) ? x.data<T>()[i] : T{};
    }
  });
}

}  // namespace

TENON_OPERATOR(trilu){
    .name = "Trilu",
    .form = 14,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T", "int64?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
