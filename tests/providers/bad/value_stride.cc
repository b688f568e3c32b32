// SPDX-License-Identifier: Apache-2.0
// Breaks rule 1: walks the graph's values by its own size of the record.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  tenon_graph narrow = *graph;
  narrow.value_stride = sizeof(tenon_graph_value);
  return query(session, &narrow, sink, status);
}

SPOILED_PROVIDER { table.query = spoiled_query; }
