// SPDX-License-Identifier: Apache-2.0
// ai.onnx Clip, form 11: min(max(X, low), high) with the optional scalars low and high; NaN stays NaN, and high wins
// when it is below low.
#include "operator.hpp"

namespace tenon::reference {
namespace {

// Input i as a scalar, when it is there.
template <class T>
std::optional<kit::Wide<T>> bound(const Context& c, size_t i) {
  if (!c.has_input(i)) return std::nullopt;
  require(c.input(i).count() == 1, TENON_RUN, "input ", i, " has dims ", DimsView(c.input(i).dims()),
          ", expected one element");
  return kit::widen(*c.input(i).data<T>());
}

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  kit::dispatch(kit::kNumbers, x.dtype(), [&]<class T>(Tag<T>) {
    const auto low = bound<T>(c, 1);
    const auto high = bound<T>(c, 2);
    const T* in = x.data<T>();
    T* out = y.data<T>();
    for (int64_t i = 0; i < x.count(); ++i) {
      if (i % 65536 == 0) c.check();
      auto value = kit::widen(in[i]);
      if (low && value < *low) value = *low;
      if (high && value > *high) value = *high;
      out[i] = kit::narrow<T>(value);
    }
  });
}

}  // namespace

TENON_OPERATOR(clip){
    .name = "Clip",
    .form = 11,
    .types = {{"T", kit::kNumbers}},
    .inputs = {"T", "T?", "T?"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
