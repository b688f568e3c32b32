// SPDX-License-Identifier: Apache-2.0
// ai.onnx Where, form 9: X where the condition is true, Y elsewhere; all three broadcast.
#include "operator.hpp"

namespace tenon::reference {
namespace {

void run(Context& c) {
  const Input& condition = c.input(0);
  const Input& x = c.input(1);
  const Input& y = c.input(2);
  const Dims dims = kit::broadcast(condition.dims(), kit::broadcast(x.dims(), y.dims()));
  Output& out = c.output(0, dims);
  const kit::Walk<4> walk(dims, {kit::dense_strides(dims), kit::broadcast_strides(condition.dims(), dims),
                                 kit::broadcast_strides(x.dims(), dims), kit::broadcast_strides(y.dims(), dims)});
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    walk.rows([&](const auto& offset, int64_t n, const auto& step) {
      c.check();
      T* to = out.data<T>() + offset[0];
      const kit::Bool* choose = condition.data<kit::Bool>() + offset[1];
      const T* a = x.data<T>() + offset[2];
      const T* b = y.data<T>() + offset[3];
      for (int64_t i = 0; i < n; ++i) to[i * step[0]] = choose[i * step[1]] ? a[i * step[2]] : b[i * step[3]];
    });
  });
}

}  // namespace

TENON_OPERATOR(where){
    .name = "Where",
    .form = 9,
    .types = {{"B", kit::Types<kit::Bool>{}}, {"T", kit::kAllBasic}},
    .inputs = {"B", "T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
