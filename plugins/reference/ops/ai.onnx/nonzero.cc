// SPDX-License-Identifier: Apache-2.0
// ai.onnx NonZero, form 9: where X is not zero: [rank, n], a column for each place, in row-major order. NaN is not
// zero, an empty string is.
#include "operator.hpp"

namespace tenon::reference {
namespace {

template <class T>
bool is_set(T x) {
  if constexpr (std::is_same_v<T, kit::String>) {
    return !x.empty();
  } else if constexpr (kit::is_complex<T>) {
    return x != T{};
  } else {
    return kit::widen(x) != 0;
  }
}

void run(Context& c) {
  const Input& x = c.input(0);
  std::vector<int64_t> places;
  kit::dispatch(kit::kAllBasic, x.dtype(), [&]<class T>(Tag<T>) {
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      if (is_set(x.data<T>()[i])) places.push_back(i);
    }
  });
  const auto n = static_cast<int64_t>(places.size());
  int64_t* y = c.output(0, {x.rank(), n}).data<int64_t>();
  const Dims strides = kit::dense_strides(x.dims());
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    for (int64_t i = 0; i < n; ++i) {
      y[axis * n + i] = places[static_cast<size_t>(i)] / strides[static_cast<size_t>(axis)] % x.dim(axis);
    }
  }
}

}  // namespace

TENON_OPERATOR(nonzero){
    .name = "NonZero",
    .form = 9,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T"},
    .outputs = {"int64"},
    .run = run,
};

}  // namespace tenon::reference
