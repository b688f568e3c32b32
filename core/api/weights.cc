// SPDX-License-Identifier: Apache-2.0
// What stays of a model's weights once everything is compiled.
#include <algorithm>
#include <atomic>
#include <vector>

#include "core/api/session.hpp"

namespace tenon::api {
namespace {

// Inference for new shapes looks at the contents of smaller ones, and they cost next to nothing.
constexpr uint64_t kSmallElements = 4096;

uint64_t bytes_of(const Model& model) {
  uint64_t bytes = 0;
  for (const ConstantPtr& constant : model.constants) {
    bytes += constant == nullptr ? 0 : constant->bytes;
  }
  return bytes;
}

class Originals {
 public:
  explicit Originals(tenon_session* session) : session_(*session), model_(*session->model) {}

  void drop_unneeded(const Program& program) {
    for (const ConstantPtr& constant : model_.constants) {
      session_.weights_in_model += constant == nullptr ? 0 : constant->full_bytes();
    }
    session_.weights->set_limits(nullptr, kMaxSpreadBytes);
    session_.weights->drop_unneeded(nullptr);
    needed_.assign(model_.constants.size(), false);
    mark(program);
    for (ConstantId id = 0; id < model_.constants.size(); ++id) {
      if (!needed_[id]) {
        model_.constants[id].reset();
      }
    }
    session_.weights_kept = bytes_of(model_);
    session_.env->weights.fetch_add(session_.weights_kept, std::memory_order_relaxed);
  }

 private:
  void mark(const Program& program) {
    const Graph& graph = *program.graph;
    for (ValueId id = 0; id < graph.values.size(); ++id) {
      const Value& value = graph.values[id];
      if (value.live && graph.constant_of(id) != nullptr) {
        needed_[value.constant] = needed_[value.constant] || needs(program, id);
      }
    }
    for (const auto& body : program.bodies) {
      mark(*body);
    }
  }

  // Kept for regions or core; small; an output; or read by a node that decides shapes.
  bool needs(const Program& program, ValueId id) const {
    const Value& value = program.graph->values[id];
    const auto decides_shapes = [&](NodeId user) { return program.shapes->in_slice(user); };
    return session_.weights->constant(value.constant) != nullptr ||
           model_.constants[value.constant]->elements() <= kSmallElements || program.graph->is_graph_output(id) ||
           std::any_of(value.users.begin(), value.users.end(), decides_shapes);
  }

  tenon_session& session_;
  Model& model_;
  std::vector<bool> needed_;  // by ConstantId
};

}  // namespace

void drop_originals(tenon_session* session, const Program& program) { Originals(session).drop_unneeded(program); }

}  // namespace tenon::api

tenon_session::~tenon_session() {
  env->weights.fetch_sub(weights_kept, std::memory_order_relaxed);
  released->clear();  // values that are still out free their memory themselves
}
