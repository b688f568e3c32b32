// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: says nothing about nodes that it does not take.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  (void)session;
  (void)status;
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    if (op_of(graph, node_at(graph, i)) != kNone) claim(sink, &i, 1);
  }
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
