// SPDX-License-Identifier: Apache-2.0
// The IR's text form: for golden tests, reports and debugging. Printing what was parsed gives the same text.
//
//   tenon-ir 1
//   ir_version 8
//   producer "pytorch" "2.1"
//   opset ai.onnx 17
//   metadata "key" "value"
//   graph "g" (%x: float32[N, 3], %k: int64[] default int64[] {3}) {
//     %w: float32[3] = const float32[3] {1, 0.5, nan:7fc00000}
//     %big: float32[512, 512] = const float32[512, 512] hash 0123456789abcdef0123456789abcdef
//     %zero: float32[4, 4] = const float32[4, 4] splat {0}
//     %y: float32[N, 3] = ai.onnx::Add@7 "Add_0" (%x, %w)
//     %a: int64[?], _ = ai.onnx::TopK@11 (%x, %k) axis = -1, mode = "s", scales = f[1, 2], value = int64[1] {1}
//     %r = ai.onnx::If@25 (%c) then_branch = graph "t" () captures (%y -> %y_in: float32[N, 3]) {
//       return %y_in
//     }
//     return %y
//   }
//
// "_" is an absent optional, "%\"any text\"" a name with other characters, "?" a dim without a symbol, "[*]" an unknown
// rank. A value without ": type" has no known type. Form 0 is not printed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/hash.hpp"
#include "core/base/status.hpp"
#include "core/ir/graph.hpp"

namespace tenon {

struct TextOptions {
  uint64_t max_elements = 16;  // constants with more are printed by hash
  bool node_names = true;
  bool types = true;           // of computed values; graph inputs always have theirs
  bool shape_classes = false;  // "!symbolic" after a type
  bool origins = false;        // "origin ..." lines and "from [..]" on nodes
};

std::string to_text(const Model& model, const TextOptions& options = {});
std::string to_text(const Graph& graph, const TextOptions& options = {});
std::string to_text(const Type& type, const Model& model);
std::string to_text(const Constant& constant, uint64_t max_elements = 16);

// Finds the constant that was printed by its hash (of the bytes: hash_bytes), or NULL.
using ConstantLookup = std::function<ConstantPtr(const Hash128&, Dtype, const std::vector<int64_t>&)>;

// Reads the text form; the result keeps the invariants (verified). INVALID_ARGUMENT names line, got and expected, also
// when a constant stands there by hash and `lookup` does not know it. Nesting is at most 64.
Result<std::unique_ptr<Model>> model_from_text(std::string_view text, const ConstantLookup& lookup = {});

}  // namespace tenon
