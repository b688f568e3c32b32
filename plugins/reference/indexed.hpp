// SPDX-License-Identifier: Apache-2.0
// GatherElements and ScatterElements: element i of the indices names a place along one axis of the data; its other axes
// are those of i itself.
#ifndef TENON_REFERENCE_INDEXED_HPP_
#define TENON_REFERENCE_INDEXED_HPP_

#include "elementwise.hpp"
#include "operator.hpp"

namespace tenon::reference {

/// Calls fn(i, at) for each element i of the indices, input 1, in order: it names element `at` of data, which has the
/// dims `dims`. An index below 0 counts from the end. Reads attribute axis.
template <class F>
void for_each_index(const Context& c, DimsView dims, F&& fn) {
  const Input& index = c.input(1);
  const auto rank = static_cast<int64_t>(dims.size());
  require(index.rank() == rank, TENON_RUN, "data has dims ", dims, " and the indices ", DimsView(index.dims()),
          ", expected one rank");
  const auto axis = static_cast<size_t>(kit::normal_axis(c.attributes().integer("axis", 0), rank, "attribute 'axis'"));
  for (size_t i = 0; i < dims.size(); ++i) {
    require(i == axis || index.dims()[i] <= dims[i], TENON_RUN, "the indices have dims ", DimsView(index.dims()),
            ", which reach beyond the data's, ", dims);
  }
  const Dims places = c.integers(1);
  Dims strides = kit::dense_strides(dims);
  const int64_t along = strides[axis];
  strides[axis] = 0;
  const kit::Walk<2> walk(index.dims(), {kit::dense_strides(index.dims()), strides});
  walk.rows([&](const auto& offset, int64_t n, const auto& step) {
    c.check();
    for (int64_t k = 0; k < n; ++k) {
      const int64_t i = offset[0] + k * step[0];
      const int64_t place = kit::normal_axis(places[static_cast<size_t>(i)], dims[axis], "an index");
      fn(i, offset[1] + k * step[1] + place * along);
    }
  });
}

/// What attribute `reduction` of the Scatter operators makes of an element and its update.
enum class Update { kNone, kAdd, kMultiply, kMax, kMin };

inline std::optional<Update> update_of(std::string_view name) {
  constexpr std::pair<std::string_view, Update> names[] = {{"none", Update::kNone},
                                                           {"add", Update::kAdd},
                                                           {"mul", Update::kMultiply},
                                                           {"max", Update::kMax},
                                                           {"min", Update::kMin}};
  for (const auto& [text, update] : names) {
    if (text == name) return update;
  }
  return std::nullopt;
}

/// Refuses a `reduction` that is none, or that the element type has no arithmetic for.
inline std::string refuse_update(const plugin::Node& node) {
  const std::string_view name = node.attr_string("reduction", "none");
  const auto update = update_of(name);
  if (!update) return plugin::cat("attribute 'reduction' is '", name, "', expected none, add, mul, max or min");
  const kit::DtypeSet numbers = kit::kNumbers;
  if (*update == Update::kNone || numbers.has(node.input(0).dtype())) return {};
  return plugin::cat("attribute 'reduction' is '", name, "', which needs numbers");
}

/// n elements of x at `to`, updated by those at `from`; NaN wins in max and min.
template <class T>
void update_elements(Update update, const T* from, int64_t n, T* to) {
  for (int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, kit::String> || std::is_same_v<T, kit::Bool> || kit::is_complex<T>) {
      to[i] = from[i];
    } else {
      const auto a = kit::widen(to[i]), b = kit::widen(from[i]);
      switch (update) {
        case Update::kNone:
          to[i] = from[i];
          break;
        case Update::kAdd:
          to[i] = kit::narrow<T>(add(a, b));
          break;
        case Update::kMultiply:
          to[i] = kit::narrow<T>(multiply(a, b));
          break;
        case Update::kMax:
          if (b > a || b != b) to[i] = from[i];
          break;
        case Update::kMin:
          if (b < a || b != b) to[i] = from[i];
          break;
      }
    }
  }
}

}  // namespace tenon::reference

#endif  // TENON_REFERENCE_INDEXED_HPP_
