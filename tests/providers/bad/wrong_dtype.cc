// SPDX-License-Identifier: Apache-2.0
// Breaks rule 17: claims Add of int32 and adds the bits as floats.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    const tenon_node& node = node_at(graph, i);
    const bool integers = node.op.len == 3 && node.op.data[0] == 'A' && node.domain.len == 7 && node.form == 7 &&
                          value_at(graph, node.inputs[0]).dtype == TENON_INT32;
    if (integers) {
      const int32_t code = claim(sink, &i, 1);
      if (code != TENON_OK) return code;
    }
  }
  return query(session, graph, sink, status);
}

static int32_t spoiled_compile(tenon_provider_session* session, const tenon_region* region, tenon_task* task,
                               tenon_exec** out, tenon_exec_info* info, tenon_status* status) {
  const int32_t code = compile(session, region, task, out, info, status);
  if (code == TENON_OK && (*out)->op == kNone) (*out)->op = kAdd;
  return code;
}

SPOILED_PROVIDER {
  table.query = spoiled_query;
  table.compile = spoiled_compile;
}
