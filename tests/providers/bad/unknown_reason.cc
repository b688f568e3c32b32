// SPDX-License-Identifier: Apache-2.0
// Breaks rule 6: refuses with a reason that is none.
#include "good.hpp"

using namespace tenon::bad;

static int32_t spoiled_query(tenon_provider_session* session, const tenon_graph* graph, tenon_sink* sink,
                             tenon_status* status) {
  (void)session;
  (void)status;
  for (uint32_t i = 0; i < graph->nnodes; ++i) {
    const tenon_refusal refusal{sizeof(refusal), i, 99, TENON_NO_ID, {"because", 7}};
    host()->refuse(sink, &refusal);
  }
  return TENON_OK;
}

SPOILED_PROVIDER { table.query = spoiled_query; }
