// SPDX-License-Identifier: Apache-2.0
// Tensors of the shape slice: small, with elements that are numbers, symbols or not known.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "core/ir/graph.hpp"

namespace tenon {

// Elements of one slice tensor, at most; also what a run may ask for.
inline constexpr uint64_t kSliceElements = 1u << 20;

// A number, a symbol's size, or nothing known. A float stands as the bits of its double in `bits`.
struct Element {
  int64_t bits = 0;
  SymbolId symbol = 0;
  bool known = false;
  static Element integer(int64_t value) { return {value, 0, true}; }
  static Element real(double value) { return {std::bit_cast<int64_t>(value), 0, true}; }
  static Element of(const Dim& dim) { return dim.known() ? integer(dim.size) : Element{0, dim.symbol, false}; }
  double as_real() const { return std::bit_cast<double>(bits); }
  bool operator==(const Element&) const = default;
};

struct SliceTensor {
  Dtype dtype = TENON_INT64;
  std::vector<int64_t> dims;
  std::vector<Element> elements;  // row-major
  bool all_known() const;
};
using SliceTensorPtr = std::shared_ptr<const SliceTensor>;

// The dtypes that the slice computes on: BOOL, INT8..UINT64, FLOAT32, FLOAT64.
bool slice_dtype(Dtype dtype);
inline bool slice_real(Dtype dtype) { return dtype == TENON_FLOAT32 || dtype == TENON_FLOAT64; }
// NULL when the dtype is not the slice's or there are more than `limit` elements.
SliceTensorPtr slice_tensor(const Constant& constant, uint64_t limit = kSliceElements);
// All elements must be known.
ConstantPtr slice_constant(const SliceTensor& tensor);
// A number as the dtype holds it: integers wrap, float32 is rounded, bool becomes 0 or 1.
Element wrapped(Dtype dtype, Element element);

// What one walk over a graph may keep of contents: a model with many nodes must not grow them without bound.
class ElementBudget {
 public:
  // False, and nothing taken, when so many elements are not left.
  bool take(uint64_t elements) {
    const bool fits = elements <= left_;
    left_ -= fits ? elements : 0;
    return fits;
  }

 private:
  uint64_t left_ = 4 * kSliceElements;
};

// Names for the results of arithmetic on symbols: the same operation on the same operands has the same symbol. One for
// each walk over a model; used by one thread at a time.
class Algebra {
 public:
  explicit Algebra(Model* model) : model_(model) {}  // NULL: unknown instead of new symbols
  // The element for `op(a, b)`; unknown when an operand is. `commutative` orders the operands.
  Element combine(std::string_view op, Dtype dtype, Element a, Element b, bool commutative);
  // Is it the size of some tensor's axis (so at least 0), not the result of arithmetic?
  bool is_size(SymbolId symbol) const { return symbol != 0 && !results_.contains(symbol); }

 private:
  using Key = std::tuple<std::string, Dtype, int64_t, SymbolId, int64_t, SymbolId>;
  Model* model_;
  std::map<Key, SymbolId> known_;
  std::map<SymbolId, bool> results_;
};

}  // namespace tenon
