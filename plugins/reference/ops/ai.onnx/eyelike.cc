// SPDX-License-Identifier: Apache-2.0
// ai.onnx EyeLike, form 9: a matrix of the input's dims with ones on the diagonal `k` (above the main one when
// positive), zeros elsewhere.
#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::Types<kit::Bool>{};

void run(Context& c) {
  const Input& x = c.input(0);
  require(x.rank() == 2, TENON_RUN, "the input has dims ", DimsView(x.dims()), ", expected rank 2");
  const int64_t k = c.attributes().integer("k", 0);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kTypes, y.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.dim(0); ++i) {
      c.check();
      for (int64_t j = 0; j < x.dim(1); ++j) y.data<T>()[i * x.dim(1) + j] = kit::narrow<T>(j - i == k ? 1 : 0);
    }
  });
}

}  // namespace

TENON_OPERATOR(eyelike){
    .name = "EyeLike",
    .form = 9,
    .types = {{"T1", kTypes}, {"T2", kTypes}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
