// SPDX-License-Identifier: Apache-2.0
// The driver of the passes (core/opt/passes.def).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/status.hpp"
#include "core/ir/graph.hpp"
#include "core/opt/services.hpp"

namespace tenon {

// exact: same bits for every input, NaN, infinities and -0 included. rounding: the same real function.
enum class PassClass : uint8_t { exact, rounding };

struct PassOptions {
  // Comma-separated, read from left to right: "all" (default), "exact", "none", a pass's name, or "-name" to leave one
  // out: "all,-raise_gelu", "none,dead_code". An unknown name is TENON_OPTION and names the nearest.
  std::string passes = "all";
  uint64_t fold_limit = 16u << 20;  // bytes of one folded value
  uint32_t max_nodes = 2'000'000;   // of all graphs after a pass; LIMIT beyond
  uint32_t rounds = 4;              // at most
#ifdef NDEBUG
  bool verify = false;  // the IR after every pass
#else
  bool verify = true;
#endif
};

struct PassRecord {
  std::string_view name;  // static
  PassClass kind = PassClass::exact;
  uint32_t runs = 0;
  uint64_t changes = 0;
  uint64_t nanoseconds = 0;
};

struct PassInfo {
  std::string_view name;  // static
  PassClass kind;
  std::string_view text;  // one sentence
};
// In the order in which they run.
const std::vector<PassInfo>& all_passes();

// `passes` as in PassOptions without those of class rounding.
std::string only_exact(std::string passes);

// Runs the passes that options name over the model until nothing changes. infer_model must have run; types are kept.
// `report` may be NULL; one record for each pass that ran. Model::origins tell afterwards what became of each node.
Status run_passes(Model* model, const PassOptions& options, const PassServices& services,
                  std::vector<PassRecord>* report = nullptr);

}  // namespace tenon
