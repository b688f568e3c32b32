// SPDX-License-Identifier: Apache-2.0
// ai.onnx TensorScatter, form 24: the cache with the update written along `axis` from the index that each batch (the
// first axis) names on; `circular` goes on at the beginning.
#include <cstring>

#include "operator.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes =
    kit::kAllBasic + kit::kFloat8 + kit::Types<kit::Float8E8M0, kit::Float4E2M1, kit::Int4, kit::UInt4>{};

std::string refuse(const plugin::Node& node) {
  const std::string_view mode = node.attr_string("mode", "linear");
  return mode == "linear" || mode == "circular"
             ? ""
             : plugin::cat("attribute 'mode' is '", mode, "', expected linear or circular");
}

void run(Context& c) {
  const Input& past = c.input(0);
  const Input& update = c.input(1);
  const int64_t axis = kit::normal_axis(c.attributes().integer("axis", -2), past.rank(), "attribute 'axis'");
  require(axis > 0, TENON_RUN, "attribute 'axis' names the batch");
  Dims wanted = past.dims();
  const int64_t length = past.dim(axis), n = update.rank() == past.rank() ? update.dim(axis) : 0;
  wanted[static_cast<size_t>(axis)] = n;
  require(update.dims() == wanted && n <= length, TENON_RUN, "the update has dims ", DimsView(update.dims()),
          ", which do not fit a cache of dims ", DimsView(past.dims()));
  const Dims first = c.has_input(2) ? c.integers(2) : Dims(static_cast<size_t>(past.dim(0)), 0);
  require(first.size() == static_cast<size_t>(past.dim(0)), TENON_RUN, "write_indices has ", first.size(),
          " entries, expected ", past.dim(0));
  Output& y = c.output(0, past.dims());
  kit::copy(past.element_bytes(), Dims{past.count()}, y.raw(), {1}, past.raw(), {1});
  if (update.count() == 0) return;
  const bool circular = c.attributes().string("mode", "linear") == "circular";
  const int64_t row = kit::dense_strides(past.dims())[static_cast<size_t>(axis)] * past.element_bytes();
  const int64_t lines = update.count() / update.dim(0) / (n * (row / past.element_bytes()));
  for (int64_t i = 0; i < update.dim(0) * lines; ++i) {
    const int64_t start = first[static_cast<size_t>(i / lines)];
    require(start >= 0 && (circular ? start < length : start <= length - n), TENON_RUN, "write_indices[", i / lines,
            "] is ", start, ", which leaves no room for ", n, " of ", length);
    for (int64_t k = 0; k < n; ++k) {
      std::memcpy(y.raw() + (i * length + (start + k) % length) * row, update.raw() + (i * n + k) * row,
                  static_cast<size_t>(row));
    }
  }
}

}  // namespace

TENON_OPERATOR(tensorscatter){
    .name = "TensorScatter",
    .form = 24,
    .types = {{"T", kTypes}},
    .inputs = {"T", "T", "int64?"},
    .outputs = {"T"},
    .run = run,
    .refuse = refuse,
};

}  // namespace tenon::reference
