// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: claims a node that the graph does not have.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  const int32_t code = query(session, graph, sink, status);
  const uint32_t node = graph->nnodes + 1000;
  claim(sink, &node, 1);
  return code;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
