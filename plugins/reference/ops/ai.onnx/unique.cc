// SPDX-License-Identifier: Apache-2.0
// ai.onnx Unique, form 11: the different entries along `axis` (elements without one), in order, or as they first come
// when not `sorted`; where each came first, which one each input entry is, and how often. NaN equals NaN and comes
// last.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "operator.hpp"

namespace tenon::reference {
namespace {

template <class T>
bool less(T a, T b) {
  if constexpr (kit::is_complex<T>) {
    return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
  } else if constexpr (kit::is_float<T>) {
    const double x = kit::widen(a), y = kit::widen(b);
    return x < y || (x == x && y != y);
  } else {
    return a < b;
  }
}

// Entries of an axis: entry i has the elements (o * n + i) * inner + k for every o and k.
struct Entries {
  int64_t n, outer, inner;
};

template <class T>
int compare_entries(const Entries& e, const T* x, int64_t a, int64_t b) {
  for (int64_t o = 0; o < e.outer; ++o) {
    for (int64_t k = 0; k < e.inner; ++k) {
      const T p = x[(o * e.n + a) * e.inner + k], q = x[(o * e.n + b) * e.inner + k];
      if (less(p, q)) return -1;
      if (less(q, p)) return 1;
    }
  }
  return 0;
}

struct Groups {
  std::vector<int64_t> first, of, count;  // first entry of each group; each entry's group; entries of each group
};

template <class T>
Groups group(const Entries& e, const T* x, bool sorted) {
  std::vector<int64_t> order(static_cast<size_t>(e.n));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::stable_sort(order, [&](int64_t a, int64_t b) { return compare_entries(e, x, a, b) < 0; });
  std::vector<std::vector<int64_t>> groups;
  for (const int64_t i : order) {
    if (groups.empty() || compare_entries(e, x, groups.back()[0], i) != 0) groups.emplace_back();
    groups.back().push_back(i);
  }
  if (!sorted) std::ranges::sort(groups, {}, [](const auto& g) { return g[0]; });
  Groups out;
  out.of.resize(order.size());
  for (size_t g = 0; g < groups.size(); ++g) {
    out.first.push_back(groups[g][0]);
    out.count.push_back(static_cast<int64_t>(groups[g].size()));
    for (const int64_t i : groups[g]) out.of[static_cast<size_t>(i)] = static_cast<int64_t>(g);
  }
  return out;
}

void run(Context& c) {
  const Input& x = c.input(0);
  const bool flat = !c.attributes().has("axis");
  Dims dims = flat ? Dims{x.count()} : x.dims();
  const auto axis =
      static_cast<size_t>(flat ? 0 : kit::normal_axis(c.attributes().integer("axis"), x.rank(), "attribute 'axis'"));
  const Entries e{dims[axis], kit::count(DimsView(dims).first(axis)), kit::count(DimsView(dims).subspan(axis + 1))};
  Groups groups;
  kit::dispatch(kit::kAllBasic, x.dtype(),
                [&]<class T>(Tag<T>) { groups = group(e, x.data<T>(), c.attributes().flag("sorted", true)); });
  const auto n = static_cast<int64_t>(groups.first.size());
  dims[axis] = n;
  Output& y = c.output(0, dims);
  const auto bytes = static_cast<size_t>(e.inner * x.element_bytes());
  for (int64_t o = 0; o < e.outer && bytes != 0; ++o) {
    for (int64_t g = 0; g < n; ++g) {
      const auto from = static_cast<size_t>(o * e.n + groups.first[static_cast<size_t>(g)]);
      std::memcpy(y.raw() + static_cast<size_t>(o * n + g) * bytes, x.raw() + from * bytes, bytes);
    }
  }
  const std::vector<int64_t>* lists[] = {&groups.first, &groups.of, &groups.count};
  for (size_t i = 0; i < 3; ++i) {
    if (!c.has_output(i + 1)) continue;
    Output& out = c.output(i + 1, {static_cast<int64_t>(lists[i]->size())});
    std::ranges::copy(*lists[i], out.data<int64_t>());
  }
}

}  // namespace

TENON_OPERATOR(unique){
    .name = "Unique",
    .form = 11,
    .types = {{"T", kit::kAllBasic}},
    .inputs = {"T"},
    .outputs = {"T", "int64?", "int64?", "int64?"},
    .run = run,
};

}  // namespace tenon::reference
