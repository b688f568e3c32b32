// SPDX-License-Identifier: Apache-2.0
// ai.onnx Multinomial, form 7: `sample_size` class numbers for each row of logarithms of
// probabilities, which need not sum to 1.
#include <algorithm>
#include <cmath>
#include <vector>

#include "random.hpp"

namespace tenon::reference {
namespace {

constexpr kit::Types<int32_t, int64_t> kIndices{};

void run(Context& c) {
  const Input& x = c.input(0);
  const int64_t size = c.attributes().integer("sample_size", 1);
  require(x.rank() == 2 && x.dim(1) > 0, TENON_RUN, "the input has dims ", DimsView(x.dims()),
          ", expected [batch, classes] with a class at least");
  require(size >= 0, TENON_RUN, "attribute 'sample_size' is ", size, ", expected 0 or more");
  const int64_t classes = x.dim(1);
  Random random(c.attributes());
  Output& y = c.output(0, {x.dim(0), size});
  std::vector<double> upto(static_cast<size_t>(classes));  // sums of the probabilities
  kit::dispatch(kit::kFloats, x.dtype(), [&]<class P>(Tag<P>) {
    kit::dispatch(kIndices, y.dtype(), [&]<class T>(Tag<T>) {
      for (int64_t row = 0; row < x.dim(0); ++row) {
        const P* logs = x.data<P>() + row * classes;
        double largest = kit::widen(logs[0]), sum = 0;
        for (int64_t k = 1; k < classes; ++k) largest = std::max<double>(largest, kit::widen(logs[k]));
        for (int64_t k = 0; k < classes; ++k)
          upto[static_cast<size_t>(k)] = sum += std::exp(kit::widen(logs[k]) - largest);
        require(std::isfinite(sum), TENON_RUN, "row ", row,
                " is no logarithm of probabilities: infinite or not a number");
        for (int64_t i = 0; i < size; ++i) {
          if (i % 65536 == 0) c.check();
          const auto found = std::upper_bound(upto.begin(), upto.end(), random.uniform() * sum);
          y.data<T>()[row * size + i] = static_cast<T>(std::min<int64_t>(found - upto.begin(), classes - 1));
        }
      }
    });
  });
}

}  // namespace

TENON_OPERATOR(multinomial){
    .name = "Multinomial",
    .form = 7,
    .types = {{"T1", kit::kFloats}, {"T2", kIndices}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
};

}  // namespace tenon::reference
