// SPDX-License-Identifier: Apache-2.0
// Breaks rule 17: claims its operators in every form.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  (void)session;
  (void)status;
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    tenon_node node = node_at(graph, i);
    if (node.form > 1000) node.form = 7;
    if (op_of(graph, node) != kNone)
      claim(sink, &i, 1);
    else
      refuse(sink, i);
  }
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
