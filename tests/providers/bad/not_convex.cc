// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: a claim holds a region that a path leaves and enters again.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  const int32_t code = query(session, graph, sink, status);
  const uint32_t nodes[] = {0, 2};
  if (graph->nnodes > 2) claim(sink, nodes, 2);
  return code;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
