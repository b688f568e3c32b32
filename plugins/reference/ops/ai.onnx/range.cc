// SPDX-License-Identifier: Apache-2.0
// ai.onnx Range, form 11: start + i * delta for every i that stays before `limit`. Computed in double; attribute
// `stash_type`, which asks for at least float behind float16 and bfloat16, changes nothing here.
#include <cmath>

#include "elementwise.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::Types<int16_t, int32_t, int64_t>{};

// How many; start, limit and delta are Wide.
int64_t length(double start, double limit, double delta) {
  const double n = std::ceil((limit - start) / delta);
  require(!std::isnan(n), TENON_RUN, "from ", start, " to ", limit, " by ", delta, " has no length");
  require(n < 0x1p63, TENON_LIMIT, "from ", start, " to ", limit, " by ", delta, " is too much");
  return n > 0 ? static_cast<int64_t>(n) : 0;
}
int64_t length(int64_t start, int64_t limit, int64_t delta) {
  if (start == limit || (start < limit) != (delta > 0)) return 0;
  const uint64_t way = delta > 0 ? static_cast<uint64_t>(limit) - static_cast<uint64_t>(start)
                                 : static_cast<uint64_t>(start) - static_cast<uint64_t>(limit);
  const uint64_t step = delta > 0 ? static_cast<uint64_t>(delta) : 0 - static_cast<uint64_t>(delta);
  const uint64_t n = (way - 1) / step + 1;
  require(n <= INT64_MAX, TENON_LIMIT, "from ", start, " to ", limit, " by ", delta, " is too much");
  return static_cast<int64_t>(n);
}

void run(Context& c) {
  for (size_t i = 0; i < 3; ++i) {
    require(c.input(i).count() == 1, TENON_RUN, "input ", i, " has dims ", DimsView(c.input(i).dims()),
            ", expected one element");
  }
  kit::dispatch(kTypes, c.input(0).dtype(), [&]<class T>(Tag<T>) {
    using W = kit::Wide<T>;
    const W start = kit::widen(*c.input(0).data<T>());
    const W limit = kit::widen(*c.input(1).data<T>());
    const W delta = kit::widen(*c.input(2).data<T>());
    require(delta != 0, TENON_RUN, "input 'delta' is 0, expected another number");
    Output& y = c.output(0, {length(start, limit, delta)});
    for (int64_t i = 0; i < y.count(); ++i) {
      if (i % 65536 == 0) c.check();
      y.data<T>()[i] = kit::narrow<T>(add(start, multiply(static_cast<W>(i), delta)));
    }
  });
}

}  // namespace

TENON_OPERATOR(range){
    .name = "Range",
    .form = 11,
    .types = {{"T", kTypes}},
    .inputs = {"T", "T", "T"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
