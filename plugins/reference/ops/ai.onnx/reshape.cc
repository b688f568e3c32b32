// SPDX-License-Identifier: Apache-2.0
// ai.onnx Reshape, form 5: the same elements in the dims of input 1. There -1 (once) takes what is left, and 0 copies
// the input's dim at that place, or means 0 when `allowzero` is set.
#include "operator.hpp"

namespace tenon::reference {
namespace {

Dims target_dims(const Input& x, Dims wanted, bool allow_zero) {
  int64_t known = 1;
  std::optional<size_t> open;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && !allow_zero) {
      require(static_cast<int64_t>(i) < x.rank(), TENON_RUN, "shape ", DimsView(wanted), " copies dim ", i,
              ", but the input has rank ", x.rank());
      wanted[i] = x.dims()[i];
    }
    if (wanted[i] == -1) {
      require(!open, TENON_RUN, "shape ", DimsView(wanted), " has more than one -1");
      open = i;
      continue;
    }
    require(wanted[i] >= 0, TENON_RUN, "dim ", i, " of the shape is ", wanted[i], ", expected -1 or more");
    known = kit::checked_mul(known, wanted[i]);
  }
  if (open) {
    require(known != 0 && x.count() % known == 0, TENON_RUN, "an input of dims ", DimsView(x.dims()),
            " does not fill the shape ", DimsView(wanted));
    wanted[*open] = x.count() / known;
  }
  require(kit::count(wanted) == x.count(), TENON_RUN, "an input of dims ", DimsView(x.dims()), " has ", x.count(),
          " elements, the shape ", DimsView(wanted), " has ", kit::count(wanted));
  return wanted;
}

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, target_dims(x, c.integers(1), c.attributes().flag("allowzero")));
  kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
}

}  // namespace

TENON_OPERATOR(reshape){
    .name = "Reshape",
    .form = 5,
    .types = {{"T", kit::kAll}},
    .inputs = {"T", "int64"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
