// SPDX-License-Identifier: Apache-2.0
// Operators that providers bring [R15], as core's operator facts see them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/host/provider.hpp"
#include "core/onnx/facts.hpp"

namespace tenon {

// Of an environment or session: made before any import, then immutable; any thread.
class CustomOperators {
 public:
  // In order of preference: when two bring the same operator and version, the first one's counts and the other is
  // logged as a warning.
  explicit CustomOperators(const std::vector<Provider*>& providers);
  // The operator with the largest since_version <= opset, or NULL; lives as long as this object.
  const onnx_facts::CustomOperator* find(std::string_view domain, std::string_view op, uint32_t opset) const;
  // `find` as the function that import and inference take; borrows this object.
  onnx_facts::CustomLookup lookup() const;
  bool empty() const { return operators_.empty(); }
  // "acme::Fft version 1 of provider b: provider a's counts", one for each loser.
  const std::vector<std::string>& conflicts() const { return conflicts_; }

 private:
  std::vector<std::unique_ptr<const onnx_facts::CustomOperator>> operators_;
  std::vector<std::string> conflicts_;
};

}  // namespace tenon
