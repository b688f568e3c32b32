// SPDX-License-Identifier: Apache-2.0
// ai.onnx BitCast, form 26: the same bits as another type of that many.
#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kNumbers + kit::kComplex + kit::kNarrow + kit::Types<kit::Bool>{};

std::string refuse(const plugin::Node& node) {
  const uint32_t from = kit::dtype_bits(node.input(0).dtype());
  const uint32_t to = node.output(0) ? kit::dtype_bits(node.output(0).dtype()) : from;
  return from == to ? "" : plugin::cat("an element has ", from, " bits, of the output ", to);
}

void run(Context& c) {
  const Input& x = c.input(0);
  Output& y = c.output(0, x.dims());
  // Signed ones under 8 bits lie here sign-extended, unsigned ones with zeros above.
  const uint32_t bits = kit::dtype_bits(x.dtype());
  if (bits >= 8) return kit::copy(x.element_bytes(), Dims{x.count()}, y.raw(), {1}, x.raw(), {1});
  std::vector<uint8_t> packed(static_cast<size_t>(kit::byte_count(x.dtype(), x.count())) + 1);
  kit::pack(x.dtype(), x.data<uint8_t>(), x.count(), packed.data());
  kit::unpack(y.dtype(), packed.data(), x.count(), y.data<uint8_t>());
}

}  // namespace

TENON_OPERATOR(bitcast){
    .name = "BitCast",
    .form = 26,
    .types = {{"T1", kTypes}, {"T2", kTypes}},
    .inputs = {"T1"},
    .outputs = {"T2"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
