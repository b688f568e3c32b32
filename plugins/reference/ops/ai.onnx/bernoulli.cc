// SPDX-License-Identifier: Apache-2.0
// ai.onnx Bernoulli, form 15: 1 with the probability that the input's element is, else 0.
#include "random.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::Types<kit::Bool>{};

void run(Context& c) {
  const Input& x = c.input(0);
  Random random(c.attributes());
  Output& y = c.output(0, x.dims());
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class P>(Tag<P>) {
    const P* probability = x.data<P>();
    kit::dispatch(kTypes, y.dtype(), [&]<class T>(Tag<T>) {
      for (int64_t i = 0; i < x.count(); ++i) {
        if (i % 65536 == 0) c.check();
        const double p = kit::widen(probability[i]);
        require(p >= 0 && p <= 1, TENON_RUN, "element ", i, " is ", p, ", expected a probability from 0 to 1");
        y.data<T>()[i] = kit::narrow<T>(random.uniform() < p ? 1 : 0);
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(bernoulli){
    .name = "Bernoulli",
    .form = 15,
    .types = {{"T1", kit::kFloats}, {"T2", kTypes}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
