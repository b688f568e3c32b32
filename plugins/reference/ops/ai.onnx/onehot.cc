// SPDX-License-Identifier: Apache-2.0
// ai.onnx OneHot, form 9: a new axis of `depth` entries, values[1] at the one that the index names and values[0]
// elsewhere. An index below 0 counts from the end; one out of range names none.
#include <algorithm>
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kInts + kit::Types<float, double, kit::Float16>{};

// Toward zero; what does not fit is as far out.
template <class T>
int64_t whole(T x) {
  if constexpr (kit::is_float<T>) {
    const double wide = kit::widen(x);
    return wide > -0x1p62 && wide < 0x1p62 ? static_cast<int64_t>(wide) : INT64_MAX;
  } else {
    return static_cast<int64_t>(kit::widen(x));
  }
}

void run(Context& c) {
  const Input& index = c.input(0);
  require(c.input(1).count() == 1 && c.input(2).count() == 2, TENON_RUN, "depth has ", c.input(1).count(),
          " elements and values ", c.input(2).count(), ", expected 1 and 2");
  int64_t depth = 0;
  std::vector<int64_t> places(static_cast<size_t>(index.count()));
  kit::dispatch(kTypes, c.input(1).dtype(), [&]<class T>(Tag<T>) { depth = whole(*c.input(1).data<T>()); });
  require(depth >= 0, TENON_RUN, "depth is ", depth, ", expected 0 or more");
  kit::dispatch(kTypes, index.dtype(), [&]<class T>(Tag<T>) {
    std::transform(index.data<T>(), index.data<T>() + index.count(), places.begin(), whole<T>);
  });
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -1), index.rank() + 1, "attribute 'axis'");
  Dims dims = index.dims();
  const int64_t inner = kit::count(DimsView(dims).subspan(static_cast<size_t>(axis)));
  dims.insert(dims.begin() + axis, depth);
  Output& y = c.output(0, dims);
  const size_t bytes = y.element_bytes();
  const std::byte* values = c.input(2).raw();
  for (int64_t i = 0; i < y.count(); ++i) {
    if (i % 65536 == 0) c.check();
    const int64_t place = places[static_cast<size_t>(i / (inner * depth) * inner + i % inner)];
    const bool on = i / inner % depth == (place < 0 ? place + depth : place);
    std::memcpy(y.raw() + static_cast<size_t>(i) * bytes, values + (on ? bytes : 0), bytes);
  }
}

}  // namespace

TENON_OPERATOR(onehot){
    .name = "OneHot",
    .form = 9,
    .types = {{"T1", kTypes}, {"T2", kTypes}, {"T3", kit::kAllBasic}},
    .inputs = {"T1", "T2", "T3"},
    .outputs = {"T3"},
    .run = run,
};

}  // namespace tenon::reference
