// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: a claim holds one node twice.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  const int32_t code = query(session, graph, sink, status);
  const uint32_t nodes[] = {0, 0};
  if (graph->nnodes != 0 && op_of(graph, node_at(graph, 0)) != kNone) claim(sink, nodes, 2);
  return code;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
