// SPDX-License-Identifier: Apache-2.0
// tenon_session: a loaded model, ready to run.
#pragma once

#include <tenon/tenon.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/api/env.hpp"
#include "core/api/options.hpp"
#include "core/api/output_pool.hpp"
#include "core/host/custom_operators.hpp"
#include "core/onnx/import.hpp"
#include "core/opt/run_passes.hpp"
#include "core/sched/executor.hpp"
#include "core/sched/report.hpp"

namespace tenon::api {

// Where a model comes from.
struct ModelSource {
  std::string path;  // a file; empty: bytes
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  // keeps bytes alive; NULL: they are copied
  std::string external_folder;        // bytes only
};

// What tenon_io shows; the record's pointers lead into the rest.
struct IoInfo {
  std::string name, type;
  std::vector<int64_t> dims;
  std::vector<std::string> symbols;
  std::vector<tenon_string> symbol_records;
  tenon_io record = {};
};

struct LoadTimes {
  double import_ms = 0, passes_ms = 0, place_ms = 0, total_ms = 0;
};

}  // namespace tenon::api

struct tenon_session {
  explicit tenon_session(tenon_env* owner) : env(owner) {}
  ~tenon_session();
  tenon_session(const tenon_session&) = delete;
  tenon_session& operator=(const tenon_session&) = delete;

  std::atomic<uint32_t> references{1};
  tenon::api::EnvRef env;
  tenon::LoadOptions options;
  tenon::api::ModelSource source;  // for what is printed on demand; bytes only when the caller keeps them
  std::unique_ptr<tenon::CustomOperators> custom;
  tenon::onnx_facts::CustomLookup custom_lookup;  // in it; runs ask it for shapes
  std::shared_ptr<tenon::Model> model;
  std::shared_ptr<tenon::WeightStore> weights;
  std::unique_ptr<tenon::Executor> executor;
  std::vector<std::unique_ptr<tenon::api::IoInfo>> inputs, outputs;
  std::vector<tenon::PassRecord> passes;
  std::vector<std::string> providers;  // ids of those that were asked, in order of preference
  tenon::PlacementReport report;
  tenon::api::LoadTimes times;
  std::shared_ptr<tenon::api::OutputPool> released = std::make_shared<tenon::api::OutputPool>();
  uint64_t weights_in_model = 0;  // bytes of all constants, as dense tensors, when everything was compiled
  uint64_t weights_kept = 0;      // bytes of those that stayed; counted in env->weights
};

namespace tenon::api {

// Reads, optimises, places and compiles. Errors as tenon_session_create documents.
Result<std::unique_ptr<tenon_session>> load_session(tenon_env* env, ModelSource source, const LoadOptions& options);

// A model after its passes, ready to be written for an opset.
struct Optimized {
  std::shared_ptr<Model> model;
  uint64_t nodes_before = 0;  // in all graphs of the model as it was
  std::vector<PassRecord> passes;
  std::map<std::string, uint64_t> expanded;  // by operator: nodes taken apart because the opset has none of the kind
};
// The same without placing anything. stop and deadline_ns: as in Task. CANCELLED, DEADLINE.
Result<Optimized> optimize_model(tenon_env* env, ModelSource source, const LoadOptions& options, uint32_t opset,
                                 const std::atomic<int32_t>* stop, uint64_t deadline_ns);

// Once everything is compiled: forgets the constants that nothing will read again (providers have packed them and do
// without the original [R11], or they were folded), and counts what stays.
void drop_originals(tenon_session* session, const Program& program);

// The model as it was imported. wires: as ImportOptions says; NULL: not asked for.
Result<std::unique_ptr<Model>> import_model(const ModelSource& source, const LoadOptions& options,
                                            const onnx_facts::CustomLookup* custom,
                                            std::vector<NodeWires>* wires = nullptr);

// The same for a session that is there: its model is read again. UNSUPPORTED when its bytes are gone.
Result<std::unique_ptr<Model>> import_again(const tenon_session& session, std::vector<NodeWires>* wires = nullptr);

std::string placement_json(const tenon_session& session);
std::string inspect_json(const tenon_session& session);
// stage: "import" or "optimized". INVALID_MODEL: the model is not the one that the session was made from.
Result<std::string> graph_json(const tenon_session& session, std::string_view stage);
std::string profile_json(const tenon_session& session);
std::string profile_trace(const tenon_session& session);

}  // namespace tenon::api
