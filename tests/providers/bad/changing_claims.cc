// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: takes every other query's nodes only.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  static int turn = 0;
  if (++turn % 2 == 1) return query(session, graph, sink, status);
  for (uint32_t i = 0; i < graph->nnodes; ++i) refuse(sink, i);
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
