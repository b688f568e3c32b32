// SPDX-License-Identifier: Apache-2.0
// Breaks rule 9: asks for an alignment that is no power of two.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  (void)session;
  (void)status;
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    tenon_value_rule rule{};
    rule.value = node_at(graph, i).outputs[0];
    rule.align = 24;
    if (op_of(graph, node_at(graph, i)) != kNone)
      claim(sink, &i, 1, &rule, 1);
    else
      refuse(sink, i);
  }
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
