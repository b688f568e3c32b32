// SPDX-License-Identifier: Apache-2.0
// Running one node on constants through a provider: folding at load, and trying a provider without an executor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/memory.hpp"
#include "core/base/status.hpp"
#include "core/base/thread_pool.hpp"
#include "core/host/provider.hpp"
#include "core/ir/graph.hpp"
#include "core/opt/services.hpp"

namespace tenon {

// One provider session that takes nodes one at a time. One thread at a time.
class NodeRunner {
 public:
  // `task` must outlive the runner; NULL: the calling thread alone.
  static Result<std::unique_ptr<NodeRunner>> create(Provider& provider, const OptionList& options, Task* task);

  // Queries, compiles, prepares and executes the node on `inputs` (one for each of node.inputs, NULL where absent).
  // `types`: of the outputs; dtypes known, dims perhaps not. Results are dense, in host memory, one for each of
  // node.outputs, NULL where absent. UNSUPPORTED with the provider's reason when it refuses; LIMIT when an output would
  // take more than max_bytes; RUN and others from the operator itself.
  Result<std::vector<ConstantPtr>> run(const Node& node, std::span<const ConstantPtr> inputs,
                                       std::span<const Type> types, uint64_t max_bytes);

 private:
  NodeRunner(Provider& provider, OptionList options, Task* task)
      : provider_(provider), options_(std::move(options)), task_(task) {}
  Status open_session();
  Result<std::vector<ConstantPtr>> run_once(const Node& node, std::span<const ConstantPtr> inputs,
                                            std::span<const Type> types, uint64_t max_bytes);

  Provider& provider_;
  OptionList options_;
  Task* task_;
  std::shared_ptr<WeightStore> weights_;
  std::shared_ptr<ProviderSession> session_;
  size_t used_ids_ = 0;  // that the session has seen as constants: each of them stands for one constant only
};

// Folds by the first of `providers` that takes the node.
class ProviderFolder : public Folder {
 public:
  // `providers`: those with the role "fold", borrowed. `task` as above.
  ProviderFolder(std::vector<Provider*> providers, Task* task) : providers_(std::move(providers)), task_(task) {}
  Result<Folded> fold(const Graph& graph, const Node& node, std::span<const ConstantPtr> inputs,
                      std::span<const Type> types, uint64_t max_bytes) override;

 private:
  std::vector<Provider*> providers_;
  std::vector<std::unique_ptr<NodeRunner>> runners_;  // made on first use, one for each of providers_
  Task* task_;
};

}  // namespace tenon
