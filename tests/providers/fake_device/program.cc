// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <algorithm>
#include <iterator>

namespace tenon::fake_device {

using plugin::element_count;
using plugin::require;

std::vector<int64_t> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b) {
  std::vector<int64_t> out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {  // i counts axes from the last one
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    require(x == y || x == 1 || y == 1, TENON_INVALID_TENSOR, "dims ", a, " and ", b, " do not broadcast");
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

std::vector<int64_t> step_dims(const Step& step, std::span<const int64_t> a, std::span<const int64_t> b) {
  switch (step.op) {
    case Op::add:
    case Op::mul:
      return broadcast_dims(a, b);
    case Op::relu:
    case Op::scale:
      return {a.begin(), a.end()};
    case Op::matmul:
      require(a.size() == 2 && b.size() == 2 && a[1] == b[0], TENON_INVALID_TENSOR, "MatMul of dims ", a, " and ", b);
      return {a[0], b[1]};
    case Op::positives:
      return {TENON_UNKNOWN_DIM};
    case Op::nonzero:
      break;
  }
  return {static_cast<int64_t>(a.size()), TENON_UNKNOWN_DIM};
}

namespace {

/// Dense index of the element of `x` that meets element i of `dims`.
int64_t broadcast_index(int64_t i, std::span<const int64_t> dims, std::span<const int64_t> x) {
  int64_t at = 0;
  int64_t stride = 1;
  for (size_t k = 0; k < x.size(); ++k) {
    const int64_t dim = dims[dims.size() - 1 - k];
    const int64_t own = x[x.size() - 1 - k];
    if (own != 1) at += i % dim * stride;
    stride *= own;
    i /= dim;
  }
  return at;
}

void run_matmul(const Array& a, const Array& b, const float* packed, float* scratch, Array& out) {
  const int64_t m = out.dims[0];
  const int64_t n = out.dims[1];
  const int64_t k = a.dims[1];
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      float sum = 0;
      for (int64_t l = 0; l < k; ++l) {
        const float weight = packed != nullptr ? packed[j * k + l] : b.data[static_cast<size_t>(l * n + j)];
        sum += a.data[static_cast<size_t>(i * k + l)] * weight;
      }
      scratch[i * n + j] = sum;
    }
  }
  std::copy(scratch, scratch + m * n, out.data.begin());
}

}  // namespace

void run_step(const Step& step, const Array& a, const Array& b, const float* packed, float* scratch, Array& out) {
  const int64_t n = element_count(out.dims);
  out.data.resize(static_cast<size_t>(n));
  if (step.op == Op::matmul) return run_matmul(a, b, packed, scratch, out);
  for (int64_t i = 0; i < n; ++i) {
    float& y = out.data[static_cast<size_t>(i)];
    if (step.op == Op::relu || step.op == Op::scale) {
      const float x = a.data[static_cast<size_t>(i)];
      y = step.op == Op::scale ? x * step.factor : x < 0 ? 0.0f : x;  // NaN stays NaN
      continue;
    }
    const float p = a.data[static_cast<size_t>(broadcast_index(i, out.dims, a.dims))];
    const float q = b.data[static_cast<size_t>(broadcast_index(i, out.dims, b.dims))];
    y = step.op == Op::add ? p + q : p * q;
  }
}

std::vector<float> positives(const Array& a) {
  std::vector<float> found;
  std::copy_if(a.data.begin(), a.data.end(), std::back_inserter(found), [](float x) { return x > 0; });
  return found;
}

std::vector<int64_t> nonzero(const Array& a) {
  std::vector<int64_t> found;
  for (size_t i = 0; i < a.data.size(); ++i) {
    if (a.data[i] != 0) found.push_back(static_cast<int64_t>(i));
  }
  std::vector<int64_t> out(a.dims.size() * found.size());
  for (size_t j = 0; j < found.size(); ++j) {
    int64_t rest = found[j];
    for (size_t axis = a.dims.size(); axis-- > 0;) {
      out[axis * found.size() + j] = rest % a.dims[axis];
      rest /= a.dims[axis];
    }
  }
  return out;
}

}  // namespace tenon::fake_device
