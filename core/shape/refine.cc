// SPDX-License-Identifier: Apache-2.0
#include "core/shape/refine.hpp"

#include <algorithm>

namespace tenon {
namespace {

// A product of sizes: a number times symbols.
struct Product {
  int64_t number = 1;
  std::vector<SymbolId> symbols;
  bool known = true;  // no factor is unknown, no overflow

  void times(const Dim& dim) {
    if (dim.known()) {
      known = known && !__builtin_mul_overflow(number, dim.size, &number);
    } else if (dim.symbol != 0) {
      symbols.push_back(dim.symbol);
    } else {
      known = false;
    }
  }
};

// total / part, where symbols cancel; an unknown dim where they do not.
Dim divide(Product total, const Product& part, Algebra& algebra) {
  if (!total.known || !part.known || part.number == 0 || total.number % part.number != 0) {
    return {};
  }
  for (SymbolId symbol : part.symbols) {
    const auto it = std::find(total.symbols.begin(), total.symbols.end(), symbol);
    if (it == total.symbols.end()) {
      return {};
    }
    total.symbols.erase(it);
  }
  Element rest = Element::integer(total.number / part.number);
  std::sort(total.symbols.begin(), total.symbols.end());
  for (SymbolId symbol : total.symbols) {
    const Element factor = Element::of(Dim{-1, symbol});
    rest = rest == Element::integer(1) ? factor : algebra.combine("mul", TENON_INT64, rest, factor, true);
  }
  return rest.known ? Dim{rest.bits, 0} : Dim{-1, rest.symbol};
}

}  // namespace

void refine_reshape(const Node& node, const Type& data, const SliceTensor& shape, Algebra& algebra, Type* out) {
  if (!node.is("Reshape") || !data.shape || shape.dims.size() != 1 || !out->is_tensor()) {
    return;
  }
  const bool copies_zero = node.int_or("allowzero", 0) == 0;
  std::vector<Dim> dims;
  ptrdiff_t open = -1;
  for (size_t i = 0; i < shape.elements.size(); ++i) {
    const Element& e = shape.elements[i];
    if (e.known && e.bits == 0 && copies_zero && i < data.shape->size()) {
      dims.push_back((*data.shape)[i]);
    } else if (e.known && e.bits == -1 && open < 0) {
      open = static_cast<ptrdiff_t>(i);
      dims.push_back(Dim{});
    } else if (e.known && e.bits >= 0) {
      dims.push_back(Dim{e.bits, 0});
    } else if (!e.known) {
      // A size of 0 would copy the input's dim instead; a run, which has numbers, sees that.
      dims.push_back(Dim{-1, e.symbol});
    } else {
      dims.push_back(Dim{});
    }
  }
  if (open >= 0) {
    Product total, part;
    for (const Dim& dim : *data.shape) {
      total.times(dim);
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      if (static_cast<ptrdiff_t>(i) != open) {
        part.times(dims[i]);
      }
    }
    dims[static_cast<size_t>(open)] = divide(total, part, algebra);
  }
  if (!out->shape || out->shape->size() != dims.size()) {
    out->shape = std::move(dims);
    return;
  }
  for (size_t i = 0; i < dims.size(); ++i) {
    Dim& dim = (*out->shape)[i];
    if (!dim.known() && (dim.symbol == 0 || dims[i].known())) {
      dim = dims[i];
    }
  }
}

}  // namespace tenon
