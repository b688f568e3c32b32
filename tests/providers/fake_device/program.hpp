// SPDX-License-Identifier: Apache-2.0
// What a region compiles to: a list of steps over dense arrays of floats.
#ifndef TESTS_PROVIDERS_FAKE_DEVICE_PROGRAM_HPP_
#define TESTS_PROVIDERS_FAKE_DEVICE_PROGRAM_HPP_

#include <tenon/provider.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::fake_device {

inline constexpr std::string_view kDomain = "com.tenon.test";
inline constexpr std::string_view kScale3 = "Scale3";
inline constexpr float kScale3Factor = 3.0f;  // default of its attribute `factor`
inline constexpr std::string_view kPositives = "Positives";

enum class Op { add, mul, relu, scale, matmul, nonzero, positives };

/// Whether only the data tells how large the output is.
inline bool makes_open_output(Op op) { return op == Op::nonzero || op == Op::positives; }

struct Step {
  Op op;
  uint32_t a = 0;  // slots
  uint32_t b = 0;
  uint32_t out = 0;
  float factor = 1;
  uint32_t pack = TENON_NO_ID;  // matmul: which packed weight stands for b
};

struct Array {
  std::vector<int64_t> dims;
  std::vector<float> data;
};

/// Dims of a broadcast b; throws TENON_INVALID_TENSOR when they do not fit.
std::vector<int64_t> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b);

/// Dims of the output of one step; those of a matmul are [M,K] x [K,N].
std::vector<int64_t> step_dims(const Step& step, std::span<const int64_t> a, std::span<const int64_t> b);

/// out = step(a, b), with out.dims set by the caller. `packed` is a matmul's weight as [N,K], or NULL; `scratch` holds
/// M*N floats for a matmul. Products are summed in order of k.
void run_step(const Step& step, const Array& a, const Array& b, const float* packed, float* scratch, Array& out);

/// Indices of the elements that are not zero: [rank, n], as ONNX's NonZero.
std::vector<int64_t> nonzero(const Array& a);

/// The elements greater than zero, in order.
std::vector<float> positives(const Array& a);

}  // namespace tenon::fake_device

#endif  // TESTS_PROVIDERS_FAKE_DEVICE_PROGRAM_HPP_
