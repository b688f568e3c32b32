// SPDX-License-Identifier: Apache-2.0
#include "cost.hpp"

#include <algorithm>

#include "kernels/simd.hpp"

namespace tenon::cpu {
namespace {

constexpr double kFlopsPerNs = simd::kLanes == 4 ? 30.0 : 90.0;
constexpr double kBytesPerNs = 12.0;
constexpr double kCallNs = 100.0;

// Elements; dims that are not known count as 1, as does a value that is absent.
double elements(const Value& v) {
  double n = 1;
  if (!v) return n;
  for (const int64_t d : v.dims()) n *= static_cast<double>(std::max<int64_t>(d, 1));
  return n;
}

double flops(const Node& node, const Value& output) {
  const std::string_view op = node.op();
  if (op == "Conv" && node.input(1).rank_known() && node.input(1).rank() > 0)
    return 2 * elements(output) * elements(node.input(1)) /
           static_cast<double>(std::max<int64_t>(1, node.input(1).dims()[0]));
  if (op == "ConvTranspose" && node.input(1).rank_known() && node.input(1).rank() > 0)
    return 2 * elements(node.input(0)) * elements(node.input(1)) /
           static_cast<double>(std::max<int64_t>(1, node.input(1).dims()[0]));
  if ((op == "MatMul" || op == "Gemm") && node.input(0).rank_known() && node.input(0).rank() > 0)
    return 2 * elements(output) * static_cast<double>(std::max<int64_t>(1, node.input(0).dims().back()));
  if ((op == "LSTM" || op == "GRU") && node.input(0).rank_known() && node.input(0).rank() == 3)
    return 2 * static_cast<double>(std::max<int64_t>(1, node.input(0).dims()[0])) *
           (elements(node.input(1)) + elements(node.input(2)));
  return 0;
}

}  // namespace

void estimate(const Node& node, const Value& output, plugin::Claim& claim) {
  double bytes = 0;
  bool known = true;
  const auto add = [&](const Value& v) {
    if (!v) return;
    known = known && v.is_static();
    bytes += elements(v) * static_cast<double>(std::max<int64_t>(1, element_bytes(v.dtype())));
  };
  for (uint32_t i = 0; i < node.ninputs(); ++i) add(node.input(i));
  for (uint32_t i = 0; i < node.noutputs(); ++i) add(node.output(i));
  claim.estimate = known ? TENON_ESTIMATE_MODELLED : TENON_ESTIMATE_GUESS;
  claim.est_ns = static_cast<uint64_t>(kCallNs + std::max(flops(node, output) / kFlopsPerNs, bytes / kBytesPerNs));
}

}  // namespace tenon::cpu
