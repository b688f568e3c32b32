// SPDX-License-Identifier: Apache-2.0
// ai.onnx MaxPool, form 8: the largest element of each window, and its index in the whole of X (storage_order 1: with
// the spatial axes counted column-major). Padding never wins; the first of equals does, and NaN.
#include <limits>

#include "pool.hpp"
#include "reduce.hpp"

namespace tenon::reference {
namespace {

constexpr auto kTypes = kit::kFloats + kit::Types<int8_t, uint8_t>{};

int64_t column_major(int64_t flat, DimsView dims) {
  const Dims index = unflatten(flat, dims);
  int64_t out = 0;
  for (size_t i = dims.size(); i-- > 0;) out = out * dims[i] + index[i];
  return out;
}

template <class T>
void pool(const Context& c, const Window& w, const T* x, T* y, int64_t* indices) {
  const int64_t in_plane = kit::count(w.in);
  const int64_t out_plane = kit::count(w.out);
  const bool columns = c.attributes().flag("storage_order");
  c.parallel_for(c.input(0).dim(0) * c.input(0).dim(1), [&](int64_t plane) {
    const T* in = x + plane * in_plane;
    for (int64_t o = 0; o < out_plane; ++o) {
      if (o % 256 == 0) c.check();
      kit::Wide<T> most = least<T>();
      int64_t where = -1;
      for_window(w, unflatten(o, w.out), [&](int64_t i) {
        const kit::Wide<T> v = kit::widen(in[i]);
        if (where < 0 || v > most || (v != v && most == most)) {
          most = v;
          where = i;
        }
      });
      y[plane * out_plane + o] = kit::narrow<T>(most);
      if (indices != nullptr) {
        indices[plane * out_plane + o] = plane * in_plane + (columns && where >= 0 ? column_major(where, w.in) : where);
      }
    }
  });
}

void run(Context& c) {
  const Window w = pool_window(c);
  const Dims dims = pool_dims(c.input(0), w);
  Output& y = c.output(0, dims);
  int64_t* indices = c.has_output(1) ? c.output(1, dims).data<int64_t>() : nullptr;
  kit::dispatch(kTypes, y.dtype(), [&]<class T>(Tag<T>) { pool(c, w, c.input(0).data<T>(), y.data<T>(), indices); });
}

}  // namespace

TENON_OPERATOR(maxpool){
    .name = "MaxPool",
    .form = 8,
    .types = {{"T", kTypes}},
    .inputs = {"T"},
    .outputs = {"T", "int64?"},
    .run = run,
};

}  // namespace tenon::reference
