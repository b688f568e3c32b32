// SPDX-License-Identifier: Apache-2.0
// ai.onnx GatherElements, form 11: the elements of the data that the indices name along an axis; an index below 0
// counts from the end.
#include <cstring>

#include "indexed.hpp"

namespace tenon::reference {
namespace {

constexpr auto kIndex = kit::Types<int32_t, int64_t>{};

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, c.input(1).dims());
  const size_t bytes = x.element_bytes();
  for_each_index(c, x.dims(), [&](int64_t i, int64_t at) {
    std::memcpy(y.raw() + static_cast<size_t>(i) * bytes, x.raw() + static_cast<size_t>(at) * bytes, bytes);
  });
}

}  // namespace

TENON_OPERATOR(gatherelements){
    .name = "GatherElements",
    .form = 11,
    .types = {{"T", kit::kAllBasic}, {"Tind", kIndex}},
    .inputs = {"T", "Tind"},
    .outputs = {"T"},
    .run = run,
};

}  // namespace tenon::reference
